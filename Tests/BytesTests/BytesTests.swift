import Base
import Bytes
import Foundation
import TestKit
import Testing

@Suite struct JSONScannerTests {
    private func isValid(_ text: [UInt8]) -> Bool {
        text.withUnsafeBufferPointer { buffer in
            guard UTF8Check.isValid(buffer) else { return false }
            var scanner = JSONScanner(buffer)
            do throws(JSONFault) {
                try scanner.skipValue()
                scanner.skipSpace()
                return scanner.position == scanner.end
            } catch {
                return false
            }
        }
    }

    @Test(arguments: [
        "{}", "[]", "[1,2.5e-3,-0]", "{\"a\":{\"b\":[true,false,null]}}", "\"\\u00e9\\ud83d\\ude00\"", " {\"a\" : 1 } ",
        "1e400", "\"é\"",
    ])
    func accepts(text: String) { #expect(isValid(Array(text.utf8))) }

    @Test(arguments: [
        "", "{", "{]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1,]", "01", "1.", ".5", "+1", "1e", "NaN", "Infinity", "nul",
        "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"", "\"\u{1}\"", "{} x", "{\"a\":1,}", "'a'",
    ])
    func refuses(text: String) { #expect(!isValid(Array(text.utf8))) }

    @Test func refusesBadUTF8AndDeepNesting() {
        #expect(!isValid([0x22, 0xFF, 0x22]))
        #expect(!isValid(Array(String(repeating: "[", count: 100_000).utf8)))
    }

    /// What the strict scanner accepts after random changes, Foundation accepts, too.
    @Test(arguments: Seeds.upTo(30))
    func mutationsNeverTrapAndAgreeWithFoundation(seed: UInt64) {
        var random = Seeded(seed: seed)
        let sample = Array(#"{"id":"A\u00e91","n":-12.5e3,"list":[{"c":"x"},{"c":null}],"t":true,"s":"a\"b\\c"}"#.utf8)
        for _ in 0..<2000 {
            var bytes = sample
            for _ in 0...random.below(3) {
                let place = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[place] = UInt8(random.below(256))
                case 1: bytes.remove(at: place)
                default: bytes.insert(bytes[random.below(bytes.count)], at: place)
                }
            }
            guard isValid(bytes) else { continue }
            do {
                _ = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            } catch {
                // Foundation refuses numbers that it cannot hold; by the grammar they are fine.
                let isNumber = "\(error)".contains("Number") || "\(error)".contains("number")
                #expect(isNumber, "\(String(decoding: bytes, as: UTF8.self)): \(error)")
            }
        }
    }
}

@Suite struct NumberParserTests {
    /// Random spellings against the C library.
    @Test func equalsStrtod() {
        var random = Seeded(seed: 7)
        for _ in 0..<100_000 {
            var text = random.below(2) == 0 ? "-" : ""
            text += String(random.next() >> UInt64(random.below(64)))
            if random.below(2) == 0 { text += "." + String(random.next() >> UInt64(random.below(64))) }
            if random.below(3) == 0 { text += "e\(random.below(60) - 30)" }
            let bytes = Array(text.utf8)
            var position = 0
            let value = bytes.withUnsafeBufferPointer { buffer in
                buffer.baseAddress.flatMap { NumberParser.parse($0, &position, end: buffer.count) }
            }
            #expect(value?.bitPattern == strtod(text, nil).bitPattern, "\(text)")
            #expect(position == bytes.count)
        }
    }
}

@Suite struct TimeParserTests {
    private func parse(_ text: String, zone: Int = 0) -> Int64? {
        var text = text
        return text.withUTF8 { TimeParser.iso8601($0, zoneMinutes: zone) }
    }

    @Test func readsTheCommonSpellings() {
        let base: Int64 = 1_772_438_400_000_000
        #expect(parse("2026-03-02T08:00:00+00:00") == base)
        #expect(parse("2026-03-02T08:00:11.9+00:00") == base + 11_900_000)
        #expect(parse("2026-03-02T08:00:00.1234567Z") == base + 123_456)
        #expect(parse("2026-03-02 09:00:00+01:00") == base)
        #expect(parse("2026-03-02T10:00:00", zone: 120) == base)
        #expect(parse("2026-03-02") == base - 8 * 3_600_000_000)
        #expect(parse("2024-02-29T00:00:00Z") != nil)
        #expect(parse("1970-01-01T00:00:00Z") == 0)
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02T08:00:60Z", "yesterday",
        "2026-03-02T08:00:00+25:00", "2026-03-02T08:00:00.Z", "0001-01-01T00:00:00Z", "2026-3-2T8:0:0Z", "",
        "2026-03-02T08:00:00Zx",
    ])
    func refuses(text: String) { #expect(parse(text) == nil) }

    @Test func tellsEpochsApartBySize() {
        #expect(TimeParser.epoch(1_772_438_400) == 1_772_438_400_000_000)
        #expect(TimeParser.epoch(1_772_438_400_000) == 1_772_438_400_000_000)
        #expect(TimeParser.epoch(1_772_438_400_000_000) == 1_772_438_400_000_000)
        #expect(TimeParser.epoch(-1) == nil)
        #expect(TimeParser.epoch(.infinity) == nil)
        #expect(TimeParser.epoch(.nan) == nil)
    }

    @Test func textRoundTrips() {
        var random = Seeded(seed: 3)
        for _ in 0..<10_000 {
            let time = Int64(random.below(2_000_000_000)) * 1_000_000 + Int64(random.below(1_000_000))
            #expect(parse(TimeParser.rfc3339(microseconds: time)) == time)
            #expect(parse(TimeParser.text(milliseconds: time / 1000)) == time / 1000 * 1000)
        }
    }

    @Test func everyTimeHasAText() {
        #expect(TimeParser.text(milliseconds: .min) == "-292275055-05-16T16:47:04.192Z")
        #expect(TimeParser.text(milliseconds: .max) == "292278994-08-17T07:12:55.807Z")
        #expect(TimeParser.text(milliseconds: -1) == "1969-12-31T23:59:59.999Z")
        #expect(TimeParser.rfc3339(microseconds: -1) == "1969-12-31T23:59:59.999999+00:00")
        #expect(!TimeParser.rfc3339(microseconds: .min).isEmpty && !TimeParser.rfc3339(microseconds: .max).isEmpty)
    }
}

@Suite struct CSVTests {
    private func convert(
        _ record: String,
        separator: Unicode.Scalar = ",",
        hasDecimalComma: Bool = false
    ) throws(CSVGrammar.Fault) -> String {
        let csv = CSVRecord(
            names: [Array("id".utf8), Array("n".utf8), Array("ok".utf8)],
            grammar: CSVGrammar(separator: UInt8(separator.value)),
            hasDecimalComma: hasDecimalComma
        )
        return try Array(record.utf8).withUnsafeBufferPointer { record throws(CSVGrammar.Fault) in
            String(decoding: try csv.json(record), as: UTF8.self)
        }
    }

    @Test func convertsRecords() throws {
        #expect(try convert("a,1.50,true") == #"{"id":"a","n":"1.50","ok":"true"}"#)
        #expect(try convert("\"a,\"\"b\"\"\nc\",,0") == "{\"id\":\"a,\\\"b\\\"\\u000ac\",\"ok\":\"0\"}")
        #expect(try convert("a,x,maybe") == #"{"id":"a","n":"x","ok":"maybe"}"#)
        #expect(try convert("TV 42\" black,1,1") == #"{"id":"TV 42\" black","n":"1","ok":"1"}"#)
        #expect(try convert("a, 1,T") == #"{"id":"a","n":" 1","ok":"T"}"#)
        #expect(try convert(",,") == "{}")
        #expect(try convert("\u{1}\\" + String(repeating: "\u{2}", count: 2000) + ",-1e5,F").count == 12_037)
    }

    @Test func decimalCommasAreKept() throws {
        func convert(_ record: String) throws -> String {
            try self.convert(record, separator: ";", hasDecimalComma: true)
        }
        #expect(try convert("a;1.234,50;true") == #"{"id":"a","n":"1\u002e234\u002c50","ok":"true"}"#)
        #expect(try convert("1,5;-12,0;1") == #"{"id":"1\u002c5","n":"-12\u002c0","ok":"1"}"#)
        #expect(try convert("1.5;12.5;1") == #"{"id":"1\u002e5","n":"12\u002e5","ok":"1"}"#)
        #expect(try convert("02.03.2026;,5;") == #"{"id":"02.03.2026","n":"\u002c5"}"#)
        #expect(try convert("10.0.0.1;1.234.567;") == #"{"id":"10.0.0.1","n":"1\u002e234\u002e567"}"#)
    }

    @Test func malformedRecordsAreRefused() {
        for record in ["a,1", "a,1,true,4", "a,1,true,,", "a,"] {
            #expect(throws: CSVGrammar.Fault.fieldCount(expected: 3)) { try convert(record) }
        }
        #expect(throws: CSVGrammar.Fault.trailingSeparator(expected: 3)) { try convert("a,1,true,") }
        for record in ["\"a,1,true", "a,1,\"", "\"a\nb\"c,1,true"] {
            #expect(throws: CSVGrammar.Fault.unclosedQuote) { try convert(record) }
        }
    }
}

@Suite struct JSONValueTests {
    @Test func roundTrips() throws {
        let text = #"{"a":[1,2.5,-3],"b":[],"c":["x",null,{"d":true}],"e":"q\"\\\u000a"}"#
        let value = try JSONValue.parse(Array(text.utf8))
        var out: [UInt8] = []
        value.write(into: &out)
        #expect(String(decoding: out, as: UTF8.self) == text)
        #expect(value["a"]?.numberList == [1, 2.5, -3])
    }
}

@Suite struct NumberWriterTests {
    private func text(_ value: Double) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberWriter.sizeMax) { bytes in
            guard let base = bytes.baseAddress else { return "" }
            return String(decoding: bytes[..<NumberWriter.write(value, to: base)], as: UTF8.self)
        }
    }

    private func text(_ value: Int) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberWriter.sizeMax) { bytes in
            guard let base = bytes.baseAddress else { return "" }
            return String(decoding: bytes[..<NumberWriter.write(value, to: base)], as: UTF8.self)
        }
    }

    @Test func integers() {
        for value in [0, 1, -1, 9, 10, 99, 100, -100, 1_234_567_890, .max, .min, 999_999_999_999_999_999] {
            #expect(text(value) == String(value))
        }
        var power = 1
        while power < .max / 10 {
            for value in [power - 1, power, power + 1, -power] { #expect(text(value) == String(value)) }
            power *= 10
        }
    }

    @Test func theShortestTextThatReadsBackTheSame() {
        let written: [(Double, String)] = [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-12, "-12"), (0.5, "0.5"), (57.16, "57.16"), (-0.05, "-0.05"),
            (0.1, "0.1"),
            (1.1, "1.1"), (100.25, "100.25"), (1.0 / 3, "0.3333333333333333"), (1e300, "1e+300"), (.infinity, "inf"),
            (.leastNonzeroMagnitude, "5e-324"), (-2.2250738585072014e-308, "-2.2250738585072014e-308"),
            (0.001, "0.001"),
            (1e15, "1000000000000000"), (1e17, "1e+17"),
            (123_456_789_012_345.67, "123456789012345.67"), (9_999_999_999_999.99, "9999999999999.99"),
        ]
        for (value, expected) in written { #expect(text(value) == expected) }
        var random = Seeded(seed: 11)
        for _ in 0..<20_000 {
            let value =
                random.below(2) == 0
                ? Double(bitPattern: random.next()) : (random.unit() * 1e6 * 100).rounded() / 100
            guard value.isFinite else { continue }
            #expect(Double(text(value)) == value)
            #expect(text(value).utf8.count <= value.description.utf8.count)
        }
    }
}
