import Foundation
import Testing

extension Workspace {
    /// A data directory `d` with checkpoints in the middle and at the end of its log, as two runs leave it, and decisions about
    /// alerts; the log's segments are parted at a batch before the first checkpoint. So many further events are in each of two
    /// more recordings, `3.jsonl` and `4.jsonl`.
    static func withTwoSegments(events: Int = 12_000, decisions: Int = 40, further: Int = 0) throws -> Workspace {
        let space = try Workspace()
        try space.run(["simulate", "--events", "\(events + 2 * further)", "--out", "e.jsonl", "--seed", "5"])
        let lines = String(decoding: try space.read("e.jsonl"), as: UTF8.self).split(separator: "\n")
        let ends = [0, events / 2, events, events + further, lines.count]
        for number in 1...4 {
            let (name, part) = ("\(number).jsonl", lines[ends[number - 1]..<ends[number]])
            guard !part.isEmpty else { continue }
            try space.write(part.joined(separator: "\n") + "\n", name)
            guard number <= 2 else { continue }
            let replay = ["replay", name, "-q", "--batch-size", "64", "--data-dir", "d"]
            try #require(try space.run(replay).status == 0)
        }
        for partition in 0...1 { try space.part("d/log/patternalarm-\(partition)") }
        try space.decide(decisions)
        return space
    }

    /// Notes that a person has said something of as many alerts.
    func decide(_ count: Int, in directory: String = "d") throws {
        let sql = """
            INSERT INTO triage (alert_id, at_ms, author, status, label, assignee, note)
              SELECT alert_id, 1767600000000 + opened_offset, 'ann', 'closed', 'fraud', NULL, 'called the card holder, ' || type
              FROM alerts ORDER BY opened_offset LIMIT \(count);
            INSERT INTO labels VALUES ('event 1', 'fraud', 'ann', NULL, 1767600000000);
            """
        try write(sql, "decide.sql")
        let result = try script("sqlite3 \(directory)/alerts.sqlite < decide.sql")
        try #require(result.status == 0, "\(result.err)")
    }

    /// Statements that delete alerts with all that belongs to them.
    static func deletingAlerts(_ condition: String) -> String {
        """
        PRAGMA foreign_keys = ON; DELETE FROM alerts WHERE \(condition);
        DELETE FROM events WHERE (partition, "offset") NOT IN (SELECT partition, "offset" FROM evidence);
        """
    }

    /// Statements that make an alerts file one of version 5.
    static let toVersion5 = """
        DROP VIEW activations_iso; DROP TABLE activation_offsets; DROP TABLE activation_detectors; DROP TABLE activations;
        ALTER TABLE alerts DROP COLUMN activation; ALTER TABLE alerts DROP COLUMN detector_version;
        ALTER TABLE offsets DROP COLUMN activation;
        DELETE FROM grdb_migrations WHERE identifier = '6'; PRAGMA user_version = 5;
        """

    /// Takes away what a data directory knows of what was in force, as one has it that an earlier version has written.
    func forgetActivations(in directory: String = "d") throws {
        for name in ["log/__activations-0", "log/manifest", "definitions"] { try remove("\(directory)/\(name)") }
    }

    func deleteAlerts(_ condition: String) throws { _ = try ask(Self.deletingAlerts(condition)) }

    /// What a statement says of an alerts file.
    func ask(_ sql: String, of file: String = "d/alerts.sqlite") throws -> String {
        try write(sql, "ask.sql")
        let result = try script("sqlite3 '\(file)' < ask.sql")
        try #require(result.status == 0, "\(result.err)")
        return result.out.trimmingCharacters(in: .newlines)
    }

    /// Makes two segments of one, parted at the batch that is a quarter into it.
    private func part(_ folder: String) throws {
        let first = folder + "/00000000000000000000"
        let bytes = [UInt8](try read(first + ".log"))
        var position = 0
        while position < bytes.count / 4 { position += 12 + number(bytes[(position + 8)..<(position + 12)]) }
        let digits = String(number(bytes[position..<(position + 8)]))
        let second = folder + "/" + String(repeating: "0", count: 20 - digits.count) + digits
        try write(Data(bytes[..<position]), first + ".log")
        try write(Data(bytes[position...]), second + ".log")
        for suffix in [".index", ".timeindex"] where exists(first + suffix) { try remove(first + suffix) }
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
}
