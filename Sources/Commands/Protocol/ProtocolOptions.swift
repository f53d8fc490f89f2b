import ArgumentParser
import Bytes
import Console
import Evaluation
import Learning
import Plan
import Recordings

/// Days from one to another, both included: 2018-07-25..2018-07-31.
struct DayRange: ExpressibleByArgument {
    private var first: String
    private var last: String

    init?(argument: String) {
        guard let dots = argument.firstRange(of: "..") else { return nil }
        first = String(argument[..<dots.lowerBound])
        last = String(argument[dots.upperBound...])
        guard first.utf8.count == 10, last.utf8.count == 10, !microseconds(zoneMinutes: 0).isEmpty else { return nil }
    }

    /// From the first day's midnight to the one behind the last day, in a zone; empty if they are no days in order.
    func microseconds(zoneMinutes: Int) -> Range<Int64> {
        func midnight(_ day: String) -> Int64? {
            Array(day.utf8).withUnsafeBufferPointer { TimeParser.iso8601($0, zoneMinutes: zoneMinutes) }
        }
        guard let start = midnight(first), let end = midnight(last), start <= end else { return 0..<0 }
        return start..<end + DelayedSplit.day
    }
}

/// A number of events that can be looked at a day: 100/day.
struct DailyCapacity: ExpressibleByArgument {
    var events: Int

    init?(argument: String) {
        let suffix = "/day"
        guard argument.hasSuffix(suffix), let count = Int(argument.dropLast(suffix.count)), count > 0 else {
            return nil
        }
        events = count
    }
}

/// How a model is judged as of the time: on days behind those that it learned from.
struct ProtocolOptions: ParsableArguments {
    @Option(help: "Days to learn from, both included, such as 2018-07-25..2018-07-31.")
    var train: DayRange?

    @Option(help: "How long after an event its label is known, such as 7d (default: the schema's known_after, or 0).")
    var delay: TimeSpan?

    @Option(help: "Days to judge on, such as 2018-08-08..2018-08-14.")
    var test: DayRange?

    @Option(help: "An entity: events of those known to be compromised when the day began are left out of the test.")
    var excludeKnown: String?

    @Option(help: "Card precision: how many entities can be looked at a day.")
    var precisionAt = 100

    @Option(help: "A label field that names the kind of fraud, for the recall of each.")
    var recallBy: String?

    @Option(help: "What it costs to look at an event; with --miss-cost, for the cost curve.")
    var reviewCost: Double?

    @Option(help: "What a fraud costs that nobody looked at: a number, a feature or a number field.")
    var missCost: String?

    @Option(help: "How many events can be looked at, such as 100/day.")
    var capacity: DailyCapacity?

    @Option(help: "An alerts file that notes the run and its figures (tables runs and metrics).")
    var alerts: String?

    @Option(help: "A new CSV file of the judged events: fold, event (as in `export features`), time_us, label, score.")
    var scores: String?

    func validate() throws {
        guard precisionAt > 0 else { throw ValidationError("--precision-at must be at least 1.") }
        guard (reviewCost == nil) == (missCost == nil) else {
            throw ValidationError("--review-cost and --miss-cost belong together.")
        }
        guard capacity == nil || reviewCost != nil else { throw ValidationError("--capacity needs --review-cost.") }
        if let reviewCost, !(reviewCost >= 0) { throw ValidationError("--review-cost must be 0 or more.") }
        guard test != nil || (train == nil && excludeKnown == nil && recallBy == nil && reviewCost == nil) else {
            throw ValidationError("--train, --exclude-known, --recall-by and --review-cost need --test FROM..TO.")
        }
    }

    var settings: JudgingSettings {
        JudgingSettings(
            excludeKnown: excludeKnown,
            precisionAt: precisionAt,
            recallBy: recallBy,
            reviewCost: reviewCost,
            missCost: missCost,
            capacity: capacity?.events
        )
    }

    /// Replays recordings and collects the rows that any of the splits uses.
    func data(
        _ paths: [String],
        _ reading: RecordingReading,
        plan: PipelinePlan,
        rule: LabelRule,
        splits: [DelayedSplit],
        progress: ProgressBar
    ) throws(CommandError) -> ProtocolData {
        var data = try CommandError.running { () throws(LearningError) in
            try ProtocolData(of: plan, rule: rule, splits: splits, settings: settings)
        }
        let run = OfflineRun(plan: plan.featuresOnly, models: [:], reading: reading)
        try run.run(paths, progress: progress) { share, _, output in data.append(share, &output) }
        return data
    }

    /// The days to learn from and to judge on, in the pipeline's zone; nil if none were asked for.
    ///
    /// Without days to learn from, whoever was compromised before the test does not matter.
    func split(_ plan: PipelinePlan) throws(CommandError) -> DelayedSplit? {
        guard let test = test?.microseconds(zoneMinutes: plan.timeZoneMinutes) else { return nil }
        let known = plan.labels.flatMap { plan.schema.fields[$0.field].knownAfter } ?? 0
        let delay = delay.map { $0.milliseconds * 1000 } ?? known
        let training =
            train?.microseconds(zoneMinutes: plan.timeZoneMinutes) ?? test.lowerBound - delay..<test.lowerBound - delay
        let split = DelayedSplit(training: training, delay: delay, test: test, zoneMinutes: plan.timeZoneMinutes)
        guard split.isPossible else {
            throw .usage(
                "--test begins before the labels of --train are known: it must begin --delay behind the end of --train"
            )
        }
        return split
    }
}
