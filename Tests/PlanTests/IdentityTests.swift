import Plan
import TestKit
import Testing

/// The parts of a pipeline file, each of which a test can change.
private struct File {
    var name = "test"
    var fields: Entries = [
        ("id", [("type", "text"), ("role", "id"), ("required", "true")] as Entries),
        ("at", [("type", "time"), ("role", "time"), ("format", "%Y-%m-%d %H:%M")] as Entries),
        ("payer", "text"), ("shop", "text"),
        ("amount", [("type", "number"), ("role", "amount"), ("min", "0")] as Entries),
        ("truth", [("type", "text"), ("role", "label")] as Entries),
    ]
    var schema: Entries = [("time_zone", "+01:00"), ("null_words", ["none", "-"])]
    var time: Entries = [("disorder", "10s"), ("max_ahead", "1h")]
    var duplicates = "10m"
    var entities: Entries = [("who", "payer"), ("pair", ["payer", "shop"])]
    var partition: Entries = [("partition_by", "who"), ("partitions", "2")]
    var features: Entries = [
        ("many", "count(who, 5m, amount > 100)"),
        ("total", "sum(pair, 1h, amount / 2) excluding current"),
        ("night", [("value", "hour(at) < 6"), ("title", "by night")] as Entries),
        ("odd", "shop in [\"a\", \"b\"] or amount % 2 == 1"),
    ]
    var rules: [Entries] = [
        [("name", "burst"), ("when", "many >= 3 and night < 1"), ("entity", "who"), ("session", "10m")],
        [("name", "large"), ("when", "total > 1000"), ("entity", "pair"), ("session", "1h"), ("score", "0.8")],
    ]

    func plan() throws(PlanError) -> PipelinePlan {
        let root: Entries =
            [
                ("name", name), ("schema", schema + [("fields", fields)] as Entries), ("time", time),
                ("duplicates", [("within", duplicates)] as Entries),
                ("entities", entities), ("features", features),
            ] + partition + [("detectors", rules)]
        return try PipelinePlan.parse(configNode(root), file: "p.yaml")
    }

    func identity() throws(PlanError) -> PlanIdentity { try plan().identity }
}

/// What a pipeline and its parts are known by: data directories are kept, or made anew, by it.
@Suite struct IdentityTests {
    /// As they were first written. A change here is a change for every user: their alerts and checkpoints are made anew.
    @Test func hashesAreWhatTheyWere() throws {
        let identity = try File().identity()
        #expect(identity.pipeline == "dc0e0d97fc9a2e8a4b11ea19e729f7a39014434201067899e25faca41b8c0323")
        #expect(identity.schema == "0df49039a62513815d89b10988425a0bf80a4b73ef9728572260fb09c1525af4")
        #expect(identity.reading == "dd17cdbb90d3ba96ec5bb311bbcc7bfbbf20cae84753ed2cd5e6339076d53f3f")
        #expect(identity.admission == "bafac4afdebce02bbda8e5319c538f4a38971b106a4efc93ede5a2e3bdb1d10f")
        #expect(identity.layout == "31d83d9cae433a0a59d61786560316cc7d02cbf760560c87e18485c2f38b62db")
        #expect(identity.entities.map { $0.prefix(8) } == ["74a6a832", "48a82ec5"])
        #expect(identity.aggregates.map { $0.prefix(8) } == ["5ffed654", "c8014217"])
        #expect(identity.features.map { $0.prefix(8) } == ["5ffed654", "c8014217", "e28747b7", "b03cfccc"])
        #expect(identity.detectors.map { $0.prefix(8) } == ["19a4e5ec", "3f214859"])
        #expect(identity.firstPipeline == "4c1e6bd7111a559b051e2c81885097f664d18a4f12e9fb0531ec0d6bb1a513e5")
    }

    @Test func orderTitlesAndNamesThatNoResultBearsAreNoPartOfIt() throws {
        let plain = try File().identity()
        var file = File()
        file.fields = [0, 4, 2, 5, 3, 1].map { file.fields[$0] }
        file.entities.reverse()
        file.features.reverse()
        file.rules.reverse()
        file.schema[1].1 = ["-", "NONE", "none"]
        let turned = try file.identity()
        #expect(turned.pipeline == plain.pipeline && turned.schema == plain.schema)
        #expect(Set(turned.aggregates) == Set(plain.aggregates))
        #expect(turned.features == plain.features.reversed() && turned.detectors == plain.detectors.reversed())
        // State was kept at places once.
        #expect(turned.layout != plain.layout)

        file = File()
        file.features[2].1 = [("value", "hour(at) < 6"), ("title", "at night")] as Entries
        #expect(try file.identity() == plain)
        file = File()
        file.features[3].1 = "(shop in [\"b\", \"a\", \"b\"]) or (amount % 2 == 1.0)"
        #expect(try file.identity().pipeline == plain.pipeline)
        // A window's entity by another name, where no alert is about it.
        file = File()
        file.rules[1][2].1 = "who"
        let one = try file.identity()
        file.entities[1].0 = "both"
        file.features[1].1 = "sum(both, 1h, amount / 2) excluding current"
        let other = try file.identity()
        #expect(other.pipeline == one.pipeline && other.layout == one.layout)
    }

    /// A feature is what it computes, whether what it uses has a name or not.
    @Test func whatAFeatureUsesIsKnownByWhatItIs() throws {
        let plain = try File().identity()
        var file = File()
        file.rules[0][1].1 = "count(who, 5m, amount > 100) >= 3 and night < 1"
        #expect(try file.identity().detectors == plain.detectors)
        file.features.insert(("rest", "amount % 2"), at: 0)
        file.features[4].1 = "shop in [\"a\", \"b\"] or rest == 1"
        let named = try file.identity()
        #expect(named.detectors == plain.detectors && Array(named.features.dropFirst()) == plain.features)
        // Alerts list one feature more.
        #expect(named.pipeline != plain.pipeline)
    }

    /// What a change touches, and what it does not.
    @Test func whatChangesAResultIsPartOfIt() throws {
        let plain = try File().identity()
        func changed(
            _ change: (inout File) -> Void,
            _ sourceLocation: SourceLocation = #_sourceLocation
        ) throws -> PlanIdentity {
            var file = File()
            change(&file)
            let identity = try file.identity()
            #expect(identity.pipeline != plain.pipeline, sourceLocation: sourceLocation)
            return identity
        }
        // The schema: what is read, and what is accepted.
        for change in [
            { $0.fields[4].1 = [("type", "number"), ("role", "amount"), ("min", "1")] as Entries },
            { $0.fields[3].1 = [("type", "text"), ("required", "true")] as Entries },
            { $0.fields[3].1 = [("type", "text"), ("path", "shop.name")] as Entries },
            { $0.fields[5].0 = "fraud" }, { $0.schema[0].1 = "+02:00" }, { $0.schema[1].1 = ["none"] },
            { $0.fields[1].1 = [("type", "time"), ("role", "time"), ("format", "%Y-%d-%m %H:%M")] as Entries },
            {
                $0.fields[4].1 =
                    [("type", "number"), ("role", "amount"), ("min", "0"), ("numbers", [("decimal", ",")] as Entries)]
                    as Entries
            },
        ] as [(inout File) -> Void] {
            #expect(try changed(change).reading != plain.reading)
        }
        // The clock, and the partitions.
        for change in [
            { $0.time[0].1 = "11s" }, { $0.time[1].1 = "none" }, { $0.duplicates = "1m" },
            { $0.partition[1].1 = "3" }, { $0.partition[0].1 = "pair" },
        ] as [(inout File) -> Void] {
            let other = try changed(change)
            #expect(other.admission != plain.admission && other.schema == plain.schema)
            #expect(other.features == plain.features && other.detectors == plain.detectors)
        }
        // A window: what uses it, and nothing else.
        for change in [
            { $0.features[0].1 = "count(who, 6m, amount > 100)" },
            { $0.features[0].1 = "count(pair, 5m, amount > 100)" },
            { $0.features[0].1 = "count(who, 5m, amount >= 100)" },
            { $0.features[0].1 = "count(who, 5m, amount > 100 delay 1m)" },
            { $0.features[0].1 = "count(session(who, 5m), amount > 100)" },
            { $0.features[0].1 = "count(tumbling(who, 5m), amount > 100)" },
            { $0.features[0].1 = "sum(who, 5m, amount > 100)" },
            { $0.features[0].1 = "count(who, 5m, amount > 100) + 0" },
        ] as [(inout File) -> Void] {
            let other = try changed(change)
            #expect(other.admission == plain.admission)
            #expect(other.features[0] != plain.features[0] && other.features[1...] == plain.features[1...])
            #expect(other.detectors[0] != plain.detectors[0] && other.detectors[1] == plain.detectors[1])
        }
        // A detector.
        for change in [
            { $0.rules[1][0].1 = "great" }, { $0.rules[1][1].1 = "total > 1001" }, { $0.rules[1][2].1 = "who" },
            { $0.rules[1][3].1 = "2h" }, { $0.rules[1][4].1 = "0.7" },
        ] as [(inout File) -> Void] {
            let other = try changed(change)
            #expect(other.detectors[1] != plain.detectors[1] && other.detectors[0] == plain.detectors[0])
            #expect(other.features == plain.features)
        }
        // What alerts are told by.
        _ = try changed { $0.name = "other" }
        _ = try changed {
            $0.features[2].0 = "dark"
            $0.rules[0][1].1 = "many >= 3 and dark < 1"
        }
    }

    /// Two texts that would be one if they were only joined.
    @Test func textsAreNotJoined() throws {
        var (left, right) = (File(), File())
        left.features[3].1 = "shop in [\"a\", \"b\"]"
        right.features[3].1 = "shop in [\"a 1:b\"]"
        #expect(try left.identity().features[3] != right.identity().features[3])
    }
}
