import Base

/// A business domain whose events are simulated.
public enum Domain: String, Sendable, CaseIterable {
    case gaming, fintech, ecommerce
}

/// What kind of behaviour a sequence of events shows: nine frauds, seven regular personas.
public enum Pattern: String, Sendable, CaseIterable {
    case accountTakeover = "fraud_account_takeover"
    case goldFarming = "fraud_gold_farming"
    case chargebackFraud = "fraud_chargeback_fraud"
    case casualPlayer = "regular_casual_player"
    case whaleSpender = "regular_whale_spender"
    case grinder = "regular_grinder"
    case cardTesting = "fraud_card_testing"
    case friendlyFraud = "fraud_friendly_fraud"
    case promoAbuse = "fraud_promo_abuse"
    case shopper = "regular_shopper"
    case windowShopper = "regular_window_shopper"
    case structuring = "fraud_structuring"
    case moneyLaundering = "fraud_money_laundering"
    case syntheticIdentity = "fraud_synthetic_identity"
    case saver = "regular_saver"
    case billPayer = "regular_bill_payer"

    public var isFraud: Bool { rawValue.hasPrefix("fraud_") }

    /// Events of a sequence, before it is cut short.
    var lengths: ClosedRange<Int> {
        switch self {
        case .accountTakeover, .syntheticIdentity: 3...5
        case .goldFarming, .cardTesting, .structuring: 5...10
        case .chargebackFraud, .windowShopper, .saver: 2...4
        case .casualPlayer, .friendlyFraud, .shopper: 2...3
        case .whaleSpender, .promoAbuse, .moneyLaundering: 4...8
        case .grinder, .billPayer: 3...6
        }
    }
}

/// How often each pattern begins a sequence; the rates of a domain add up to 1.
public struct PatternRate: Sendable, Equatable {
    public var pattern: Pattern
    public var rate: Double

    public init(_ pattern: Pattern, _ rate: Double) {
        self.pattern = pattern
        self.rate = rate
    }
}

/// How many events come in a minute.
public enum LoadLevel: String, Sendable, CaseIterable {
    case mini, normal, peak, crisis

    public var eventsPerMinute: Double {
        switch self {
        case .mini: 5
        case .normal: 10_000
        case .peak: 50_000
        case .crisis: 100_000
        }
    }
}

/// What is simulated. The same settings give the same bytes.
public struct TrafficSettings: Sendable, Equatable {
    public var seed: UInt64 = 1
    public var domains = Domain.allCases
    public var rates: [Domain: [PatternRate]] = [
        .gaming: [
            .init(.accountTakeover, 0.05), .init(.goldFarming, 0.03), .init(.chargebackFraud, 0.02),
            .init(.casualPlayer, 0.60), .init(.whaleSpender, 0.15), .init(.grinder, 0.15),
        ],
        .ecommerce: [
            .init(.cardTesting, 0.03), .init(.friendlyFraud, 0.03), .init(.promoAbuse, 0.02),
            .init(.shopper, 0.75), .init(.windowShopper, 0.17),
        ],
        .fintech: [
            .init(.structuring, 0.02), .init(.moneyLaundering, 0.03), .init(.syntheticIdentity, 0.02),
            .init(.saver, 0.55), .init(.billPayer, 0.38),
        ],
    ]
    /// Virtual time of the first sequence; 2026-01-05 08:00 UTC by default.
    public var start = EventTime(microseconds: 1_767_600_000_000_000)
    public var eventsPerMinute = LoadLevel.normal.eventsPerMinute
    /// Stop after so many events.
    public var events: Int?
    /// Begin no sequence after so much virtual time, microseconds.
    public var duration: Int64?
    /// 1 in 20 events arrives up to this much after it happened, the others up to 50 ms; microseconds.
    public var disorder: Int64 = 5_000_000
    /// Whether every sequence has an actor that no other one has, of these or of other settings that start at another
    /// second of ten days: what is found of an actor is then found of its sequence. Otherwise ids are drawn, and some
    /// come again.
    public var hasActorsOfItsOwn = false
    /// Ground truth in the event itself, as the original has it; otherwise the caller writes it elsewhere.
    public var hasLabels = true

    public init() {}

    /// Scales the frauds of every domain so that they begin this share of the sequences.
    public mutating func setFraudShare(_ share: Double) {
        for domain in Domain.allCases {
            guard let known = rates[domain] else { continue }
            let fraud = known.reduce(0) { $0 + ($1.pattern.isFraud ? $1.rate : 0) }
            let total = known.reduce(0) { $0 + $1.rate }
            rates[domain] = known.map { entry in
                let scale = entry.pattern.isFraud ? share / fraud : (1 - share) / (total - fraud)
                return PatternRate(entry.pattern, entry.rate * scale)
            }
        }
    }
}
