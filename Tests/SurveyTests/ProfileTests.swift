import Survey
import TestKit
import Testing

/// What is told of small files whose content is known.
@Suite struct ProfileTests {
    @Test func rolesOfPayments() {
        let profile = Surveys.profile(Surveys.payments(1000))
        #expect(profile.records == 1000)
        #expect(profile.time?.column == "at")
        #expect(profile.time?.hasOffset == true)
        #expect(profile.ids == ["id"])
        #expect(profile.amounts == ["amount"])
        #expect(profile.labels.map(\.column) == ["is_fraud"])
        #expect(profile.entities.first?.column == "account")
        #expect(profile.entities.first?.kind == .who)
        #expect(profile.entities.first?.keys == 20)
        #expect(profile.entities.first?.median == 50)
        #expect(profile.entities.first { $0.column == "shop" }?.kind == .payee)
        #expect(profile.entities.first?.gapMedian == 1200)
    }

    /// What stands in a list is no record, and what to do is said.
    @Test func eventsInAListAreSpokenOf() {
        let rows = (0..<20).map { "{\"at\":\(1_772_438_400 + $0),\"who\":\"a\",\"amount\":\($0)}" }
        let list = "[" + rows.joined(separator: ",") + "]"
        func words(_ text: String) -> [String] { Surveys.profile(text).problems.map(\.words) }
        let plain = words("{\"page\":1,\"data\":{\"items\":" + list + "}}\n")
        #expect(plain.contains { $0.contains("in a list, data.items,") && $0.hasSuffix("jq -c '.data.items[]' does") })
        #expect(words("{\"my list\":" + list + "}\n").contains { $0.hasSuffix("make a line of each") })
        // Beside a time of their own they are what else a record has.
        let beside = words(
            rows.map { $0.dropLast() + ",\"items\":[{\"a\":1,\"b\":2,\"c\":3,\"d\":4}]}" }.joined(separator: "\n")
        )
        #expect(!beside.contains { $0.contains("in a list") })
    }

    /// A column is of a type if its values are, wherever they stand.
    @Test func typesAreToldByAllValues() {
        var text = "a,b,c,d\n"
        for row in 0..<5000 {
            let late = row >= 4000
            text +=
                "\(late ? "x\(row)" : "\(row)"),\(row == 4999 ? "oops" : "1.5"),\(late ? "2026-01-01" : "n/a"),007\n"
        }
        let profile = Surveys.profile(text, blockRecords: 512)
        #expect(profile["a"]?.type == .text)
        #expect(profile["b"]?.type == .number)
        #expect(profile["b"]?.misfitExamples.map(\.line) == [5001])
        #expect(profile["c"]?.type == .time)
        #expect(profile["c"]?.nulls == 4000)
        #expect(profile["c"]?.nullWords == ["n/a"])
        #expect(profile["d"]?.type == .text)
        #expect(profile["d"]?.isCode == true)
        #expect(profile.problems.contains { $0.lines == [5001] && $0.words.contains("oops") })
    }

    @Test(arguments: [
        ("31.12.2025", TimeForm.dayMonthYearDots), ("31.12.25 23:59", .dayMonthYearDots),
        ("12/31/2025", .monthDayYearSlashes),
        ("31/12/2025 10:00:01", .dayMonthYearSlashes), ("12/31/2025 01:15 PM", .monthDayYearSlashes),
        ("31-12-2025", .dayMonthYearDashes), ("20251231", .compact), ("2025-12-31 10:00:00", .known),
        ("Wed, 31 Dec 2025 08:00:00 GMT", .known), ("31/Dec/2025:08:00:00 +0100", .known), ("1767168000", .seconds),
        ("1767168000123", .milliseconds), ("1767168000123456", .microseconds), ("1767168000123456789", .nanoseconds),
    ])
    func formsOfTime(_ text: String, _ form: TimeForm) {
        let rows = (0..<60).map { "\"\(text)\",k\($0 % 6)\n" }.joined()
        let profile = Surveys.profile("time,key\n" + rows)
        #expect(profile.time?.spelling == .form(form), "\(String(describing: profile.time))")
        let day = (profile.time?.least ?? 0) / 86_400_000_000
        #expect(day == 20_453, "\(day)")
    }

    /// Amounts may have a currency beside them; letters and digits alone are a name.
    @Test(arguments: [
        ("$1,234.56", true), ("(12.00)", true), ("EUR 5.25", true), ("7.50 kr", true), ("1,000-", true),
        ("Rs.2411", true), ("CHF 12.-", true), ("12.50 zł", true), ("12.00 DR", false), ("1.5k", false),
        ("EUR0012", false), ("12e", false),
        ("user-17", false),
        ("Client 4", false), ("WXYZ-0001", false), ("A12", false), ("12:30", false), ("+49 171 1", false),
    ])
    func moneyIsToldFromCodes(_ text: String, _ isNumber: Bool) {
        let profile = Surveys.profile("a,b\n" + (0..<50).map { "\"\(text)\",\($0)\n" }.joined())
        #expect(profile["a"]?.type == (isNumber ? .number : .text))
        #expect(profile["a"]?.isDecorated == isNumber)
    }

    /// A spreadsheet's days, whole or not, are not seconds of a day long ago.
    @Test func daysOfSpreadsheets() {
        for (name, step) in [("ts", 1.0), ("date", 0.25), ("posted_day", 0.5)] {
            let rows = (0..<200).map { "\(46_083 + Double($0 / 3) * step),k\($0 % 9),\($0 % 11).5\n" }.joined()
            let text = step == 1 ? rows.replacing(".0,k", with: ",k") : rows
            let time = Surveys.profile("\(name),card,amount\n" + text).time
            #expect(time?.spelling == .form(.spreadsheetDays))
            #expect(time?.least == 1_772_409_600_000_000)
        }
        let seconds = (0..<200).map { "\(40_000 + $0 * 7),k\($0 % 9),\($0 % 11).5\n" }.joined()
        #expect(Surveys.profile("seconds,card,amount\n" + seconds).time?.spelling == .relative(unit: 1_000_000))
    }

    @Test func aTimeOfDayInAColumnOfItsOwn() {
        let rows = (0..<200).map {
            "2026-03-0\(1 + $0 / 100),\(8 + $0 / 60):\(10 + $0 % 50):11,k\($0 % 9),\($0 % 11).5\n"
        }
        let profile = Surveys.profile("date,time,card,amount\n" + rows.joined())
        #expect(profile.time?.column == "date" && profile.time?.clockColumn == "time")
        #expect(profile.problems.contains { $0.words.contains("another column, time") })
        let words = rows.map { "0\($0.dropFirst(9).prefix(1)) Jan 2026" + $0.dropFirst(10) }
        let named = Surveys.profile("date,time,card,amount\n" + words.joined())
        #expect(named.time?.isDate == true && named.time?.clockColumn == "time", "\(named.problems)")
        #expect(Surveys.profile(Surveys.payments(200)).time?.clockColumn == nil)
    }

    /// Who calls, and who is called, as switches write it: numbers, but keys.
    @Test(arguments: [
        ("CALLING_NUMBER", "CALLED_NUMBER"), ("a_number", "b_number"), ("caller", "callee"),
        ("msisdn", "dialled_number"),
        ("imsi", "calledParty"), ("subscriberNo", "B-Number"), ("A_MSISDN", "destination"),
    ])
    func phoneNumbersAreKeys(_ calling: String, _ called: String) {
        let rows = (0..<600).map {
            "+4917\($0 % 30),+4930\(1000 + $0 % 40),\(Surveys.minute($0)),\($0 % 97)\n"
        }
        let profile = Surveys.profile("\(calling),\(called),start_time,calling_duration\n" + rows.joined())
        #expect(profile.entities.map(\.column) == [calling, called], "\(profile.entities)")
        #expect(profile.entities.map(\.kind) == [.who, .payee])
        let once = rows.enumerated().map { $0.element.replacing("+4930", with: "+4930\($0.offset)") }
        #expect(Surveys.profile("\(calling),\(called),start_time,x\n" + once.joined()).ids.isEmpty)
    }

    @Test(arguments: ["stake_eur", "amount_usd", "stake", "price_gbp", "FEE", "chargeEUR"])
    func amountsByTheirNames(_ name: String) {
        let rows = (0..<200).map { "\(Surveys.minute($0)),k\($0 % 9),\($0 % 11).5,\($0 % 7)\n" }
        #expect(Surveys.profile("at,player,\(name),level\n" + rows.joined()).amounts == [name])
    }

    /// A fast clock's few stamps are named, and what is said of the order is without them; many are the order.
    @Test func fewStraysDoNotMakeTheOrder() {
        func time(_ every: Int) -> TimeProfile? {
            let text = Surveys.payments(2000) { row in
                Surveys.minute(row % every == every - 1 ? row + 10_000 : row % 50 == 49 ? row - 7 : row)
            }
            return Surveys.profile(text).time
        }
        let few = time(900)
        #expect(few?.ahead?.count == 2 && few?.ahead?.lines == [901, 1801])
        #expect(few?.ahead?.distance == Int64(10_001) * 60_000_000)
        #expect(few?.late == 38 && few?.lateness == 6 * 60_000_000, "\(String(describing: few))")
        #expect(few?.gaps.first.map { $0.to - $0.from < 3_600_000_000 } == true)
        let many = time(20)
        #expect(many?.ahead == nil && (many?.lateness ?? 0) > 9000 * 60_000_000)
        // A gap is none: all behind it come up to it.
        let gap = Surveys.profile(Surveys.payments(2000) { Surveys.minute($0 < 1000 ? $0 : $0 + 50_000) }).time
        #expect(gap?.ahead == nil && gap?.late == 0)
    }

    /// No pipeline finds a column without a name, nor one of two that have the same.
    @Test func columnsThatNoPipelineFinds() {
        func rows(_ rest: String) -> String {
            (0..<200).map { "t\($0),\(Surveys.minute($0)),c\($0 % 20),\($0 % 17).5,\(rest)\n" }.joined()
        }
        let empty = Surveys.profile("id,ts,card,amount,,\n" + rows(","))
        #expect(empty.columns.map(\.path) == ["id", "ts", "card", "amount"])
        #expect(empty.amounts == ["amount"] && empty.problems.isEmpty)
        let unnamed = Surveys.profile("id,ts,card,amount,,\n" + rows("7,x"))
        #expect(unnamed.columns.map(\.path).suffix(2) == ["column_5", "column_6"])
        #expect(unnamed.problems.count { $0.words.contains("has no name in the header") } == 2)
        let repeated = Surveys.profile("id,ts,card,amount,card\n" + rows("x"))
        #expect(repeated.entities.isEmpty)
        #expect(repeated.problems.contains { $0.words.contains("\"card\" more than once") && $0.lines == [1] })
    }

    @Test func relativeTimesAscendAndSayWhatTheyCount() {
        func rows(_ time: (Int) -> Int) -> String { (0..<500).map { "\(time($0)),k\($0 % 9),\($0 % 11).5\n" }.joined() }
        let steps = Surveys.profile("step,nameDest,amount\n" + rows { $0 / 3 })
        #expect(steps.time?.spelling == .relative(unit: 3_600_000_000))
        #expect(steps.time?.largest == Int64(166) * 3_600_000_000)
        let seconds = Surveys.profile("Time,V1,Amount\n" + rows { $0 * 7 })
        #expect(seconds.time?.spelling == .relative(unit: 1_000_000))
        // What goes up and down counts something else.
        #expect(Surveys.profile("hour,V1,Amount\n" + rows { $0 % 24 }).time == nil)
    }

    @Test func disorderIsMeasuredOverallAndByKey() {
        // Every tenth event is ninety minutes late, and it is always that of acc0 or acc10.
        let profile = Surveys.profile(Surveys.payments(1000) { Surveys.minute($0 % 10 == 0 ? $0 - 90 : $0) })
        #expect(profile.time?.late == 99)
        #expect(profile.time?.lateness == Int64(89) * 60_000_000)
        let account = profile.entities.first { $0.column == "account" }
        #expect(account?.late == 0)
        #expect(profile.time?.isReversed == false)
        let reversed = Surveys.profile(Surveys.payments(300) { Surveys.minute(300 - $0) })
        #expect(reversed.time?.isReversed == true)
        #expect(reversed.time?.lateness == Int64(299) * 60_000_000)
    }

    @Test func gapsAndRepeatedRecords() {
        var text = Surveys.payments(200) { Surveys.minute($0 < 150 ? $0 : $0 + 3000) }
        text += text.split(separator: "\n").suffix(2).joined(separator: "\n") + "\n"
        let profile = Surveys.profile(text)
        let gap = profile.time?.gaps.first
        #expect(gap?.line == 152)
        #expect((gap?.to ?? 0) - (gap?.from ?? 0) == 3001 * 60_000_000)
        #expect(profile.duplicates == 2)
        #expect(profile.problems.contains { $0.count == 2 && $0.lines == [202, 203] })
    }

    @Test func objectsAreTakenApart() {
        let lines = (0..<40).map { row in
            #"{"card":{"country":"D\u0045","n":\#(row % 5)},"tags":["a","b"],"ok":true,"none":null,"at":\#(1_772_000_000 + row)}"#
        }
        let profile = Surveys.profile(lines.joined(separator: "\n") + "\n{\"broken\": \n[1]\n")
        #expect(profile.columns.map(\.path) == ["card.country", "card.n", "tags[]", "ok", "at"])
        #expect(profile["card.country"]?.top.map(\.value) == ["DE"])
        #expect(profile["tags[]"]?.count == 80)
        #expect(profile["ok"]?.type == .bool)
        #expect(profile.time?.spelling == .form(.seconds))
        #expect(profile.refused == 2)
        #expect(profile.problems.map(\.lines).contains([41]))
    }

    /// Neither the size of blocks nor the order in which columns are looked at tells.
    @Test func theProfileIsTheSameHoweverItIsMade() {
        let text = Surveys.payments(3000)
        let whole = Surveys.profile(text)
        #expect(Surveys.profile(text, blockRecords: 700, spread: Surveys.backwards) == whole)
    }
}
