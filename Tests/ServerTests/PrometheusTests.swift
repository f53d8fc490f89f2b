import CoreMetrics
import Server
import Testing

@Suite struct PrometheusTests {
    private func lines(_ registry: PrometheusRegistry, _ computed: [ComputedMetric] = []) -> [String] {
        PrometheusText.write(registry, computed).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init
        )
    }

    @Test func metricsAreWrittenInOrderWithHelpAndType() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "b_total", dimensions: [("x", "2")]).increment(by: 3)
        registry.makeCounter(label: "b_total", dimensions: [("x", "1")]).increment(by: 1)
        registry.makeRecorder(label: "a", dimensions: [], aggregate: false).record(1.5)
        let computed = ComputedMetric("patternalarm_build_info", [([("version", "1.0")], 1)])
        #expect(
            lines(registry, [computed, ComputedMetric("process_open_fds", nil)]) == [
                "# HELP a a", "# TYPE a gauge", "a 1.5", "# HELP b_total b total", "# TYPE b_total counter",
                #"b_total{x="1"} 1"#, #"b_total{x="2"} 3"#,
                "# HELP patternalarm_build_info Always 1; the label tells the program's version.",
                "# TYPE patternalarm_build_info gauge", #"patternalarm_build_info{version="1.0"} 1"#, "",
            ]
        )
    }

    @Test func instrumentsOfOneNameAndLabelsAreOne() {
        let registry = PrometheusRegistry()
        for _ in 0..<3 {
            registry.makeCounter(label: "c_total", dimensions: [("a", "1"), ("b", "2")]).increment(by: 2)
        }
        #expect(lines(registry).dropFirst(2).first == #"c_total{a="1",b="2"} 6"#)
    }

    @Test(arguments: [
        (#"a\b"#, #"a\\b"#), (#"say "hi""#, #"say \"hi\""#), ("two\nlines", #"two\nlines"#), ("\r\n", "\r\\n"),
        ("\u{301}\\\u{301}", "\u{301}\\\\\u{301}"), ("é{},=", "é{},="),
    ])
    func labelValuesAreEscaped(value: String, written: String) {
        // By bytes: a string with other combining characters may count as the same.
        #expect(Array(PrometheusText.labels([("k", value)]).utf8) == Array("k=\"\(written)\"".utf8))
    }

    @Test(arguments: [
        (0.0, "0"), (12, "12"), (-3, "-3"), (0.1, "0.1"), (5e-5, "5e-05"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (.nan, "NaN"), (1e300, "1e+300"), (9_007_199_254_740_991, "9007199254740991"),
    ])
    func numbersAreWrittenAsPrometheusReadsThem(value: Double, text: String) {
        #expect(PrometheusText.number(value) == text)
    }

    @Test(arguments: [("a.b-c", "a_b_c"), ("1a", "_a"), ("a1", "a1"), ("", "_"), ("a:b", "a:b")])
    func namesHoldOnlyWhatIsAllowed(text: String, name: String) {
        #expect(PrometheusText.name(text) == name)
    }

    @Test func bucketsAreFineAndAscendingAndCoverTheirRange() {
        for (bounds, least, most) in [
            (MetricBuckets.latency, 5e-5, 10), (MetricBuckets.event, 2e-7, 2e-2),
            (MetricBuckets.activation, 1e-3, 1000),
        ] {
            #expect(bounds.first == least && bounds.last == most && (28...37).contains(bounds.count))
            #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 && $1 / $0 < 1.8 })
        }
    }

    @Test func bucketsAreCumulativeAndABoundBelongsToItsBucket() throws {
        let registry = PrometheusRegistry()
        let timer = registry.makeTimer(label: "patternalarm_commit_seconds", dimensions: [("p", "0")])
        // At the least bound, just over it, in the middle, and over all.
        for nanoseconds: Int64 in [0, 50_000, 50_001, 1_000_000, 20_000_000_000] {
            timer.recordNanoseconds(nanoseconds)
        }
        let found = lines(registry)
        func value(_ start: String) throws -> Double {
            let line = try #require(found.first { $0.hasPrefix(start + " ") })
            return try #require(Double(line.dropFirst(start.count + 1)))
        }
        #expect(try value(#"patternalarm_commit_seconds_bucket{p="0",le="5e-05"}"#) == 2)
        #expect(try value(#"patternalarm_commit_seconds_bucket{p="0",le="7e-05"}"#) == 3)
        #expect(try value(#"patternalarm_commit_seconds_bucket{p="0",le="0.0007"}"#) == 3)
        #expect(try value(#"patternalarm_commit_seconds_bucket{p="0",le="0.001"}"#) == 4)
        #expect(try value(#"patternalarm_commit_seconds_bucket{p="0",le="10"}"#) == 4)
        #expect(try value(#"patternalarm_commit_seconds_bucket{p="0",le="+Inf"}"#) == 5)
        #expect(try value(#"patternalarm_commit_seconds_count{p="0"}"#) == 5)
        #expect(abs(try value(#"patternalarm_commit_seconds_sum{p="0"}"#) - 20.001100001) < 1e-9)
        let counts = found.filter { $0.contains("_bucket") }.compactMap {
            $0.split(separator: " ").last.flatMap { Int($0) }
        }
        #expect(counts.count == MetricBuckets.latency.count + 1 && counts == counts.sorted())
    }

    @Test func aBatchCountsAsManyTimes() {
        let cell = HistogramCell(bounds: [1, 2])
        cell.recordNanoseconds(1_500_000_000, count: 1000)
        cell.recordNanoseconds(3_000_000_000)
        #expect(cell.snapshot.counts == [0, 1000, 1] && cell.snapshot.sum == 1503)
    }

    @Test func nothingIsLostWhenManyRecordAtOnce() async {
        let registry = PrometheusRegistry()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for round in 0..<2000 {
                        registry.makeCounter(label: "c_total", dimensions: [("t", "\(round % 3)")]).increment(by: 1)
                        registry.makeMeter(label: "g", dimensions: []).increment(by: task % 2 == 0 ? 2 : -1)
                        registry.makeTimer(label: "h_seconds", dimensions: []).recordNanoseconds(1_000_000_000)
                    }
                }
            }
        }
        let found = lines(registry)
        #expect(found.contains(#"c_total{t="0"} 5336"#) && found.contains(#"c_total{t="2"} 5328"#))
        #expect(found.contains("g 8000"))
        #expect(found.contains("h_seconds_count 16000") && found.contains("h_seconds_sum 16000"))
    }

    @Test func aMetricHasOnlySoManySeries() {
        let registry = PrometheusRegistry(seriesLimit: 2)
        for value in 0..<5 { registry.makeCounter(label: "c_total", dimensions: [("v", "\(value)")]).increment(by: 1) }
        // Those that are there go on counting.
        registry.makeCounter(label: "c_total", dimensions: [("v", "1")]).increment(by: 1)
        #expect(lines(registry).dropFirst(2) == [#"c_total{v="0"} 1"#, #"c_total{v="1"} 2"#, ""])
        #expect(registry.dropped == 3)
    }

    @Test func aNameIsOfOneKind() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "x", dimensions: []).increment(by: 1)
        registry.makeMeter(label: "x", dimensions: []).set(Int64(7))
        #expect(lines(registry) == ["# HELP x x", "# TYPE x counter", "x 1", ""] && registry.dropped == 1)
    }

    @Test func countersAreNamedSoAndAllMetricsAreDescribed() {
        for (name, description) in MetricCatalog.descriptions {
            #expect((description.kind == .counter) == name.hasSuffix("_total"), "\(name)")
            #expect((description.kind == .histogram) == !description.bounds.isEmpty, "\(name)")
            #expect(!description.help.isEmpty, "\(name)")
        }
    }
}
