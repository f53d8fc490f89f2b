import Foundation
import TestKit
import Testing

/// What keeps the sources as they are meant to be, read from the sources themselves.
@Suite struct TidyTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../.."

    /// Swift files below a folder: path and lines.
    private static func files(_ folder: String) throws -> [(path: String, lines: [Substring])] {
        let all = FileManager.default.enumerator(atPath: root + "/" + folder)?.compactMap { $0 as? String } ?? []
        return try all.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            let text = try String(contentsOfFile: "\(root)/\(folder)/\(path)", encoding: .utf8)
            return ("\(folder)/\(path)", text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    private static let below: [String: Set<String>] = [
        "Base": ["CKernels"],
        "Bytes": ["Base", "CKernels"],
        "FileStore": ["Base", "Synchronization", "SystemPackage"],
        "EventLog": ["Base", "Bytes", "FileStore", "CLZ4", "CKernels", "Synchronization"],
        "StateStore": ["Base", "Bytes", "FileStore", "Synchronization"],
        "Plan": ["Base", "Bytes"],
        "Windows": ["Base", "Bytes", "Plan", "StateStore"],
        "Forest": ["Base", "Bytes", "CKernels"],
        "TensorGraph": ["CKernels", "Forest", "Synchronization"],
        "ForestFormats": ["Base", "Bytes", "Forest", "TensorGraph"],
        "ForestTraining": ["Base", "Forest", "Dispatch", "Synchronization"],
        "Evaluation": ["Base"],
        "Traffic": ["Base", "Bytes"],
        "Survey": ["Bytes"],
        "Draft": ["Bytes", "Survey"],
        "Runtime": [
            "AlertStore", "Base", "Bytes", "CoreMetrics", "Delivery", "Dispatch", "Engine", "EventLog", "FileStore",
            "Forest", "Foundation", "Metrics", "Plan", "StateStore", "Synchronization", "Windows",
        ],
        "Engine": [
            "Synchronization", "Base", "Bytes", "CKernels", "HeapModule", "CLZ4", "CZlib", "CZstd", "FileStore",
            "EventLog",
            "StateStore",
            "Plan",
            "Windows", "Forest", "TensorGraph",
        ],
        "AlertStore": ["Base", "CSQLite", "FileStore", "GRDB", "Synchronization"],
        "Delivery": ["AlertStore", "Base", "Bytes", "Engine", "Plan"],
    ]

    @Test func importsPointDownwards() throws {
        for (target, allowed) in Self.below {
            for file in try Self.files("Sources/" + target) {
                for line in file.lines where line.contains(#/^(public |package )?import /#) {
                    let name = String(line.split(separator: " ").last ?? "")
                    #expect(allowed.contains(name) || name == "Glibc" || name == "Musl", "\(file.path) imports \(name)")
                }
            }
        }
    }

    @Test func filesAreOfOneSubject() throws {
        for file in try Self.files("Sources") {
            #expect(file.lines.count <= 500, "\(file.path) has \(file.lines.count) lines")
        }
    }

    @Test func bannedWordsStayOut() throws {
        let banned = ["try!", "try?", "TO" + "DO", "FIX" + "ME", "as! "]
        for file in try Self.files("Sources") {
            for (number, line) in file.lines.enumerated() {
                for word in banned { #expect(!line.contains(word), "\(file.path):\(number + 1): \(word)") }
            }
        }
        // What could make two runs differ. The edge knows clocks: for latencies, and for its own records.
        let edge: Set = ["AlertStore", "Runtime"]
        let names = /\bDate\(\)|\.random\(in|\bshuffled\(\)|\.hashValue\b|\bprint\(|\bfatalError\b/
        for target in Self.below.keys where !edge.contains(target) {
            for file in try Self.files("Sources/" + target) {
                for (number, line) in file.lines.enumerated() {
                    let found = line.firstMatch(of: names).map { String($0.output) }
                    #expect(found == nil, "\(file.path):\(number + 1): \(found ?? "")")
                }
            }
        }
    }

    /// `Output` writes to standard output and standard error, and nothing else does: it keeps terminals safe.
    @Test func everythingIsSaidThroughOutput() throws {
        let others = /\b(print|debugPrint|dump|fputs|puts|perror)\(|FileHandle\.standard(Output|Error)|exit\(withError/
        for file in try Self.files("Sources") {
            for (number, line) in file.lines.enumerated() {
                let found = line.firstMatch(of: others).map { String($0.output.0) }
                #expect(found == nil, "\(file.path):\(number + 1): \(found ?? "")")
            }
        }
    }

    @Test func publicTypesSayWhatTheyAre() throws {
        for file in try Self.files("Sources") {
            for (number, line) in file.lines.enumerated() {
                let kinds = ["public struct ", "public final class ", "public enum ", "public protocol "]
                guard kinds.contains(where: { line.hasPrefix($0) }), number > 0 else { continue }
                let before = file.lines[number - 1]
                #expect(before.hasPrefix("///") || before.hasPrefix("@"), "\(file.path):\(number + 1) has no comment")
            }
        }
    }

    @Test func everyTargetHasTests() throws {
        let tests = Set(try FileManager.default.contentsOfDirectory(atPath: Self.root + "/Tests"))
        for target in Self.below.keys where !["FileStore", "Delivery"].contains(target) {
            #expect(tests.contains(target + "Tests"), "\(target)")
        }
    }

    @Test func theTopLevelIsFixed() throws {
        let allowed: Set = [
            "Package.swift", "Sources", "Tests", "Data", "Tools", "README.md", "LICENSE", "Package.resolved",
        ]
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.root) where !name.hasPrefix(".") {
            #expect(allowed.contains(name), "\(name) does not belong at the top")
        }
    }
}
