import Base
import Foundation
import TestKit
import Testing
import Traffic

private func simulate(_ settings: TrafficSettings) -> (bytes: [UInt8], events: [TrafficGenerator.Event]) {
    var generator = TrafficGenerator(settings)
    var bytes: [UInt8] = []
    var events: [TrafficGenerator.Event] = []
    while let event = generator.next(into: &bytes) { events.append(event) }
    return (bytes, events)
}

@Suite struct TrafficTests {
    @Test func theSameSeedGivesTheSameBytes() {
        var settings = TrafficSettings()
        settings.events = 3000
        let first = simulate(settings)
        #expect(simulate(settings).bytes == first.bytes)
        #expect(first.events.count == 3000)
        settings.seed = 2
        #expect(simulate(settings).bytes != first.bytes)
    }

    @Test func arrivalIsInOrderAndNeverBeforeTheEvent() {
        var settings = TrafficSettings()
        settings.events = 20_000
        let events = simulate(settings).events
        var slow = 0
        for (previous, event) in zip(events, events.dropFirst()) {
            #expect(previous.arrival <= event.arrival)
            let delay = event.arrival.microseconds - event.time.microseconds
            #expect(delay >= 0 && delay <= 5_000_000)
            if delay > 50_000 { slow += 1 }
        }
        #expect((0.04...0.06).contains(Double(slow) / 20_000))
    }

    /// Shares of fraud events that the original's generator gives (12.7, 12.5 and 9.5 %).
    @Test(arguments: [(Domain.gaming, 0.127), (.ecommerce, 0.125), (.fintech, 0.095)])
    func fraudShareOfEvents(domain: Domain, share: Double) {
        var settings = TrafficSettings()
        settings.domains = [domain]
        settings.events = 60_000
        let frauds = simulate(settings).events.count { $0.pattern.isFraud }
        #expect(abs(Double(frauds) / 60_000 - share) < 0.01)
    }

    @Test func linesAreJSONWithTheLabelsInOrBesideThem() throws {
        var settings = TrafficSettings()
        settings.duration = 10_000_000
        for hasLabels in [true, false] {
            settings.hasLabels = hasLabels
            let (bytes, events) = simulate(settings)
            let lines = bytes.split(separator: 0x0A)
            #expect(lines.count == events.count)
            for (line, event) in zip(lines, events) {
                let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
                #expect(object["transaction_id"] as? String == event.id)
                #expect(object["pattern"] as? String == (hasLabels ? event.pattern.rawValue : nil))
                #expect((object["sequence_position"] != nil) == hasLabels)
                let amount = try #require(object["amount"] as? Double)
                #expect(amount > 0)
                switch event.pattern {
                case .structuring: #expect((9500...9999).contains(amount))
                case .goldFarming: #expect((0.99...4.99).contains(amount))
                case .accountTakeover:
                    #expect(
                        (object["ip_address"] as? String)?.hasPrefix("45.142.") == true
                            || (object["ip_address"] as? String)?.hasPrefix("185.220.") == true
                    )
                default: break
                }
            }
        }
    }

    @Test func fraudShareIsASetting() {
        var settings = TrafficSettings()
        settings.setFraudShare(0)
        settings.events = 5000
        #expect(simulate(settings).events.allSatisfy { !$0.pattern.isFraud })
    }

    @Test func loadLevelsSetTheRate() {
        var settings = TrafficSettings()
        settings.eventsPerMinute = LoadLevel.peak.eventsPerMinute
        settings.duration = 60_000_000
        let count = simulate(settings).events.count
        #expect((48_000...52_000).contains(count))
    }
}
