import Foundation
import TestKit
import Testing

/// Models of other libraries, as a user handles them.
@Suite struct ModelCommandTests {
    /// A LightGBM model of two features of the default pipeline: large amounts are fraud.
    private static let lightGBM = """
        tree
        version=v4
        num_class=1
        num_tree_per_iteration=1
        max_feature_idx=1
        objective=binary sigmoid:1
        feature_names=amount devices
        feature_infos=none none

        Tree=0
        num_leaves=3
        num_cat=0
        split_feature=0 1
        threshold=5000 1.5
        decision_type=2 2
        left_child=-1 -2
        right_child=1 -3
        leaf_value=-4 2.5 4
        leaf_count=90 5 5
        internal_count=100 10
        is_linear=0
        shrinkage=1


        end of trees

        """

    private func scores(_ space: Workspace, _ model: String, _ rows: String, _ options: String...) throws -> [[Double]]
    {
        let result = try space.run(["models", "score", model, rows] + options)
        #expect(result.status == 0, "\(result.err)")
        return result.lines.dropFirst().map { $0.split(separator: ",").map { Double(String($0)) ?? .nan } }
    }

    /// A pipeline without labels takes a model as the help has it, whatever its classes are called.
    @Test(
        arguments: [
            [], ["--classes", "0,1"], ["--classes", "good,bad"], ["--classes", "bad,good", "--negative", "good"],
        ]
    )
    func withoutLabelsTheFirstClassIsNotFraud(options: [String]) throws {
        let space = try Workspace()
        try space.write(Self.lightGBM, "m.txt")
        try space.write(
            """
            version: 1
            name: plain
            schema:
              fields:
                at: {type: time, role: time}
                who: {type: text, required: true}
                amount: {type: number, role: amount}
            entities: {payer: who}
            features:
              amount: amount
              devices: "count(payer, 5m)"
            detectors:
              - {name: large, model: m, threshold: 0.5, session: 5m}
            """,
            "p.yaml"
        )
        try space.write(
            """
            {"at":"2026-03-02T08:00:00Z","who":"a","amount":10}
            {"at":"2026-03-02T08:00:01Z","who":"b","amount":9000}

            """,
            "e.jsonl"
        )
        let taken = try space.run(["models", "import", "m.txt", "--name", "m", "--pipeline", "p.yaml"] + options)
        #expect(taken.status == 0, "\(taken.err)")
        let replay = ["replay", "e.jsonl", "--pipeline", "p.yaml", "--model", "models/m", "-q", "--data-dir", "d"]
        #expect(try space.run(replay).err.contains("2 ok") && space.run(replay).status == 0)
        let alerts = try space.run(["alerts", "list", "--data-dir", "d", "--format", "csv"])
        // Turned round, the small amount is the fraud.
        let key = options.contains("--negative") ? "a" : "b"
        #expect(alerts.lines.count == 2 && alerts.lines[1].contains(",\(key),"), "\(alerts.out)")
        // Without a pipeline the model says it itself.
        let alone = try space.run(["models", "import", "m.txt", "--name", "alone"] + options)
        #expect(alone.status == 0, "\(alone.err)")
        let again = replay.dropLast(3).map { $0 == "models/m" ? "models/alone" : $0 } + ["-q", "--data-dir", "e"]
        #expect(try space.run(again).err.contains("; 1 alerts"))
    }

    @Test func scoresByNameAndByPosition() throws {
        let space = try Workspace()
        try space.write(Self.lightGBM, "m.txt")
        try space.write("amount,devices\n100,1\n5000.5,1\n9000,2\n,\nnan,inf\n", "rows.csv")
        try space.write("x,devices,amount\n0,1,100\n0,1,5000.5\n0,2,9000\n0,,\n0,inf,nan\n", "turned.csv")
        try space.write("a,b\n100,1\n5000.5,1\n9000,2\n,\nnan,inf\n", "unnamed.csv")
        try space.write(Self.lightGBM.replacingOccurrences(of: "=amount devices", with: "=Column_0 Column_1"), "u.txt")
        let margins = [[-4.0], [2.5], [4], [-4], [-4]]
        for rows in ["rows.csv", "turned.csv"] { #expect(try scores(space, "m.txt", rows, "--margin") == margins) }
        #expect(try scores(space, "u.txt", "unnamed.csv", "--margin") == margins)
        let result = try space.run(["models", "score", "m.txt", "rows.csv", "--format", "csv"])
        #expect(result.lines == ["pred"] + margins.map { String(1 / (1 + exp(-$0[0]))) })
        #expect(try space.run(["models", "score", "u.txt", "unnamed.csv"]).err.contains("in their order, a, b as"))
        try space.write("amount,devices\n1,2\n1,x\n", "bad.csv")
        let bad = try space.run(["models", "score", "m.txt", "bad.csv"])
        #expect(bad.status == 4 && bad.err.contains("bad.csv:3") && bad.err.contains("\"x\""), "\(bad.err)")
    }

    /// Whatever does not say which column is which feature gives no numbers.
    @Test(
        arguments: [
            ("m.txt", "amount,device", "1,2", "no column is named devices (did you mean \"device\"?)"),
            ("m.txt", "Amount,devices", "1,2", "no column is named amount (did you mean \"Amount\"?)"),
            ("m.txt", "a,b", "1,2", "no column is named amount, devices; the model's features are amount, devices"),
            ("m.txt", "f0,f1", "1,2", "columns that it does not know: f0, f1"),
            ("m.txt", "amount,devices,amount", "1,2,3", "two columns are named \"amount\""),
            ("u.txt", ",a,b", "0,1,2", "takes 2 columns, the file has 3: \"\", a, b"),
            ("u.txt", "a", "1", "takes 2 columns, the file has 1"),
            ("u.txt", "Column_1,a", "1,2", "name the columns Column_0"),
            ("u.txt", "0.5,1.5", "1,2", "the first line is numbers"),
            ("u.txt", "7,8", "1,2", "the first line is numbers"),
        ]
    )
    func columnsAreNotGuessed(model: String, header: String, row: String, words: String) throws {
        let space = try Workspace()
        try space.write(Self.lightGBM, "m.txt")
        try space.write(Self.lightGBM.replacingOccurrences(of: "=amount devices", with: "=Column_0 Column_1"), "u.txt")
        try space.write("\(header)\n\(row)\n", "rows.csv")
        let result = try space.run(["models", "score", model, "rows.csv"])
        #expect(result.status == 4 && result.err.contains(words) && result.out.isEmpty, "\(result.err)")
    }

    /// Names that the libraries give to features without names are names, too: their order is free.
    @Test(arguments: ["Column_1,x,Column_0", "f1,x,f0", "1,x,0"])
    func generatedNamesAreNames(header: String) throws {
        let space = try Workspace()
        try space.write(Self.lightGBM.replacingOccurrences(of: "=amount devices", with: "=Column_0 Column_1"), "u.txt")
        try space.write("\(header)\n1,7,100\n1,7,5000.5\n2,7,9000\n", "rows.csv")
        #expect(try scores(space, "u.txt", "rows.csv", "--margin") == [[-4.0], [2.5], [4]])
    }

    /// LightGBM's model of a data frame with a column of names: KY and NG are fraud.
    private static let named = """
        tree
        version=v4
        num_class=1
        num_tree_per_iteration=1
        max_feature_idx=1
        objective=binary sigmoid:1
        feature_names=amount country
        feature_infos=[0:100] -1:0:1:2:3

        Tree=0
        num_leaves=2
        num_cat=1
        split_feature=1
        threshold=0
        decision_type=1
        left_child=-1
        right_child=-2
        leaf_value=2.5 -4
        leaf_count=50 50
        internal_count=100
        cat_boundaries=0 1
        cat_threshold=6
        is_linear=0
        shrinkage=1


        end of trees

        pandas_categorical:[["DE", "KY", "NG", "US"]]

        """

    @Test func categoriesAreGivenByName() throws {
        let space = try Workspace()
        try space.write(Self.named, "m.txt")
        try space.write("country,amount\nKY,1\nDE,1\n\"NG\",1\nUS,1\nFR,1\n,1\n", "rows.csv")
        let wanted = [[2.5], [-4], [2.5], [-4], [-4], [-4]]
        let result = try space.run(["models", "score", "m.txt", "rows.csv", "--margin"])
        #expect(try scores(space, "m.txt", "rows.csv", "--margin") == wanted)
        #expect(result.err.contains("1 fields of column \"country\"") && result.err.contains("\"FR\""), "\(result.err)")
        try space.write("country,amount\n1,1\n0,1\n,1\n", "coded.csv")
        let coded = try space.run(["models", "score", "m.txt", "coded.csv"])
        #expect(coded.status == 4 && coded.err.contains("--category-codes"), "\(coded.err)")
        #expect(try scores(space, "m.txt", "coded.csv", "--margin", "--category-codes") == [[2.5], [-4], [-4]])
        try space.run(["models", "import", "m.txt", "--name", "own"])
        #expect(try scores(space, "models/own", "rows.csv", "--margin") == wanted)
    }

    /// A pipeline turns text into the model's own categories.
    @Test(
        arguments: [
            ("category(country)", 0, "2 alerts"), ("category(country, \"NG\", \"KY\")", 0, "1 alerts"),
            ("if(amount > 0, category(country), 0)", 3, "a feature by itself"),
            ("category(amount)", 3, "is the category of a number"),
        ] as [(String, Int32, String)]
    )
    func aPipelineTakesTheModelsCategories(value: String, status: Int32, words: String) throws {
        let space = try Workspace()
        try space.write(Self.named, "m.txt")
        let pipeline = """
            version: 1
            name: plain
            schema:
              fields:
                at: {type: time, role: time}
                who: {type: text, required: true}
                amount: {type: number, role: amount}
                country: text
            entities: {payer: who}
            features:
              amount: amount
              country: '\(value)'
            detectors:
              - {name: named, model: m, threshold: 0.5, session: 5m}
            """
        try space.write(pipeline, "p.yaml")
        let events = ["KY", "DE", "NG", "US", "FR"].enumerated().map { index, country in
            "{\"at\":\"2026-03-02T08:00:0\(index)Z\",\"who\":\"\(country)\",\"amount\":10,\"country\":\"\(country)\"}\n"
        }
        try space.write(events.joined() + "{\"at\":\"2026-03-02T08:00:09Z\",\"who\":\"x\",\"amount\":10}\n", "e.jsonl")
        let taken = try space.run(["models", "import", "m.txt", "--name", "m", "--pipeline", "p.yaml"])
        #expect(taken.status == status, "\(taken.err)")
        guard status == 0 else {
            #expect(taken.err.contains(words), "\(taken.err)")
            return
        }
        let replay = ["replay", "e.jsonl", "--pipeline", "p.yaml", "-q", "--data-dir", "d"]
        let result = try space.run(replay + ["--model", "models/m"])
        #expect(result.status == 0 && result.err.contains("; \(words)"), "\(result.err)")
        // Without a model nobody knows the names.
        let features = try space.run(["export", "features", "e.jsonl", "--pipeline", "p.yaml", "--out", "-"])
        #expect(features.status == (value == "category(country)" ? 3 : 0), "\(features.err)")
    }

    @Test func theBestIterationAndTheClassAreWhatXGBoostPredicts() throws {
        func tree(_ leaf: Double, feature: Int = 0) -> String {
            """
            {"left_children":[1,-1,-1],"right_children":[2,-1,-1],"split_indices":[0,0,0],\
            "split_conditions":[5,\(leaf),\(-leaf)],"default_left":[1,0,0]}
            """
        }
        func file(_ attributes: String, _ objective: String, classes: Int, _ ends: String, _ groups: String) -> String {
            """
            {"learner":{"attributes":{\(attributes)},"feature_names":["amount"],"gradient_booster":{"name":"gbtree",
            "model":{"gbtree_model_param":{"num_parallel_tree":"1"},"iteration_indptr":\(ends),"tree_info":\(groups),
            "trees":[\(tree(1)),\(tree(0.5)),\(tree(0.25))]}},"learner_model_param":{"base_score":"5E-1",
            "num_class":"\(classes)","num_feature":"1","num_target":"1"},"objective":{"name":"\(objective)"}},"version":[3,2,0]}
            """
        }
        let space = try Workspace()
        try space.write("amount\n1\n9\n", "rows.csv")
        try space.write(
            file("\"best_iteration\":\"1\"", "binary:logistic", classes: 0, "[0,1,2,3]", "[0,0,0]"),
            "es.json"
        )
        let all = try space.run(["models", "score", "es.json", "rows.csv", "--margin"])
        #expect(all.lines == ["margin", "1.75", "-1.75"] && all.err.contains("--best-iteration"), "\(all.err)")
        #expect(try scores(space, "es.json", "rows.csv", "--margin", "--best-iteration") == [[1.5], [-1.5]])
        try space.run(["models", "import", "es.json", "--name", "es", "--best-iteration"])
        #expect(try scores(space, "models/es", "rows.csv", "--margin") == [[1.5], [-1.5]])
        try space.write(file("", "binary:logistic", classes: 0, "[0,1,2,3]", "[0,0,0]"), "no.json")
        try space.write(
            file("\"best_iteration\":\"7\"", "binary:logistic", classes: 0, "[0,1,2,3]", "[0,0,0]"),
            "far.json"
        )
        try space.write(Self.lightGBM, "m.txt")
        for model in ["no.json", "far.json", "m.txt"] {
            let none = try space.run(["models", "score", model, "rows.csv", "--best-iteration"])
            #expect(none.status == 3 && none.err.contains("best iteration"), "\(none.err)")
        }
        try space.write(file("", "multi:softmax", classes: 3, "[0,3]", "[0,1,2]"), "class.json")
        #expect(try space.run(["models", "score", "class.json", "rows.csv"]).lines == ["pred", "0.0", "2.0"])
        try space.write("amount,pred,margin2\n1,0,0.75\n9,2,0.25\n", "self.csv")
        let taken = try space.run(["models", "import", "class.json", "--name", "c", "--self-test", "self.csv"])
        #expect(taken.status == 0, "\(taken.err)")
        #expect(try scores(space, "models/c", "rows.csv") == [[0], [2]])
    }

    @Test func importsVersionsThatNeverChange() throws {
        let space = try Workspace()
        try space.write(Self.lightGBM, "m.txt")
        try space.write("amount,devices,pred\n100,1,0.01798621\n9000,2,0.98201379\n", "good.csv")
        try space.write("amount,devices,pred\n100,1,0.01798621\n9000,2,0.5\n", "bad.csv")
        let bad = try space.run(["models", "import", "m.txt", "--name", "big", "--self-test", "bad.csv"])
        #expect(bad.status == 3 && bad.err.contains("row 2: pred is"), "\(bad.err)")
        #expect(!space.exists("models"))

        let first = ["models", "import", "m.txt", "--name", "big", "--pipeline", "patternalarm"]
        let taken = try space.run(first + ["--self-test", "good.csv"])
        #expect(taken.status == 0 && taken.err.contains("models/big/1"), "\(taken.err)")
        #expect(taken.err.contains("2 rows as expected"))
        #expect(try space.run(first).err.contains("is this model already"))
        try space.write(Self.lightGBM.replacingOccurrences(of: "-4 2.5", with: "-4 3"), "m.txt")
        #expect(try space.run(first).err.contains("models/big/2"))
        let check = try space.run(["models", "check", "models/big", "models/big/1", "m.txt", "--format", "csv"])
        #expect(check.status == 0 && check.out.contains("patternalarm,classes,1,5,2,2,regular fraud"), "\(check.out)")
        // The newest version is meant by the folder.
        try space.write("amount,devices\n6000,1\n", "rows.csv")
        #expect(try scores(space, "models/big", "rows.csv", "--margin") == [[3]])
        #expect(try scores(space, "models/big/1", "rows.csv", "--margin") == [[2.5]])

        let typo = try space.run(first + ["--features", "amount,device"])
        #expect(typo.status == 3 && typo.err.contains("did you mean \"devices\""), "\(typo.err)")
    }

    @Test func anImportedModelFindsFraudInAReplay() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "3000", "--seed", "5", "--out", "e.jsonl"])
        try space.write(Self.lightGBM, "m.txt")
        try space.run(["models", "import", "m.txt", "--name", "big", "--pipeline", "patternalarm"])
        let replay = try space.run(["replay", "e.jsonl", "--data-dir", "d", "--model", "models/big"])
        #expect(replay.status == 0, "\(replay.err)")
        let alerts = try space.run(["alerts", "list", "--data-dir", "d", "--format", "csv"])
        #expect(alerts.lines.count > 5)
        #expect(alerts.out.contains("fraud"))
        #expect(try space.run(["evaluate", "e.jsonl", "--model", "models/big"]).status == 0)
        // Straight from the file: its classes have no names.
        let unnamed = try space.run(["replay", "e.jsonl", "--data-dir", "x", "--model", "m.txt"])
        #expect(unnamed.status == 3 && unnamed.err.contains("--classes"), "\(unnamed.err)")
        try space.write(Self.lightGBM.replacingOccurrences(of: "binary sigmoid:1", with: "regression"), "value.txt")
        let value = try space.run(["replay", "e.jsonl", "--data-dir", "x", "--model", "value.txt"])
        #expect(value.status == 3 && value.err.contains("not probabilities"), "\(value.err)")
    }

    @Test func exportsSayTheSame() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "4000", "--seed", "7", "--out", "e.jsonl"])
        try space.run(["train", "e.jsonl", "--out", "mine", "--trees", "10", "--depth", "8", "-q"])
        let names =
            try space.run(["models", "export", "mine", "--format", "onnx", "-o", "mine.onnx"]).err
            .split(separator: "\n").last.map { $0.split(separator: ",") } ?? []
        #expect(names.count > 20)
        #expect(try space.run(["models", "export", "mine", "--format", "xgboost", "-o", "mine.json"]).status == 0)
        let again = try space.run(["models", "export", "mine", "--format", "xgboost", "-o", "mine.json"])
        #expect(again.status == 2 && again.err.contains("exists already"))
        var text = names.joined(separator: ",") + "\n"
        for row in 0..<200 {
            let values = names.indices.map { ($0 + row) % 11 == 0 ? "" : String((row * 7919 + $0 * 104_729) % 1000) }
            text += values.joined(separator: ",") + "\n"
        }
        try space.write(text, "rows.csv")
        let mine = try scores(space, "mine", "rows.csv")
        #expect(mine.count == 200)
        for other in ["mine.onnx", "mine.json"] {
            for (left, right) in zip(mine, try scores(space, other, "rows.csv")) {
                #expect(zip(left, right).allSatisfy { abs($0 - $1) < 1e-6 } && left.count == right.count)
            }
        }
    }

    @Test func brokenFilesAreRefused() throws {
        let space = try Workspace()
        try space.write(Self.lightGBM.replacingOccurrences(of: "is_linear=0", with: "is_linear=1"), "linear.txt")
        try space.write("{\"learner\": 1}", "x.json")
        try space.write("hello", "hello")
        for (file, words) in [("linear.txt", "linear"), ("x.json", "num_feature"), ("hello", "known format")] {
            let check = try space.run(["models", "check", file])
            #expect(check.status == 3 && check.err.contains(words), "\(check.err)")
        }
        #expect(try space.run(["models", "check", "nothing"]).status == 3)
    }
}
