import Foundation
import Testing

/// Each target knows what Package.swift says that it knows: all of it, nothing else, and nothing above it.
@Suite struct LayoutTests {
    private let manifest: Manifest

    init() throws { manifest = try Manifest() }

    /// The modules that a folder's files import.
    private func imports(_ folder: String) throws -> [String: String] {
        var found: [String: String] = [:]
        for file in try TidyTests.files(folder) {
            for line in file.lines {
                guard let match = line.wholeMatch(of: #/(?:(?:public|package|@\w+) )*import (\w+)/#) else { continue }
                found[String(match.output.1)] = file.path
            }
        }
        return found
    }

    @Test func theManifestIsUnderstood() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Manifest.root + "/Sources").filter {
            $0 != "README.md"
        }
        #expect(Set(folders) == Set(manifest.libraries.map(\.name) + manifest.foreign))
        #expect(manifest.libraries.contains { $0.name == "Commands" && $0.below.count > 20 })
    }

    @Test func arrowsAreDrawnAndPointDownwards() throws {
        let ours = Set(manifest.libraries.map(\.name) + manifest.foreign)
        var above = Set(manifest.foreign)
        for target in manifest.libraries {
            let imported = try imports("Sources/" + target.name).keys.filter { ours.contains($0) }
            #expect(Set(imported) == Set(target.below), "\(target.name) rests on what it imports")
            #expect(above.isSuperset(of: target.below), "\(target.name) stands behind what it rests on")
            above.insert(target.name)
        }
    }

    /// So that it runs whole in a simulation, whatever the machine.
    @Test func theCoreKnowsNoMachine() throws {
        let system: Set = ["Glibc", "Musl", "Synchronization", "HeapModule"]
        // Trees are grown by several threads, which share nothing that they find.
        let further = ["ForestTraining": "Dispatch"]
        for target in manifest.libraries where target.isCore {
            for (name, path) in try imports("Sources/" + target.name) where !target.below.contains(name) {
                #expect(system.contains(name) || further[target.name] == name, "\(path) imports \(name)")
            }
        }
    }

    @Test func everyTargetHasTests() {
        let tests = Set(manifest.tests.map(\.name))
        // A file system is tried by what stands on it; Delivery and Commands by what they make.
        for target in manifest.libraries
        where !["FileStore", "Delivery", "Commands", "patternalarm"].contains(target.name) {
            #expect(tests.contains(target.name + "Tests"), "\(target.name)")
        }
    }

    /// Sources/README.md shows what is.
    @Test func thePictureIsDrawnFromTheManifest() throws {
        let page = try String(contentsOfFile: Manifest.root + "/Sources/README.md", encoding: .utf8)
        #expect(page.contains("\n" + manifest.picture + "\n"), "the picture should be:\n\(manifest.picture)")
    }

    /// Whoever cites a contract can look it up.
    @Test func citedContractsAreDefined() throws {
        let page = try String(contentsOfFile: Manifest.root + "/Sources/README.md", encoding: .utf8)
        for folder in ["Sources", "Tests"] {
            for file in try TidyTests.files(folder) {
                for line in file.lines {
                    for match in line.matches(of: #/\((C\d+)\)/#) {
                        #expect(page.contains("**\(match.output.1) "), "\(file.path) cites \(match.output.1)")
                    }
                }
            }
        }
    }
}
