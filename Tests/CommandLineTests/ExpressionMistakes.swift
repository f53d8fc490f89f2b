extension BadPipelineTests {
    /// In what features, rules and entities compute.
    static let mistakesInExpressions: [Mistake] = [
        Mistake(
            #"unknown field"#,
            #"amount > 2000"#,
            #"amout > 2000"#,
            #"22:25: error: there is no field or feature "amout"; did you mean "amount"?"#
        ),
        Mistake(
            #"unknown feature"#,
            #"burst >= 3"#,
            #"brust >= 3"#,
            #"26:11: error: there is no field or feature "brust"; did you mean "burst"?"#
        ),
        Mistake(
            #"wrong type"#,
            #"mean(who, 30d, amount)"#,
            #"mean(who, 30d, country)"#,
            #"23:26: error: a number is needed here, this is a text; compare it (x == "a") to get a condition, or give its kinds numbers: category(x, "A", "B")"#
        ),
        Mistake(
            #"wrong compare"#,
            #"amount > 2000"#,
            #"amount == country"#,
            #"22:32: error: a number cannot be compared with a text"#
        ),
        Mistake(
            #"window 0"#,
            #"30d, amount"#,
            #"0s, amount"#,
            #"23:21: error: a window must be longer than 0 s, such as 5m or 30d"#
        ),
        Mistake(
            #"session 0 gap"#,
            #"mean(who, 30d, amount)"#,
            #"mean(session(who, 0s), amount)"#,
            #"23:29: error: a window must be longer than 0 s, such as 5m or 30d"#
        ),
        Mistake(
            #"cycle"#,
            #"usual: "mean(who, 30d, amount)""#,
            #"usual: "other + 1"\#n  other: usual * 2"#,
            #"23:3: error: features use each other in a circle: usual -> other -> usual"#
        ),
        Mistake(
            #"self cycle"#,
            #"usual: "mean(who, 30d, amount)""#,
            #"usual: "usual + 1""#,
            #"23:3: error: features use each other in a circle: usual -> usual"#
        ),
        Mistake(
            #"label"#,
            #"amount > 2000"#,
            #"truth == "yes""#,
            #"22:25: error: "truth" is a label: for a window to read it the schema must say when it becomes known, as in known_after: 7d"#
        ),
        Mistake(
            #"label short delay"#,
            #"mean(who, 30d, amount)"#,
            #"mean(who, 30d, fraud delay 1d)"#,
            #"23:26: error: "fraud" is known 7d after the event: the window must be delayed by at least that; did you mean "delay 7d"?"#
        ),
        Mistake(
            #"label direct"#,
            #"mean(who, 30d, amount)"#,
            #"fraud"#,
            #"23:11: error: "fraud" is a label: no feature, rule or entity may read it, only training and evaluation, and a window that is delayed until it is known"#
        ),
        Mistake(
            #"label as rule"#,
            #"burst >= 3"#,
            #"truth == "x""#,
            #"26:11: error: "truth" is a label: no feature, rule or entity may read it, only training and evaluation, and a window that is delayed until it is known"#
        ),
        Mistake(
            #"unknown function"#,
            #"mean(who"#,
            #"maen(who"#,
            #"23:11: error: there is no function "maen"; did you mean "mean"?"#
        ),
        Mistake(
            #"two features"#,
            #"usual: "mean"#,
            #"burst: "mean"#,
            #"23:3: error: the key "burst" occurs twice; the other is in line 22"#
        ),
        Mistake(
            #"unknown entity"#,
            #"mean(who"#,
            #"mean(whom"#,
            #"23:16: error: there is no entity "whom"; did you mean "who"?"#
        ),
        Mistake(
            #"missing window len"#,
            #"30d, amount"#,
            #"amount"#,
            #"23:16: error: a window needs a length after "who", such as 5m or 30d"#
        ),
        Mistake(
            #"unknown list"#,
            #"amount > 2000"#,
            #"country in @risk"#,
            #"22:36: error: there is no list "@risk"; did you mean "@risky"?"#
        ),
        Mistake(
            #"nested window"#,
            #"amount > 2000"#,
            #"sum(who, 5m, amount) > 3"#,
            #"22:10: error: a window is over the fields of events; features and other windows cannot stand inside count(…)"#
        ),
        Mistake(
            #"feature in window"#,
            #"amount > 2000"#,
            #"usual > 3"#,
            #"22:10: error: a window is over the fields of events; features and other windows cannot stand inside count(…)"#
        ),
        Mistake(
            #"delay on session"#,
            #"mean(who, 30d, amount)"#,
            #"mean(session(who, 5m), amount delay 7d)"#,
            #"23:11: error: "delay" shifts a sliding window only, as in count(actor, 7d delay 7d)"#
        ),
        Mistake(
            #"list as number"#,
            #"mean(who, 30d, amount)"#,
            #"items"#,
            #"23:11: error: a number is needed here, this is a list; try length(…) or share(…)"#
        ),
        Mistake(
            #"text feature"#,
            #"usual: "mean(who, 30d, amount)""#,
            #"usual: country"#,
            #"23:10: error: a number is needed here, this is a text; compare it (x == "a") to get a condition, or give its kinds numbers: category(x, "A", "B")"#
        ),
        Mistake(
            #"unclosed text"#,
            #"amount > 2000"#,
            #"country == 'x"#,
            #"22:36: error: the text has no closing quote"#
        ),
        Mistake(
            #"feature map no value"#,
            #"usual: "mean(who, 30d, amount)""#,
            #"usual: {title: x}"#,
            #"23:10: error: feature usual needs a value"#
        ),
        Mistake(
            #"feature unknown key"#,
            #"usual: "mean(who, 30d, amount)""#,
            #"usual: {value: "1", titel: x}"#,
            #"23:23: error: unknown key "titel" in feature usual; did you mean "title"?"#
        ),
        Mistake(
            #"features a list"#,
            #"features:\#n  burst: count(who, 5m, amount > 2000)\#n  usual: "mean(who, 30d, amount)""#,
            #"features: [a]"#,
            #"21:11: error: features must be a map of keys and values"#
        ),
        Mistake(
            #"empty feature"#,
            #"usual: "mean(who, 30d, amount)""#,
            #"usual:"#,
            #"23:9: error: a value is missing before the end"#
        ),
        Mistake(
            #"lone operator"#,
            #"amount > 2000"#,
            #"amount >"#,
            #"22:33: error: a value is missing before ")""#
        ),
        Mistake(
            #"bad char"#,
            #"amount > 2000"#,
            #"amount > 2000;"#,
            #"22:38: error: unexpected character ";""#
        ),
        Mistake(
            #"feature multi-line"#,
            #"usual: "mean(who, 30d, amount)""#,
            #"usual: >\#n    mean(who,\#n    30d, amout)"#,
            #"23:10: error: there is no field or feature "amout"; did you mean "amount"?"#
        ),
        Mistake(
            #"is_null typo"#,
            #"amount > 2000"#,
            #"is_nul(amount)"#,
            #"22:25: error: there is no function "is_nul"; did you mean "is_null"?"#
        ),
        Mistake(
            #"excluding typo"#,
            #"mean(who, 30d, amount)"#,
            #"mean(who, 30d, amount) excluding curent"#,
            #"23:44: error: "current" is missing after "excluding""#
        ),
        Mistake(
            #"delay on plain"#,
            #"mean(who, 30d, amount)"#,
            #"abs(amount delay 7d)"#,
            #"23:11: error: abs(…) has no window: "delay" and "excluding current" do not fit"#
        ),
        Mistake(
            #"in mixed"#,
            #"amount > 2000"#,
            #"country in ["a", 3]"#,
            #"22:42: error: the list must hold texts, written out"#
        ),
        Mistake(
            #"starts_with field"#,
            #"amount > 2000"#,
            #"starts_with(country, country)"#,
            #"22:46: error: the second argument must be a text, written out"#
        ),
    ]
}
