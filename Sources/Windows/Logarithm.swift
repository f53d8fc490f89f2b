#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The natural logarithm of a positive number.
func naturalLogarithm(_ value: Double) -> Double { log(value) }
