import Activations
import Base
import TestKit
import Testing

@Suite("Activation records") struct CodingTests {
    private func text(_ activation: Activation) -> String { String(decoding: activation.encoded, as: UTF8.self) }

    private func read(_ text: String) throws -> Activation { try Activation(Array(text.utf8)) }

    @Test func theBytesAreThese() {
        var activation = Records.activation(2, offsets: [10: 7, 9: 9_007_199_254_740_993])
        let hash = [1, 2, 3].map { SHA256.hexadecimal(of: [$0]) }
        activation.models["a"] = hash[0]
        #expect(
            text(activation) == """
                {"format":1,"number":2,"kind":"activate","at":"1700000000002","author":"ana","note":"threshold 2",\
                "pipeline":"payments","pipeline_file":"\(hash[0])","pipeline_identity":"\(hash[2])",\
                "models":{"a":"\(hash[0])","default":"\(hash[1])"},"offsets":{"9":"9007199254740993","10":"7"},\
                "detectors":[{"name":"velocity","version":"3","mode":"active"},\
                {"name":"score","version":"12ab","mode":"shadow","model":"default"}]}
                """
        )
    }

    @Test func whatWasWrittenIsRead() throws {
        var random = Seeded(seed: 5)
        let texts = [
            "", "a", "\"\\\n\u{0}\u{1F}", "é", "e\u{301}", "\u{1F600}", "null", String(repeating: "x", count: 4000),
        ]
        for number in 1...300 {
            var activation = Records.activation(number, number % 3 == 0 ? .begin : .activate)
            activation.author = texts[random.below(texts.count)]
            activation.note = texts[random.below(texts.count)]
            activation.atMilliseconds = [Int64.min, -1, 0, .max][random.below(4)]
            for _ in 0..<random.below(5) {
                activation.offsets[random.below(1 << 31)] = Int64(random.next() % (1 << 62))
                activation.models["m\(random.below(9))" + texts[random.below(7)]] = SHA256.hexadecimal(of: [9])
            }
            if random.below(3) == 0 { activation.detectors = [] }
            if random.below(3) == 0 { activation.models = [:] }
            let read = try Activation(activation.encoded)
            #expect(read == activation && read.encoded == activation.encoded)
        }
    }

    @Test func unknownMembersArePassedOver() throws {
        let activation = Records.activation(1)
        let longer = text(activation).replacing("{\"name\":", with: "{\"share\":[0.5,{}],\"name\":").dropLast()
        #expect(try read(longer + ",\"who_else\":{\"a\":null}}") == activation)
    }

    @Test func anotherFormatIsNotGuessedAt() {
        let newer = text(Records.activation(1)).replacing("\"format\":1", with: "\"format\":2")
        #expect(throws: ActivationError.newer(format: 2)) { try read(newer) }
    }

    @Test(arguments: [
        ("\"number\":3", "\"number\":0"), ("\"number\":3", "\"number\":1.5"), ("\"number\":3", "\"number\":1e300"),
        ("\"number\":3", "\"number\":\"3\""), ("\"activate\"", "\"stop\""), ("\"1700000000003\"", "1700000000003"),
        ("\"1700000000003\"", "\"9223372036854775808\""), ("\"payments\"", "\"\""), ("\"0\":\"5\"", "\"0\":\"-1\""),
        ("\"0\":\"5\"", "\"00\":\"5\""), ("\"0\":\"5\"", "\"-1\":\"5\""), ("\"0\":\"5\"", "\"0\":\"5\",\"0\":\"6\""),
        ("\"0\":\"5\"", "\"0\":\"4611686018427387905\""), ("\"offsets\":{", "\"offsets\":[],\"o\":{"),
        ("\"active\"", "\"loud\""), ("\"default\":\"", "\"default\":\"../"),
        ("\"pipeline_file\":\"", "\"pipeline_file\":\"A"),
        ("\"default\"}", "7}"), ("\"detectors\":[", "\"detectors\":[1,"), ("\"models\":{", "\"models\":{\"\":\"\","),
    ])
    func whatItCannotBeIsRefused(_ part: String, _ other: String) throws {
        let good = text(Records.activation(3, offsets: [0: 5]))
        #expect(good.contains(part))
        #expect {
            try read(good.replacing(part, with: other, maxReplacements: 1))
        } throws: { error in
            guard case .malformed(let words)? = error as? ActivationError else { return false }
            return !words.isEmpty
        }
    }

    /// Bytes changed, cut out and put in anywhere: an activation or an error, and never a trap.
    @Test func noBytesTrap() throws {
        var random = Seeded(seed: 11)
        let good = Records.activation(3, offsets: [0: 5, 1: 6]).encoded
        let pieces = ["{", "}", "[", "]", "\"", "\\u", "\\ud800", "1e999", "-", "null", ",", ":", "\u{1F600}"].map {
            Array($0.utf8)
        }
        var refused = 0
        for _ in 0..<Seeds.upTo(20_000).upperBound {
            var bytes = good
            for _ in 0...random.below(3) {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(40)))
                case 2: bytes.insert(contentsOf: pieces[random.below(pieces.count)], at: place)
                default: bytes.removeLast(random.below(bytes.count))
                }
                if bytes.isEmpty { bytes = [0x7B] }
            }
            do throws(ActivationError) {
                let read = try Activation(bytes)
                #expect(try Activation(read.encoded) == read)
            } catch {
                refused += 1
                #expect(!error.description.isEmpty && error.isDamage)
            }
        }
        #expect(refused > 1000)
        #expect(throws: ActivationError.self) { try Activation([]) }
        #expect(throws: ActivationError.self) { try Activation([UInt8](repeating: 0x5B, count: 100_000)) }
        #expect(throws: ActivationError.self) { try Activation([UInt8](repeating: 0x20, count: 2 << 20)) }
    }
}
