import Base

/// What stays the same through one person's sequence of events: everything that is drawn once.
struct Sequence: Sendable {
    let pattern: Pattern
    let domain: Domain
    let actor: String
    let ip: String
    let device: String
    let currency: String
    let method: String
    let game: String
    let transferType: String
    let country: String
    let destination: String
    let shipping: Address
    let billing: Address
    /// Chain of accounts that money is passed along.
    let accounts: [String]

    struct Address: Sendable {
        let street: String
        let city: String
        let state: String
        let zip: Int

        init(_ random: inout Seeded) {
            street = "\(100 + random.below(9900)) \(random.pick(Vocabulary.streets))"
            city = random.pick(Vocabulary.cities)
            state = random.pick(Vocabulary.states)
            zip = 10_000 + random.below(90_000)
        }
    }

    /// Everything is drawn; an actor that is given takes the place of the drawn one.
    init(pattern: Pattern, domain: Domain, actor given: String? = nil, random: inout Seeded) {
        self.pattern = pattern
        self.domain = domain
        let drawn = random.below(900_000)
        actor = given ?? "A\(100_000 + drawn)"
        let proxies = random.below(2) == 0 ? "45.142" : "185.220"
        ip =
            pattern == .accountTakeover
            ? "\(proxies).\(random.below(256)).\(random.below(256))"
            : "\(1 + random.below(255)).\(random.below(256)).\(random.below(256)).\(1 + random.below(255))"
        device = random.text(domain == .gaming ? 12 : 32)
        currency =
            switch pattern {
            case .goldFarming, .structuring, .syntheticIdentity: "USD"
            case _ where domain == .ecommerce: "USD"
            case _ where domain == .gaming: random.pick(["USD", "EUR", "GBP"])
            default: random.pick(["USD", "EUR", "GBP", "JPY", "CHF"])
            }
        method =
            switch pattern {
            case .goldFarming, .chargebackFraud, .cardTesting: "credit_card"
            case _ where domain == .gaming: random.pick(Vocabulary.gamingMethods)
            default: random.pick(Vocabulary.shopMethods)
            }
        game = random.pick(Vocabulary.games)
        transferType =
            switch pattern {
            case .structuring: "wire"
            case .moneyLaundering: "swift"
            case .syntheticIdentity: random.pick(["wire", "ach"])
            default: "ach"
            }
        country = random.pick(Vocabulary.countries)
        destination = random.account()
        shipping = Address(&random)
        let isSame: Bool =
            switch pattern {
            case .cardTesting: false
            case .shopper: random.unit() < 0.8
            default: true
            }
        billing = isSame ? shipping : Address(&random)
        var chain = [actor]
        if pattern == .moneyLaundering { for _ in 0..<8 { chain.append(random.account()) } }
        accounts = chain
    }
}

/// The words that events are made of.
enum Vocabulary {
    static let games = ["FortniteClone", "WoWRipoff", "LOL2Electric", "ApexLegends", "Valorant"]
    static let gamingMethods = ["credit_card", "paypal", "steam_wallet"]
    static let shopMethods = ["credit_card", "debit_card", "paypal", "apple_pay", "google_pay"]
    static let countries = ["US", "UK", "DE", "FR", "JP", "CH", "CA"]
    static let riskyCountries = ["KY", "PA", "BZ", "VG"]
    static let purposes = ["payment", "invoice", "salary", "investment", "personal", "business"]
    static let streets = ["Main St", "Oak Ave", "Park Blvd", "Elm St", "Maple Dr", "Pine Rd", "River Way"]
    static let cities = ["New York", "Los Angeles", "Chicago", "Houston", "Phoenix", "Miami", "Seattle"]
    static let states = ["NY", "CA", "IL", "TX", "AZ", "FL", "WA"]
    static let categories: [(name: String, low: Double, high: Double)] = [
        ("electronics", 49.99, 999.99), ("clothing", 19.99, 199.99), ("home", 29.99, 499.99), ("books", 9.99, 49.99),
        ("toys", 14.99, 99.99),
    ]
    static let itemPrices: [(type: String, low: Double, high: Double)] = [
        ("skin", 4.99, 19.99), ("weapon", 9.99, 29.99), ("lootbox", 0.99, 4.99), ("currency", 4.99, 99.99),
        ("battle_pass", 9.99, 24.99), ("emote", 1.99, 9.99),
    ]
}

extension Seeded {
    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    mutating func whole(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    /// A uniform amount of cents, in cents.
    mutating func cents(_ low: Double, _ high: Double) -> Int { Int(((low + unit() * (high - low)) * 100).rounded()) }

    /// Capital letters and digits.
    mutating func text(_ count: Int) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
        return String(decoding: (0..<count).map { _ in letters[below(36)] }, as: UTF8.self)
    }

    mutating func account() -> String { "ACC\(1_000_000 + below(9_000_000))" }
}
