import Base
import Decode
import Engine
public import Models
public import Plan
import Synchronization

/// What a model says of one actor, as of the last of some events.
public struct Prediction: Sendable {
    public var model: String
    /// The most probable kind of fraud if the score reaches the detector's threshold, else the class that is not fraud.
    public var type: String
    public var isFraud: Bool
    public var score: Double
    public var severity: String
    /// The probability of ``type``.
    public var confidence: Double
    public var probabilities: [(name: String, probability: Double)]
    /// Events that count: without repeated ones.
    public var eventCount: Int
    /// Of the field with role amount; nil in a pipeline without one.
    public var amount: Double?
    /// Event time from the first to the last event, microseconds.
    public var span: Int64
    /// The model's features as of the last event, in the model's order: what ``Predictor/explain(_:)`` asks for.
    public var features: [Double]
}

/// Why nothing can be said.
public enum PredictionError: Error, Sendable, Equatable {
    /// The pipeline has no detector with a model.
    case noModel
    case noEvents
    /// Events that the schema refuses, or that no score can be computed of.
    case events([EventFault])

    public struct EventFault: Sendable, Equatable {
        /// Which event, in the order in which they were given.
        public var index: Int
        /// The schema's field.
        public var field: String?
        public var reason: String

        public init(index: Int, field: String? = nil, reason: String) {
            self.index = index
            self.field = field
            self.reason = reason
        }
    }
}

/// Scores an actor's events apart from the stream, with what scores the stream: the same decoder, plan, windows and
/// model (C6). Nothing of one call is left for the next one. For any number of threads.
public final class Predictor: Sendable {
    private let plan: PipelinePlan
    private let detector: Int
    private let threshold: Double
    public let binding: ModelBinding
    private let stations = Mutex<[Station]>([])

    /// Events that are processed together.
    static let capacity = 64
    /// Stations that are kept for the next calls.
    private static let idleMax = 16
    private static let faultsMax = 100

    /// An engine with what it needs; used by one call at a time.
    private final class Station: @unchecked Sendable {
        let engine: PartitionEngine
        let decoder: EventDecoder
        let batch: ColumnBatch
        var output = EngineOutput(partition: 0)

        init(_ plan: PipelinePlan, _ bindings: [Int: ModelBinding]) throws(EngineError) {
            engine = try PartitionEngine(
                plan: plan,
                models: bindings,
                partition: 0,
                capacity: Predictor.capacity,
                raisesAlerts: false
            )
            decoder = EventDecoder(plan: plan)
            batch = ColumnBatch(schema: plan.schema, capacity: Predictor.capacity)
        }
    }

    /// Takes the first detector that has a model.
    ///
    /// - Throws: ``PredictionError/noModel``
    public init(plan: PipelinePlan, bindings: [Int: ModelBinding]) throws(PredictionError) {
        var plan = plan
        // Nobody else's events are there to move the clock on: one that comes long after the others is not ahead of it.
        plan.maximumAhead = nil
        let found = plan.detectors.indices.lazy.compactMap { index -> (Int, Double, ModelBinding)? in
            guard case .model(_, let threshold, _) = plan.detectors[index].kind, let binding = bindings[index] else {
                return nil
            }
            return (index, threshold, binding)
        }.first
        guard let found else { throw .noModel }
        (detector, threshold, binding) = found
        // Other detectors say nothing here.
        plan.detectors = [plan.detectors[detector]]
        self.plan = plan
        do throws(EngineError) { try give(back: Station(plan, [0: binding])) } catch { throw .noModel }
    }

    /// - Parameter events: The actor's events as JSON objects, in any order.
    /// - Returns: What the model says as of the latest of them; of several of the same time, the last one given.
    /// - Throws: ``PredictionError``
    public func predict(_ events: [ArraySlice<UInt8>]) throws(PredictionError) -> Prediction {
        guard !events.isEmpty else { throw .noEvents }
        let station = try take()
        station.engine.reset()
        defer { give(back: station) }
        let order = try sorted(events, station)
        var run = Run()
        for start in stride(from: 0, to: order.count, by: Self.capacity) {
            let piece = order[start..<min(start + Self.capacity, order.count)]
            // What was decoded for its time is there already if it is in order and fits.
            if start > 0 || order.count > Self.capacity || !isAscending(order) {
                decode(piece.lazy.map { events[$0] }, station)
            }
            try process(piece, from: start, station, &run)
        }
        guard let prediction = run.prediction else { throw .noEvents }
        return prediction
    }

    /// The features that moved each prediction's score most, the largest part first. Many together cost little more
    /// than one.
    public func explain(_ predictions: [Prediction]) -> [[Reason]] { binding.reasons(of: predictions.map(\.features)) }

    private func isAscending(_ order: [Int]) -> Bool { zip(order, order.indices).allSatisfy { $0 == $1 } }

    // MARK: - Stations

    private func take() throws(PredictionError) -> Station {
        if let known = stations.withLock({ $0.popLast() }) { return known }
        do throws(EngineError) { return try Station(plan, [0: binding]) } catch { throw .noModel }
    }

    private func give(back station: Station) {
        stations.withLock { if $0.count < Self.idleMax { $0.append(station) } }
    }

    // MARK: - One call

    /// What is known so far.
    private struct Run {
        var count = 0
        var amount = 0.0
        var key: Text?
        var first: Int64 = 0
        var prediction: Prediction?
    }

    private func decode(_ events: some Sequence<ArraySlice<UInt8>>, _ station: Station) {
        station.batch.removeAll()
        for event in events { event.withUnsafeBufferPointer { station.decoder.decode($0, into: station.batch) } }
    }

    /// The positions of the events in the order of their times.
    private func sorted(_ events: [ArraySlice<UInt8>], _ station: Station) throws(PredictionError) -> [Int] {
        var times: [Int64] = []
        times.reserveCapacity(events.count)
        var faults: [PredictionError.EventFault] = []
        for start in stride(from: 0, to: events.count, by: Self.capacity) {
            decode(events[start..<min(start + Self.capacity, events.count)], station)
            for row in 0..<station.batch.count {
                times.append(station.batch.times[row])
                let status = Int(station.batch.status[row])
                guard status > 0, faults.count < Self.faultsMax else { continue }
                let rejection = station.batch.rejections[status - 1]
                faults.append(.init(index: start + row, field: rejection.field, reason: rejection.reason))
            }
        }
        guard faults.isEmpty else { throw .events(faults) }
        let order = Array(events.indices)
        guard zip(times, times.dropFirst()).contains(where: { $0 > $1 }) else { return order }
        return order.sorted { (times[$0], $0) < (times[$1], $1) }
    }

    /// Takes the decoded events of a piece; `piece` says which ones they are.
    private func process(
        _ piece: ArraySlice<Int>,
        from offset: Int,
        _ station: Station,
        _ run: inout Run
    ) throws(PredictionError) {
        let (engine, batch) = (station.engine, station.batch)
        let rows = (0..<Int32(batch.count)).map { $0 }
        rows.withUnsafeBufferPointer { rows in
            engine.process(
                batch,
                rows: rows,
                baseOffset: LogOffset(Int64(offset)),
                emits: false,
                into: &station.output
            )
        }
        let amounts = plan.schema.index(ofRole: .amount).flatMap { batch.columns[$0].numbers }
        let entity = plan.detectors[0].entity
        for index in 0..<engine.acceptedCount {
            let row = engine.row(index)
            let key = engine.key(entity, of: index)
            let given = piece[piece.startIndex + row]
            let name = plan.entities[entity].name
            guard !key.isAbsent else {
                throw .events([.init(index: given, field: nil, reason: "does not say of which \(name) it is")])
            }
            if let known = run.key, known != key {
                throw .events([.init(index: given, field: nil, reason: "is of another \(name) than those before it")])
            }
            if run.key == nil { run.first = batch.times[row] }
            run.key = key
            run.count += 1
            if let amount = amounts?[row], !amount.isNaN { run.amount += amount }
        }
        guard engine.acceptedCount > 0 else { return }
        let last = engine.acceptedCount - 1
        run.prediction = prediction(engine, of: last, run, at: batch.times[engine.row(last)])
    }

    private func prediction(_ engine: PartitionEngine, of event: Int, _ run: Run, at time: Int64) -> Prediction? {
        guard let results = engine.probabilities(detector: 0, of: event),
            let score = engine.score(detector: 0, of: event), !score.isNaN,
            let kind = engine.fraudClass(detector: 0, of: event)
        else { return nil }
        let isFraud = score >= threshold
        let meaning = binding.meaning
        let probabilities = meaning.probabilities(results)
        let type = isFraud ? kind : meaning.classNames[meaning.negativeClass]
        return Prediction(
            model: binding.id,
            type: type,
            isFraud: isFraud,
            score: score,
            severity: plan.severities.severity(of: score),
            confidence: probabilities.first { $0.name == type }?.probability ?? (isFraud ? score : 1 - score),
            probabilities: probabilities,
            eventCount: run.count,
            amount: plan.schema.index(ofRole: .amount).map { _ in run.amount },
            span: time - run.first,
            features: binding.features.map { engine.feature($0, of: event) }
        )
    }
}
