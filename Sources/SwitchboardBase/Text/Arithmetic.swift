import Glibc

// What drawings need of the mathematics library.

/// The power of ten.
package func power(ofTen exponent: Double) -> Double { pow(10, exponent) }

/// The decimal logarithm.
package func decimalLogarithm(_ value: Double) -> Double { log10(value) }

/// The sine of an angle in radians.
package func sine(_ angle: Double) -> Double { sin(angle) }
