import Base
import TestKit
import Testing

@Suite struct TextTests {
    @Test func shortTextsAreExactAndLongOnesDiffer() {
        var seen: Set<Text> = []
        var texts = ["", "a", "aa", "\u{0}", "\u{0}\u{0}"]
        for count in 1...40 {
            texts += [String(repeating: "x", count: count), String(repeating: "x", count: count - 1) + "y"]
        }
        for text in texts { seen.insert(Text(text)) }
        #expect(seen.count == Set(texts).count)
        #expect(!Text("").isAbsent)
        #expect(Text("abc") == Text("abc"))
    }

    @Test func combiningDependsOnTheOrder() {
        #expect(Text("a").combined(with: Text("b")) != Text("b").combined(with: Text("a")))
        #expect(Text("ab").combined(with: Text("c")) != Text("a").combined(with: Text("bc")))
    }
}

@Suite struct TextTableTests {
    /// Random insertions and removals against a dictionary.
    @Test(arguments: Seeds.upTo(20))
    func behavesLikeADictionary(seed: UInt64) {
        var random = Seeded(seed: seed)
        var table = TextTable()
        var model: [Text: Int] = [:]
        for _ in 0..<5000 {
            let key = Text("key \(random.below(300))")
            if random.below(3) == 0 {
                #expect(table.slot(of: key) == model[key])
                if let slot = model.removeValue(forKey: key) { table.remove(slot: slot) }
            } else {
                let (slot, isNew) = table.insert(key)
                #expect(isNew == (model[key] == nil))
                #expect(model[key] ?? slot == slot)
                model[key] = slot
            }
        }
        #expect(table.count == model.count)
        #expect(Set(model.values).count == model.count)
        for (key, slot) in model { #expect(table.slot(of: key) == slot) }
    }
}

@Suite struct LargeTextTableTests {
    /// Many keys, in slots in the order of their coming, through every split; half of them removed, and found no more.
    @Test func growsAndShrinks() {
        var table = TextTable()
        let keys = (0..<200_000).map { Text("key number \($0)") }
        for (slot, key) in keys.enumerated() { #expect(table.insert(key) == (slot, true)) }
        for (slot, key) in keys.enumerated() where slot % 2 == 0 {
            #expect(table.slot(of: key) == slot)
            table.remove(slot: slot)
        }
        #expect(table.count == 100_000)
        for (slot, key) in keys.enumerated() { #expect(table.slot(of: key) == (slot % 2 == 0 ? nil : slot)) }
        #expect(table.insert(keys[0]) == (199_998, true), "The slot that was freed last is used again first.")
    }

    /// Keys whose hashes somebody has made to begin alike: the directory stays small, and all are found.
    @Test func similarHashesAreNoHarm() {
        var table = TextTable()
        var keys: [Text] = []
        var number: UInt64 = 0
        while keys.count < 3000 {
            let key = Text(low: number, high: 1)
            number += 1
            if key.hash64 >> 48 == 0xA5A5 { keys.append(key) }
        }
        for (slot, key) in keys.enumerated() { #expect(table.insert(key) == (slot, true)) }
        for (slot, key) in keys.enumerated() { #expect(table.slot(of: key) == slot) }
    }
}

@Suite struct SHA256Tests {
    /// Vectors of FIPS 180-4's examples.
    @Test func knownDigests() {
        #expect(
            SHA256.hexadecimal(of: Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(
            SHA256.hexadecimal(of: []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
        #expect(
            SHA256.hexadecimal(of: Array(repeating: 0x61, count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        )
    }

    @Test func piecesDoNotMatter() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for size in [1, 3, 63, 64, 65, 999] {
            var digest = SHA256()
            for start in stride(from: 0, to: bytes.count, by: size) {
                digest.update(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(digest.hexadecimal() == SHA256.hexadecimal(of: bytes))
        }
    }
}

@Suite struct UnitsTests {
    @Test func millisecondsRoundTowardsThePast() {
        #expect(EventTime(microseconds: 1999).milliseconds == 1)
        #expect(EventTime(microseconds: -1).milliseconds == -1)
        #expect(EventTime(microseconds: -1000).milliseconds == -1)
        #expect(EventTime(microseconds: .min).milliseconds == .min / 1000 - 1)
        #expect(EventTime(microseconds: .max).milliseconds == .max / 1000)
    }

    @Test func seededIsPortable() {
        // The first outputs of SplitMix64 for seed 0, from its authors' reference program.
        var random = Seeded(seed: 0)
        #expect(random.next() == 0xE220_A839_7B1D_CDAF)
        #expect(random.next() == 0x6E78_9E6A_A1B9_65F4)
    }
}
