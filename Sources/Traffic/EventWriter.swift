import Base
import Bytes

/// Writes one event as a line of JSON, with the members in the original's order: the domain's own fields first.
struct EventWriter {
    private(set) var out: [UInt8] = []
    private var random: Seeded

    init(seed: UInt64) {
        random = Seeded(seed: seed)
        out.reserveCapacity(640)
    }

    /// Writes the whole line and returns the event's id.
    mutating func write(
        _ sequence: Sequence,
        position: Int,
        testID: String,
        time: Int64,
        hasLabels: Bool
    ) -> String {
        out.append(0x7B)
        switch sequence.domain {
        case .gaming: gaming(sequence)
        case .fintech: fintech(sequence, position)
        case .ecommerce: ecommerce(sequence, position)
        }
        let id = random.text(16)
        text("transaction_id", id)
        text("domain", sequence.domain.rawValue)
        text("test_id", testID)
        text("timestamp", TimeParser.rfc3339(microseconds: time))
        if hasLabels {
            text("pattern", sequence.pattern.rawValue)
            raw("is_fraud", sequence.pattern.isFraud ? "true" : "false")
        }
        text("actor_id", sequence.actor)
        if hasLabels { raw("sequence_position", String(position)) }
        out.removeLast()
        out.append(contentsOf: "}\n".utf8)
        return id
    }

    private mutating func gaming(_ sequence: Sequence) {
        var type = ""
        var cents = 0
        var session = 0...0
        var name = ""
        switch sequence.pattern {
        case .accountTakeover:
            type = random.pick(["skin", "weapon", "battle_pass"])
            (cents, session) = (random.cents(50, 200), 30...120)
            name = "Premium_\(type)_\(random.whole(1...999))"
        case .goldFarming:
            type = "currency"
            (cents, session) = (random.cents(0.99, 4.99), 5...30)
            name = "Gold_\(random.whole(100...500))"
        case .chargebackFraud:
            type = random.pick(["lootbox", "battle_pass", "currency"])
            (cents, session) = (random.cents(100, 500), 60...300)
            name = "Bundle_\(type)_\(random.whole(1...100))"
        case .whaleSpender:
            type = random.pick(["lootbox", "currency", "battle_pass"])
            (cents, session) = (random.cents(20, 100), 1800...7200)
            name = "Premium_\(type)_\(random.whole(1...100))"
        case .grinder:
            type = random.pick(["currency", "emote", "lootbox"])
            (cents, session) = (random.cents(1.99, 9.99), 3600...10_800)
            name = "Basic_\(type)_\(random.whole(1...500))"
        default:
            let item = random.pick(Vocabulary.itemPrices)
            type = item.type
            (cents, session) = (random.cents(item.low, item.high), 600...3600)
            name = "\(type.prefix(1).uppercased())\(type.dropFirst())_\(random.whole(1...999))"
        }
        text("player_id", sequence.actor)
        text("game_id", sequence.game)
        text("item_type", type)
        text("item_name", name)
        raw("amount", Self.money(cents))
        text("currency", sequence.currency)
        text("payment_method", sequence.method)
        text("ip_address", sequence.ip)
        text("device_id", sequence.device)
        raw("session_length_sec", String(random.whole(session)))
    }

    private mutating func fintech(_ sequence: Sequence, _ position: Int) {
        var from = sequence.actor
        var to = ""
        var cents = 0
        var countries = (sequence.country, sequence.country)
        var purpose = ""
        switch sequence.pattern {
        case .structuring:
            (to, cents, purpose) = (random.account(), random.cents(9500, 9999), "payment")
            countries = ("US", random.pick(Vocabulary.countries))
        case .moneyLaundering:
            (from, to) = (sequence.accounts[position], sequence.accounts[position + 1])
            (cents, purpose) = (random.cents(50_000, 500_000), random.pick(["business", "investment"]))
            let anywhere = Vocabulary.riskyCountries + Vocabulary.countries
            countries = (random.pick(Vocabulary.countries), random.pick(anywhere))
        case .syntheticIdentity:
            (to, cents, purpose) = (random.account(), random.cents(5000, 50_000), random.pick(Vocabulary.purposes))
            countries = ("US", "US")
        case .saver:
            (to, cents, purpose) = (sequence.destination, random.cents(200, 2000), "personal")
        default:
            (to, cents, purpose) = (random.account(), random.cents(50, 1500), random.pick(["payment", "invoice"]))
        }
        text("account_from", from)
        text("account_to", to)
        raw("amount", Self.money(cents))
        text("currency", sequence.currency)
        text("transfer_type", sequence.transferType)
        text("country_from", countries.0)
        text("country_to", countries.1)
        text("purpose", purpose)
        text("ip_address", sequence.ip)
    }

    private mutating func ecommerce(_ sequence: Sequence, _ position: Int) {
        let isPromo = sequence.pattern == .promoAbuse
        var categories: [Int] = []
        var session = 0...0
        switch sequence.pattern {
        case .cardTesting: (categories, session) = ([3], 5...30)
        case .friendlyFraud: (categories, session) = ([0], 300...1800)
        case .promoAbuse: (categories, session) = (cart(1...2), 120...600)
        case .windowShopper: (categories, session) = (cart(1...2), 600...3600)
        default: (categories, session) = (cart(1...4), 300...2400)
        }
        var items: [String] = []
        var total = 0
        for category in categories {
            let entry = Vocabulary.categories[category]
            let price = random.cents(entry.low, entry.high)
            let quantity = random.whole(1...3)
            total += price * quantity
            items.append(
                "{\"product_id\":\"PROD\(random.whole(1000...9999))\",\"category\":\"\(entry.name)\","
                    + "\"price\":\(Self.money(price)),\"quantity\":\(quantity)}"
            )
        }
        text("user_id", isPromo ? "\(sequence.actor)_\(position)" : sequence.actor)
        raw("cart_items", "[" + items.joined(separator: ",") + "]")
        raw("amount", Self.money(total))
        text("currency", "USD")
        text("payment_method", isPromo ? random.pick(Vocabulary.shopMethods) : sequence.method)
        address("shipping_address", sequence.shipping)
        address("billing_address", isPromo ? Sequence.Address(&random) : sequence.billing)
        text("ip_address", sequence.ip)
        text("device_fingerprint", isPromo ? random.text(32) : sequence.device)
        raw("session_duration_sec", String(random.whole(session)))
    }

    private mutating func cart(_ sizes: ClosedRange<Int>) -> [Int] {
        (0..<random.whole(sizes)).map { _ in random.below(Vocabulary.categories.count) }
    }

    private mutating func address(_ name: String, _ address: Sequence.Address) {
        raw(
            name,
            "{\"street\":\"\(address.street)\",\"city\":\"\(address.city)\",\"state\":\"\(address.state)\","
                + "\"zip\":\"\(address.zip)\",\"country\":\"US\"}"
        )
    }

    /// All texts of the simulator are plain ASCII without quotes.
    private mutating func text(_ name: String, _ value: String) { raw(name, "\"\(value)\"") }

    private mutating func raw(_ name: String, _ value: String) {
        out.append(0x22)
        out.append(contentsOf: name.utf8)
        out.append(0x22)
        out.append(0x3A)
        out.append(contentsOf: value.utf8)
        out.append(0x2C)
    }

    private static func money(_ cents: Int) -> String {
        let rest = cents % 100
        if rest == 0 { return "\(cents / 100).0" }
        if rest % 10 == 0 { return "\(cents / 100).\(rest / 10)" }
        return "\(cents / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
