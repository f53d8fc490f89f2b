extension BadPipelineTests {
    /// In the schema, the sections and their names.
    static let mistakesOfTheFile: [Mistake] = [
        Mistake(
            #"label as entity"#,
            #"who: payer"#,
            #"who: truth"#,
            #"18:8: error: "truth" is a label: no feature, rule or entity may read it, only training and evaluation, and a window that is delayed until it is known"#
        ),
        Mistake(
            #"two fields"#,
            #"country: text"#,
            #"amount: text"#,
            #"10:5: error: the key "amount" occurs twice; the other is in line 9"#
        ),
        Mistake(
            #"a section twice"#,
            #"partitions: 2"#,
            #"partitions: 2\#npartitions: 3"#,
            #"20:1: error: the key "partitions" occurs twice; the other is in line 19"#
        ),
        Mistake(
            #"bad duration"#,
            #"30s"#,
            #"30x"#,
            #"14:18: error: disorder must be a duration such as 30s, 5m or 7d, not "30x""#
        ),
        Mistake(
            #"neg duration"#,
            #"30s"#,
            #"-5s"#,
            #"14:18: error: disorder must be a duration such as 30s, 5m or 7d, not "-5s""#
        ),
        Mistake(
            #"bad duration in window"#,
            #"30d"#,
            #"30q"#,
            #"23:21: error: unknown unit of time "q": use ms, s, m, h, d or w"#
        ),
        Mistake(
            #"bad yaml"#,
            #"lists:"#,
            #"lists: ["#,
            #"17:1: error: not YAML: did not find expected ',' or ']'"#
        ),
        Mistake(
            #"tab"#,
            #"  risky"#,
            #"\#trisky"#,
            #"16:1: error: not YAML: found character that cannot start any token"#
        ),
        Mistake(
            #"unknown key"#,
            #"time: {disorder"#,
            #"time: {disordr"#,
            #"14:8: error: unknown key "disordr" in time; did you mean "disorder"?"#
        ),
        Mistake(
            #"unknown section"#,
            #"features:"#,
            #"featurs:"#,
            #"21:1: error: unknown key "featurs" in the pipeline file; did you mean "features"?"#
        ),
        Mistake(
            #"unknown type"#,
            #"country: text"#,
            #"country: txt"#,
            #"10:14: error: a field's type must be one of number, bool, text, time, json, not "txt"; did you mean "text"?"#
        ),
        Mistake(
            #"unknown role"#,
            #"role: amount"#,
            #"role: amont"#,
            #"9:34: error: role must be one of id, time, amount, domain, label, not "amont"; did you mean "amount"?"#
        ),
        Mistake(
            #"bad zone"#,
            #"UTC"#,
            #"Mars/Base"#,
            #"4:14: error: time_zone must be UTC, an offset such as +02:00 or a name such as Europe/Berlin, not "Mars/Base""#
        ),
        Mistake(
            #"model and rule"#,
            #"when: burst >= 3"#,
            #"when: burst >= 3\#n    model: x"#,
            #"27:12: error: a detector has a model or a rule, not both"#
        ),
        Mistake(
            #"a detector without model and rule"#,
            #"when: burst >= 3"#,
            #"title: x"#,
            #"25:5: error: detector rule needs a model or a rule (when)"#
        ),
        Mistake(
            #"missing model"#,
            #"when: burst >= 3"#,
            #"model: nosuch"#,
            #"26:12: error: there is no built-in model "nosuch": name a trained one with --model (`patternalarm train` makes it)"#
        ),
        Mistake(
            #"detector entity"#,
            #"session: 1h"#,
            #"entity: whom"#,
            #"27:13: error: entity must be one of who, not "whom"; did you mean "who"?"#
        ),
        Mistake(
            #"detector session 0"#,
            #"session: 1h"#,
            #"session: 0s"#,
            #"27:14: error: a session's gap must be longer than 0 s"#
        ),
        Mistake(
            #"threshold"#,
            #"when: burst >= 3"#,
            #"model: patternalarm\#n    threshold: 7"#,
            #"27:16: error: threshold must lie between 0 and 1"#
        ),
        Mistake(
            #"detector feature unknown"#,
            #"when: burst >= 3"#,
            #"model: patternalarm\#n    features: [brust]"#,
            #"27:16: error: there is no feature "brust"; did you mean "burst"?"#
        ),
        Mistake(
            #"two detectors"#,
            #"session: 1h"#,
            #"session: 1h\#n  - name: rule\#n    when: burst > 1"#,
            #"28:11: error: there are two detectors "rule""#
        ),
        Mistake(
            #"partition_by"#,
            #"partitions: 2"#,
            #"partition_by: whom"#,
            #"19:15: error: partition_by must be one of who, not "whom"; did you mean "who"?"#
        ),
        Mistake(
            #"partitions 0"#,
            #"partitions: 2"#,
            #"partitions: 0"#,
            #"19:13: error: partitions must be a whole number from 1 to 64"#
        ),
        Mistake(
            #"labels class not label"#,
            #"class: truth"#,
            #"class: country"#,
            #"20:17: error: class must be one of truth, fraud, not "country""#
        ),
        Mistake(
            #"labels class typo"#,
            #"class: truth"#,
            #"class: trut"#,
            #"20:17: error: class must be one of truth, fraud, not "trut"; did you mean "truth"?"#
        ),
        Mistake(
            #"no schema"#,
            #"schema:"#,
            #"lists2:"#,
            #"3:1: error: unknown key "lists2" in the pipeline file; did you mean "lists"?"#
        ),
        Mistake(
            #"no time role"#,
            #"role: time}"#,
            #"required: true}"#,
            #"4:3: error: one field must have the role time: it is the event time"#
        ),
        Mistake(
            #"two time roles"#,
            #"country: text"#,
            #"country: {type: time, role: time}"#,
            #"10:5: error: the role time is given to at and country; one field can have it"#
        ),
        Mistake(
            #"time role wrong type"#,
            #"type: time, role"#,
            #"type: text, role"#,
            #"7:5: error: the field with the role time must be of type time"#
        ),
        Mistake(
            #"amount role wrong type"#,
            #"type: number, role: amount, min: 0"#,
            #"type: text, role: amount"#,
            #"9:5: error: the field with the role amount must be of type number"#
        ),
        Mistake(
            #"id role on number"#,
            #"id: {type: text"#,
            #"id: {type: number"#,
            #"6:5: error: the field with the role id must be of type text"#
        ),
        Mistake(
            #"min on text"#,
            #"country: text"#,
            #"country: {type: text, min: 3}"#,
            #"10:5: error: min and max are for numbers; field country is a text"#
        ),
        Mistake(
            #"min>max"#,
            #"min: 0"#,
            #"min: 5, max: 1"#,
            #"9:5: error: the min of field amount is above its max: no event would be accepted"#
        ),
        Mistake(
            #"no entities"#,
            #"entities:\#n  who: payer\#n"#,
            #""#,
            #"1:1: error: the pipeline needs at least one entity"#
        ),
        Mistake(
            #"entity number"#,
            #"who: payer"#,
            #"who: amount"#,
            #"18:8: error: a text is needed here, this is a number"#
        ),
        Mistake(
            #"entity unknown field"#,
            #"who: payer"#,
            #"who: payr"#,
            #"18:8: error: there is no field or feature "payr"; did you mean "payer"?"#
        ),
        Mistake(
            #"entity empty list"#,
            #"who: payer"#,
            #"who: []"#,
            #"18:8: error: entity who has no field"#
        ),
        Mistake(
            #"version"#,
            #"version: 1"#,
            #"version: 2"#,
            #"1:10: error: this program reads version 1 of pipeline files"#
        ),
        Mistake(
            #"name of the activations"#,
            #"name: payments"#,
            #"name: __activations"#,
            #"2:7: error: a pipeline cannot be called "__activations": activations are kept under that name"#
        ),
        Mistake(
            #"name missing"#,
            #"name: payments\#n"#,
            #""#,
            #"1:1: error: the pipeline needs a name"#
        ),
        Mistake(
            #"severity order"#,
            #"partitions: 2"#,
            #"severity: {critical: 0.5, high: 0.9}"#,
            #"19:11: error: the severities must rise: medium, high, critical"#
        ),
        Mistake(
            #"required bad bool"#,
            #"required: true"#,
            #"required: yes"#,
            #"8:35: error: required must be true or false, not "yes""#
        ),
        Mistake(
            #"empty value"#,
            #"country: text"#,
            #"country:"#,
            #"10:13: error: a field's type must be one of number, bool, text, time, json, not """#
        ),
        Mistake(
            #"two fields of one path"#,
            #"country: text"#,
            #"country: {type: text, path: amount}"#,
            #"10:5: error: fields amount and country read the same path "amount""#
        ),
        Mistake(
            #"a list twice"#,
            #"risky: [KY, PA]"#,
            #"risky: [KY]\#n  risky: [PA]"#,
            #"17:3: error: the key "risky" occurs twice; the other is in line 16"#
        ),
        Mistake(
            #"list not list"#,
            #"risky: [KY, PA]"#,
            #"risky: KY"#,
            #"16:10: error: lists.risky must be a list"#
        ),
        Mistake(
            #"known_after neg"#,
            #"known_after: 7d"#,
            #"known_after: soon"#,
            #"13:53: error: known_after must be a duration such as 30s, 5m or 7d, not "soon""#
        ),
        Mistake(
            #"known_after on non label"#,
            #"country: text"#,
            #"country: {type: text, known_after: 7d}"#,
            #"10:5: error: known_after is for labels; field country has no role: label"#
        ),
    ]
}
