/// What the name of a column says of its meaning: its words, in the languages of the exports that people have.
struct NameWords {
    /// The words, lower case: `nameOrig`, `NAME_ORIG` and `name orig` are `name`, `orig`; digits at a word's end are
    /// left off.
    let words: [String]
    /// All letters and digits behind one another, for the languages that write compounds.
    let joined: String

    init(_ name: String) {
        var words: [String] = []
        var word = ""
        func end() {
            while let last = word.last, last.isNumber, word.count > 1 { word.removeLast() }
            if !word.isEmpty { words.append(word.lowercased()) }
            word = ""
        }
        let characters = Array(name)
        for (index, character) in characters.enumerated() {
            guard character.isLetter || character.isNumber else {
                end()
                continue
            }
            let followsSmall = index > 0 && (characters[index - 1].isLowercase || characters[index - 1].isNumber)
            let endsCapitals =
                index > 0 && index + 1 < characters.count && characters[index - 1].isUppercase
                && characters[index + 1].isLowercase
            if character.isUppercase, followsSmall || endsCapitals { end() }
            word.append(character)
        }
        end()
        self.words = words
        joined = words.joined()
    }

    /// How surely the name is of a kind: 0 if nothing says so.
    func weight(_ kind: Kind) -> Double {
        // A user agent is a browser.
        if kind == .who, words.contains("agent") { return 0 }
        let table = Self.table[kind] ?? [:]
        let single = words.compactMap { table[$0] }.max() ?? 0
        if let whole = table[joined] { return max(single, whole) }
        // German compounds: Buchungstag, Kontonummer.
        let parts = table.filter { $0.key.count >= 5 && joined.contains($0.key) }.map { $0.value * 0.8 }
        return max(single, parts.max() ?? 0)
    }

    enum Kind: CaseIterable {
        case time, id, who, payee, device, place, category, amount, label
    }

    private static func weights(_ words: [(Double, String)]) -> [String: Double] {
        var table: [String: Double] = [:]
        for (weight, list) in words { for word in list.split(separator: " ") { table[String(word)] = weight } }
        return table
    }

    private static let table: [Kind: [String: Double]] = [
        .time: weights([
            (1, "timestamp datetime time ts buchungstag buchungsdatum eventtime zeitstempel zeitpunkt"),
            (0.9, "date datum created at when fecha data dt uhrzeit zeit occurred booked"),
            (0.7, "step epoch unix seconds day tag hour valuta wertstellung elapsed received posted"),
        ]),
        .id: weights([
            (1, "transactionid transid txid eventid uuid guid transnum id requestid"),
            (0.7, "ref reference number num nr no key hash referenz buchungsnummer trace"),
        ]),
        .who: weights([
            (
                1,
                "who customer client card cc ccnum pan payer cardholder customerid accountid userid kunde karte actor auftragskonto calling caller anumber"
            ),
            (
                0.9,
                "user account acct sender orig originator debtor member cust cliente compte remote konto subscriber msisdn imsi "
                    + "aparty anum"
            ),
            (0.7, "iban kontonummer from holder player employee remitter uid auftraggeber zahler phone email"),
            (0.5, "ip host visitor clientip"),
        ]),
        .payee: weights([
            (
                1,
                "merchant terminal payee beneficiary recipient receiver dest destination shop store vendor seller creditor called callee bnumber"
            ),
            (
                0.9,
                "empfaenger empfänger beguenstigter begünstigter gegenkonto haendler händler counterparty zahlungsempfänger dialed dialled bparty "
                    + "bnum"
            ),
            (0.7, "to target game product sku path url uri request endpoint beneficiario"),
        ]),
        .device: weights([
            (1, "device deviceid fingerprint imei terminalid browser useragent"),
            (0.8, "ip agent cookie host mac session"),
        ]),
        .place: weights([
            (1, "country city state region zip postcode postal location land addr address ort plz lat long")
        ]),
        .category: weights([
            (1, "domain channel category type kind product"),
            (
                0.8,
                "method mcc currency code status kategorie buchungstext waehrung währung class group segment purpose"
            ),
        ]),
        .amount: weights([
            (1, "amount amt betrag amountusd transactionamt txamount umsatz montant importe importo bedrag"),
            (0.9, "value sum total price summe preis cost paid gross"),
            (
                0.8,
                "stake wager payout deposit withdrawal fee charge eur usd gbp chf jpy cad aud sek nok dkk pln inr brl"
            ),
            (0.4, "bytes size length quantity balance"),
        ]),
        .label: weights([
            (1, "fraud isfraud fraudulent chargeback isflaggedfraud betrug anomaly"),
            (0.8, "label target class scenario outcome verdict malicious attack"),
        ]),
    ]
}
