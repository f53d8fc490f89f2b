import Base
import Decode
public import Plan

/// A plan with every kind of field.
public func testPlan() -> PipelinePlan {
    let schema = Schema(fields: [
        Field(name: "id", type: .text, role: .id, isRequired: true),
        Field(name: "at", type: .time, role: .time, isRequired: true),
        Field(name: "actor", type: .text, isRequired: true),
        Field(name: "amount", type: .number, role: .amount, isRequired: true, minimum: 0),
        Field(name: "ok", type: .bool),
        Field(name: "zip", path: "address.zip", type: .text),
        Field(name: "address", type: .json),
        Field(name: "names", path: "items[].name", type: .text),
        Field(name: "prices", path: "items[].price", type: .number),
        Field(name: "truth", type: .text, role: .label),
    ])
    var plan = PipelinePlan(name: "test", schema: schema)
    plan.entities = [Entity(name: "who", key: [.field(2, .text)])]
    plan.disorder = 10_000_000
    plan.aggregates = [
        Aggregate(window: Window(entity: 0, kind: .session(gap: 60_000_000)), function: .count),
        Aggregate(
            window: Window(entity: 0, kind: .session(gap: 60_000_000)),
            function: .sum,
            argument: .field(3, .number)
        ),
    ]
    plan.features = [Feature(name: "n", expression: .aggregate(0)), Feature(name: "sum", expression: .aggregate(1))]
    plan.detectors = [
        Detector(
            name: "three",
            kind: .rule(condition: .binary(.greaterOrEqual, .feature(0, .number), .number(3)), score: 0.8),
            entity: 0,
            sessionGap: 60_000_000
        )
    ]
    return plan
}

/// The events of lines, decoded into one batch.
public func decode(_ lines: [String], plan: PipelinePlan = testPlan()) -> ColumnBatch {
    let batch = ColumnBatch(schema: plan.schema, capacity: max(1, lines.count))
    let decoder = EventDecoder(plan: plan)
    for line in lines { Array(line.utf8).withUnsafeBufferPointer { decoder.decode($0, into: batch) } }
    return batch
}
