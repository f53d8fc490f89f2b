import Base

/// Which days a model learns from and which it is judged on, where a label becomes known some time after its event: as
/// somebody would have had to decide at the time. All times in microseconds.
///
/// Le Borgne, Siblini, Lebichot, Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection", chapter 5.
public struct DelayedSplit: Sendable, Equatable {
    /// Events to learn from, [start, end).
    public var training: Range<Int64>
    /// How long after an event its label is known.
    public var delay: Int64
    /// Events to be judged on, [start, end).
    public var test: Range<Int64>
    /// Minutes east of UTC of the days' midnights.
    public var zoneMinutes: Int

    public static let day: Int64 = 86_400_000_000

    public init(training: Range<Int64>, delay: Int64, test: Range<Int64>, zoneMinutes: Int = 0) {
        self.training = training
        self.delay = delay
        self.test = test
        self.zoneMinutes = zoneMinutes
    }

    /// Whether every label to learn from is known when the test begins.
    public var isPossible: Bool { test.lowerBound >= training.upperBound + delay }

    /// The split itself and earlier ones, each by the length of its test: no event is tested twice (prequential, Dawid
    /// 1984).
    public func folds(_ count: Int) -> [DelayedSplit] {
        (0..<Int64(count)).map { fold in
            let shift = fold * (test.upperBound - test.lowerBound)
            var split = self
            split.training = training.lowerBound - shift..<training.upperBound - shift
            split.test = test.lowerBound - shift..<test.upperBound - shift
            return split
        }
    }

    /// The day of an instant, counted from 1970-01-01 in the split's zone.
    public func day(of time: Int64) -> Int {
        let local = time + Int64(zoneMinutes) * 60_000_000
        return Int((local - (local % Self.day + Self.day) % Self.day) / Self.day)
    }

    /// When a day begins.
    public func start(ofDay day: Int) -> Int64 { Int64(day) * Self.day - Int64(zoneMinutes) * 60_000_000 }

    /// What an event is used for.
    public enum Use: Sendable, Equatable { case training, test }

    /// What an event is used for; nil = nothing but what it tells about its entity.
    public func use(of time: Int64) -> Use? {
        training.contains(time) ? .training : test.contains(time) ? .test : nil
    }

    /// Whether events at this time matter at all, to learn from, to judge on, or to know who is compromised.
    public func matters(_ time: Int64) -> Bool { time >= training.lowerBound && time < test.upperBound }
}

/// Who was known to be compromised, and when: an entity with a fraud since the training began whose label was known
/// when the day began. Its events would not have been accepted, so nothing is to be found in them.
public struct KnownFrauds: Sendable {
    private let split: DelayedSplit
    /// When the first fraud of an entity happened, since the training began.
    private var first: [Text: Int64] = [:]

    public init(_ split: DelayedSplit) {
        self.split = split
    }

    /// Takes a fraud, in any order.
    public mutating func add(_ entity: Text, at time: Int64) {
        guard !entity.isAbsent, time >= split.training.lowerBound else { return }
        first[entity] = min(first[entity] ?? time, time)
    }

    /// Whether the entity was known to be compromised when the day of `time` began.
    public func contains(_ entity: Text, at time: Int64) -> Bool {
        guard let fraud = first[entity] else { return false }
        return fraud < split.start(ofDay: split.day(of: time)) - split.delay
    }
}
