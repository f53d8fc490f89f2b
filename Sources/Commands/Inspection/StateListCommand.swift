import ArgumentParser
import Base
import Bytes
import Console
import Engine
import FileStore
import Partition
import Plan
import Runtime
import Upkeep

/// `state ls`
struct StateListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the keys that are held, or the events that are held for one key.",
        discussion: """
            The state is made from the newest checkpoint and the log behind it, as of the log's end or an earlier moment; \
            nothing is changed, and a replay may be running. A key of more than 15 bytes is held as its hash: ask for it \
            with --key.

              patternalarm state ls --entity actor --limit 20
              patternalarm state ls --key A482913
              patternalarm state ls --key A482913 --until 2026-03-02T08:30:00Z \\
                --from-checkpoint none
            """
    )

    @OptionGroup var place: DataPlace

    @OptionGroup var engine: PlanOptions

    @Option(help: "Entity; all of them otherwise.")
    var entity: String?

    @Option(help: "Key of the entity: its events, one a row.")
    var key: String?

    @Option(help: "As of the first event stamped at or after this time (ISO 8601).")
    var until: String?

    @Option(help: "As of this offset of each partition.")
    var offset: Int64?

    @Option(help: "Checkpoint to start from: newest, none, or the newest at or before this offset.")
    var fromCheckpoint: CheckpointChoice = .newest

    @Option(help: "Rows at most.")
    var limit = 1000

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func run() throws {
        let time = try until.map { try ReplayCommand.time($0, "--until") }
        try CommandError.reporting { () throws(CommandError) in try list(until: time) }
    }

    private func list(until: Int64?) throws(CommandError) {
        let store = try place.store()
        let recomputation = try Recomputation(
            engine,
            over: place.dataDir,
            store: store,
            bar: ProgressBar("", isQuiet: true)
        ) { Output.talk($0) }
        // A name that is wrong is told before anything is read.
        _ = try chosen(recomputation.plan)
        var listing = Listing(
            columns: key == nil
                ? ["partition", "entity", "key", "events", "first", "last"]
                : ["partition", "entity", "key", "offset", "time", "event"],
            rows: []
        )
        for partition in 0..<recomputation.plan.partitionCount {
            let view = try CommandError.running { () throws(UpkeepError) in try recomputation.view(of: partition) }
            do throws(RunnerError) {
                let bound: Int64? =
                    switch fromCheckpoint {
                    case .newest: until == nil ? offset ?? .max : nil
                    case .notAfter(let limit): min(limit, offset ?? .max)
                    case .none: nil
                    }
                // With a time to stop at, only the log from the start tells where that is.
                if let bound { for note in try view.restore(upTo: bound) { Output.talk(note) } }
                try view.advance(to: offset ?? .max, before: until)
            } catch {
                throw CommandError(error)
            }
            // As of an offset, other definitions may have been in force.
            let plan = view.definitions.plan
            for entity in try chosen(plan) {
                do throws(RunnerError) { try add(view, plan, entity, store, to: &listing) } catch {
                    throw CommandError(error)
                }
            }
        }
        if listing.rows.count > limit {
            Output.talk("\(grouped(listing.rows.count)) rows; the first \(limit) are shown (--limit)")
            listing.rows.removeLast(listing.rows.count - limit)
        }
        listing.write(as: format)
    }

    private func chosen(_ plan: PipelinePlan) throws(CommandError) -> [Int] {
        guard let entity else { return Array(plan.entities.indices) }
        if let index = plan.entities.firstIndex(where: { $0.name == entity }) { return [index] }
        let names = plan.entities.map(\.name)
        let hint = closestName(to: entity, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        throw .usage("there is no entity \"\(entity)\" (\(names.joined(separator: ", ")))\(hint)")
    }

    private func add(
        _ view: PartitionView,
        _ plan: PipelinePlan,
        _ entity: Int,
        _ store: DiskStore,
        to listing: inout Listing
    ) throws(RunnerError) {
        let name = plan.entities[entity].name
        func time(_ microseconds: Int64) -> Cell {
            .text(TimeParser.text(milliseconds: EventTime(microseconds: microseconds).milliseconds))
        }
        if let key {
            for event in view.engine.events(entity: entity, key: Text(key)) {
                let value = try view.value(at: event.offset)
                listing.rows.append([
                    .integer(view.partition), .text(name), .text(key), .integer(Int(event.offset)), time(event.time),
                    .text(String(decoding: value, as: UTF8.self)),
                ])
            }
            return
        }
        for held in view.engine.keys(entity: entity) {
            let events = view.engine.events(entity: entity, key: held)
            guard let first = events.first, let last = events.last else { continue }
            listing.rows.append([
                .integer(view.partition), .text(name), .text(held.description), .integer(events.count),
                time(first.time), time(last.time),
            ])
        }
    }
}
