public import Engine
public import Plan
public import Tables

/// The features of accepted events as a table: one row an event, in the order of arrival.
public final class FeatureTable {
    /// An accepted event: where in the batch, and in its engine, it is.
    private struct Row {
        var row: Int
        var partition: Int
        var index: Int
        var offset: Int64
    }

    /// The columns in front of the features: which event it is, from 0, partition, offset, and event time.
    public static let keyColumns = ["event", "partition", "offset", "time_us"]

    private let names: [String]
    private let table: TableWriter
    /// The number of the batch's first event.
    private var firstEvent = 0
    private var rows: [Row] = []
    /// [partition][feature] of the current batch.
    private var lanes: [[UnsafePointer<Double>]] = []
    /// What the events became.
    public private(set) var ledger = Ledger()

    /// Refuses a plan with a feature that is named as one of the key columns.
    ///
    /// - Throws: ``LearningError/plan(_:)``
    public static func check(_ plan: PipelinePlan) throws(LearningError) {
        guard let taken = plan.features.map(\.name).first(where: keyColumns.contains) else { return }
        throw .plan("the pipeline \(plan.name) has a feature \"\(taken)\"; the table has a column of that name already")
    }

    /// - Parameters:
    ///   - plan: Whose features.
    ///   - table: With ``keyColumns``, and a number for each feature.
    public init(_ plan: PipelinePlan, into table: TableWriter) {
        names = plan.features.map(\.name)
        self.table = table
    }

    /// Notes the accepted events of a share, and empties the output. With the last share of a batch, its rows are
    /// written: every engine keeps its features until its next batch.
    public func append(_ share: EngineShare, _ output: inout EngineOutput) throws(LearningError) {
        let engine = share.engine
        while lanes.count <= engine.partition { lanes.append([]) }
        lanes[engine.partition] = names.indices.map { engine.feature($0) }
        for index in 0..<engine.acceptedCount {
            rows.append(
                Row(
                    row: engine.row(index),
                    partition: engine.partition,
                    index: index,
                    offset: engine.offset(index)
                )
            )
        }
        ledger += output.ledger
        output.removeAll()
        guard share.isLast else { return }
        if engine.partition > 0 { rows.sort { $0.row < $1.row } }
        try LearningError.tabling { () throws(TableError) in
            for row in rows {
                table.beginRow()
                table.put(firstEvent + row.row)
                table.put(row.partition)
                table.put(Int(row.offset))
                table.put(Int(share.batch.times[row.row]))
                for lane in lanes[row.partition] { table.put(lane[row.index]) }
                try table.endRow()
            }
        }
        rows.removeAll(keepingCapacity: true)
        firstEvent += share.batch.count
    }
}
