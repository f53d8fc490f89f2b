import AlertStore
import Bytes
import Server
import TestKit
import Testing

@Suite struct VelocityTests {
    @Test(arguments: [
        ([], 5, "BASELINE"), ([0], 0, "STABLE"), ([0, 0], 1, "SPIKE"), ([10], 15, "TRENDING_UP"), ([10], 16, "SPIKE"),
        ([10], 11, "STABLE"), ([10], 12, "TRENDING_UP"), ([10], 0, "STABLE"), ([100, 1, 1, 1, 1], 2, "SPIKE"),
        ([4, 0, 0, 0], 1, "STABLE"), ([4, 0, 0, 0], 2, "SPIKE"), ([3, 3, 3], 4, "TRENDING_UP"),
    ])
    func aBucketIsComparedWithTheFourBefore(before: [Int], count: Int, trend: String) {
        #expect(VelocityTrend(count, after: before).rawValue == trend)
    }

    @Test func bucketsBeginAtMultiplesOfTheirSize() {
        #expect(Velocity.start(end: 120_001, size: 60_000, count: 1) == 120_000)
        // The last bucket ends where the time ends.
        #expect(Velocity.start(end: 120_000, size: 60_000, count: 1) == 60_000)
        #expect(Velocity.start(end: 120_000, size: 60_000, count: 3) == -60_000)
        #expect(Velocity.start(end: -1, size: 60_000, count: 1) == -60_000)
        #expect(Velocity.start(end: 0, size: 60_000, count: 2) == -120_000)
    }

    @Test func everyBucketOfEveryDomainIsThere() throws {
        let bucket = VelocityBucket(domain: nil, index: 1, count: 3, averageScore: 0.5, bySeverity: [1, 0, 2, 0])
        let velocity = Velocity(
            from: 60_000,
            size: 60_000,
            count: 3,
            domains: ["other", "all"],
            buckets: [bucket],
            names: DomainNames(testPlan())
        )
        let json = velocity.json
        guard case .list(let points) = json["data_points"] else {
            Issue.record("no points")
            return
        }
        #expect(points.map { $0["domain"]?.text } == ["other", "other", "other", "all", "all", "all"])
        #expect(points.map { $0["y1_velocity"]?.number } == [0, 0, 0, 0, 3, 0])
        #expect(points.map { $0["y3_cumulative"]?.number } == [0, 0, 0, 0, 3, 3])
        #expect(points.map { $0["x"]?.number } == [0, 60, 120, 0, 60, 120])
        #expect(points.map { $0["trend_status"]?.text }.suffix(3) == ["BASELINE", "SPIKE", "STABLE"])
        #expect(points[4]["y2_avg_score"]?.number == 0.5 && points[5]["y2_avg_score"] == .null)
        #expect(points[4]["by_severity"]?["medium"]?.number == 2)
        #expect(points[4]["bucket_start"]?.text == "1970-01-01T00:02:00.000Z")
        #expect(json["from"]?.text == "1970-01-01T00:01:00.000Z" && json["to"]?.text == "1970-01-01T00:04:00.000Z")
        #expect(json["total_alerts"]?.number == 3)
    }

    @Test func withoutEventsThereAreNoBuckets() {
        let empty = Velocity(from: nil, size: 1000, count: 5, domains: [], buckets: [], names: DomainNames(testPlan()))
        #expect(empty.json["from"] == .null && empty.json["data_points"] == .list([]))
    }
}
