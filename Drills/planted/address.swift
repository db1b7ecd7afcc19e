// A read of memory that was given back, planted. The address sanitizer must find it, or what it says
// of the suites means nothing.
let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 16)
bytes.initialize(repeating: 1, count: 16)
bytes.deallocate()
print(bytes[3])
