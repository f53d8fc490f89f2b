extension BadPipelineTests {
    /// In what queries compute.
    static let mistakesInQueries: [Mistake] = [
        Mistake(
            #"an unknown entity"#,
            #"by: who, window"#,
            #"by: whom, window"#,
            #"29:25: error: by must be one of who, not "whom"; did you mean "who"?"#
        ),
        Mistake(
            #"a query twice"#,
            #"name: rising"#,
            #"name: minutes"#,
            #"30:11: error: there are two queries "minutes""#
        ),
        Mistake(
            #"a window of nothing"#,
            #"window: 1m"#,
            #"window: 0s"#,
            #"29:38: error: window must be longer than 0 s"#
        ),
        Mistake(
            #"a window that is no duration"#,
            #"window: 1m"#,
            #"window: 1q"#,
            #"29:38: error: window must be a duration such as 30s, 5m or 7d, not "1q""#
        ),
        Mistake(
            #"steps that do not divide the window"#,
            #"every: 30s"#,
            #"every: 40s"#,
            #"29:49: error: the window must be a multiple of "every", and at most 1440 times as long"#
        ),
        Mistake(
            #"an unknown function of a window"#,
            #"sum(amount)"#,
            #"smu(amount)"#,
            #"29:88: error: a column cannot be smu(…); did you mean "sum"?"#
        ),
        Mistake(
            #"a function that needs a current event"#,
            #"sum(amount)"#,
            #"zscore(amount)"#,
            #"29:88: error: a column cannot be zscore(…)"#
        ),
        Mistake(
            #"an unknown field in a column"#,
            #"sum(amount)"#,
            #"sum(amout)"#,
            #"29:92: error: there is no field or feature "amout"; did you mean "amount"?"#
        ),
        Mistake(
            #"a column of the wrong type"#,
            #"sum(amount)"#,
            #"sum(country)"#,
            #"29:92: error: a number is needed here, this is a text; compare it (x == "a") to get a condition, or give its kinds numbers: category(x, "A", "B")"#
        ),
        Mistake(
            #"a label in a column"#,
            #"sum(amount)"#,
            #"sum(fraud)"#,
            #"29:92: error: "fraud" is a label: no feature, rule or entity may read it, only training and evaluation, and a window that is delayed until it is known"#
        ),
        Mistake(
            #"a label in a sequence"#,
            #"amount > 100]"#,
            #"fraud == 1]"#,
            #"32:29: error: "fraud" is a label: no feature, rule or entity may read it, only training and evaluation, and a window that is delayed until it is known"#
        ),
        Mistake(
            #"no columns"#,
            #", columns: {events: count(), total: sum(amount)}"#,
            #""#,
            #"29:5: error: a query with a window needs columns, as in columns: {events: count()}"#
        ),
        Mistake(
            #"neither window nor sequence"#,
            #"window: 1m, every: 30s, "#,
            #""#,
            #"29:5: error: a query needs a window and columns, or a sequence"#
        ),
        Mistake(
            #"a sequence without an end"#,
            #"    within: 5m\#n"#,
            #""#,
            #"30:5: error: a sequence needs "within": how far apart its first and last event may be"#
        ),
        Mistake(
            #"a sequence within nothing"#,
            #"within: 5m"#,
            #"within: 0s"#,
            #"33:13: error: within must be longer than 0 s"#
        ),
        Mistake(
            #"a step that is no condition"#,
            #"amount > 100]"#,
            #"amount]"#,
            #"32:29: error: a condition is needed here, this is a number"#
        ),
        Mistake(
            #"a window in a step"#,
            #"amount > 100]"#,
            #""count(who, 5m) > 3"]"#,
            #"32:45: error: a step looks at one event; windows and features cannot stand here"#
        ),
        Mistake(
            #"a feature in a step"#,
            #"amount > 100]"#,
            #"burst > 3]"#,
            #"32:35: error: a step looks at one event; windows and features cannot stand here"#
        ),
        Mistake(
            #"an unknown key of a query"#,
            #"within: 5m"#,
            #"witin: 5m"#,
            #"33:5: error: unknown key "witin" in a query; did you mean "within"?"#
        ),
        Mistake(
            #"no steps"#,
            #"sequence: [amount > 10, amount > 100]"#,
            #"sequence: []"#,
            #"32:15: error: a sequence is a list of 1 to 64 conditions"#
        ),
        Mistake(
            #"a column named start"#,
            #"events: count()"#,
            #"start: count()"#,
            #"29:64: error: "start" cannot be a column's name"#
        ),
        Mistake(
            #"window and sequence"#,
            #"within: 5m"#,
            #"within: 5m\#n    window: 1m"#,
            #"30:5: error: "window" belongs to a window; this query has a sequence"#
        ),
    ]
}
