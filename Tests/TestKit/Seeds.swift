import Foundation

/// The seeds of a property's test: as many as it names, or a part of them.
///
/// `PATTERNALARM_SEED_SHARE=20` takes a twentieth of them: for code that a sanitizer slows down.
public enum Seeds {
    /// One in so many cases is to be tried.
    public static let share =
        ProcessInfo.processInfo.environment["PATTERNALARM_SEED_SHARE"].flatMap { Int($0) }.map { max(1, $0) } ?? 1

    /// 1 to `count`, or to the part of it that was asked for, but at least 1 and 2.
    public static func upTo(_ count: UInt64) -> ClosedRange<UInt64> { 1...max(2, count / UInt64(share)) }
}
