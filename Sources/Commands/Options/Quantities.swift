import ArgumentParser
import Plan

/// A length of time as pipeline files have it: 24h, 7d, 90s, 250ms.
struct TimeSpan: ExpressibleByArgument {
    var milliseconds: Int64

    init?(argument: String) {
        guard let microseconds = Plan.duration(argument) else { return nil }
        milliseconds = microseconds / 1000
    }
}

/// A number of bytes as people write it: 65536, 512MB (powers of 1000), 1GiB (powers of 1024).
struct ByteSize: ExpressibleByArgument {
    var bytes: Int

    private static let units: [(String, Int)] = [
        ("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30), ("TIB", 1 << 40), ("KB", 1000), ("MB", 1_000_000),
        ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("", 1),
    ]

    init?(argument: String) {
        let text = argument.uppercased()
        guard let (unit, factor) = Self.units.first(where: { text.hasSuffix($0.0) }),
            let count = Int(text.dropLast(unit.count)), count >= 0
        else { return nil }
        let (product, overflows) = count.multipliedReportingOverflow(by: factor)
        guard !overflows else { return nil }
        bytes = product
    }
}
