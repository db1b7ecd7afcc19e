import Glibc

// What drawings need of the mathematics library.

/// The power of ten.
func power(ofTen exponent: Double) -> Double { pow(10, exponent) }

/// The decimal logarithm.
func decimalLogarithm(_ value: Double) -> Double { log10(value) }

/// The sine of an angle in radians.
func sine(_ angle: Double) -> Double { sin(angle) }
