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
        let margins = [[-4.0], [2.5], [4], [-4], [-4]]
        for rows in ["rows.csv", "turned.csv", "unnamed.csv"] {
            #expect(try scores(space, "m.txt", rows, "--margin") == margins)
        }
        let result = try space.run(["models", "score", "m.txt", "rows.csv", "--format", "csv"])
        #expect(result.lines == ["pred"] + margins.map { String(1 / (1 + exp(-$0[0]))) })
        #expect(try space.run(["models", "score", "m.txt", "unnamed.csv"]).err.contains("no column is named"))

        try space.write("amount,device\n1,2\n", "wrong.csv")
        let wrong = try space.run(["models", "score", "m.txt", "wrong.csv"])
        #expect(wrong.status == 4 && wrong.err.contains("did you mean \"device\""), "\(wrong.err)")
        try space.write("amount,devices\n1,2\n1,x\n", "bad.csv")
        let bad = try space.run(["models", "score", "m.txt", "bad.csv"])
        #expect(bad.status == 4 && bad.err.contains("bad.csv:3") && bad.err.contains("\"x\""), "\(bad.err)")
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
