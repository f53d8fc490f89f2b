import Activations
import Base
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: an activation that was answered counts for good with everything that it names, one that was refused never does, and
/// of one in between either is said and stays so.
@Suite("Activations under power cuts and failing disks") struct TopicCrashTests {
    /// Whether the answer was yes; nil if nobody knows.
    private func append(_ activation: Activation, to topic: ActivationTopic) -> Bool? {
        do throws(ActivationError) {
            try topic.append(activation)
            return true
        } catch {
            #expect(!error.isDamage)
            if case .inDoubt = error { return nil }
            return false
        }
    }

    /// What is in the topic when it is opened anew; and the definitions of all are there.
    private func numbers(_ store: CrashingStore) throws -> [Int] {
        let found = try ActivationTopic(store: store).history
        #expect(try ActivationHistory.read(store: store) == found)
        #expect(try DefinitionFiles(store: store).faults(of: found.all).isEmpty)
        return found.all.map(\.number)
    }

    /// A crash at each call that changes something, from the first activation's definitions to the end of its append.
    @Test func aPowerCutAnywhere() throws {
        for seed in Seeds.upTo(12) {
            for before in [0, 2] {
                var changes = 0
                var isOver = false
                while !isOver {
                    let store = CrashingStore(seed: seed &* 1009 &+ UInt64(changes))
                    if before > 0 { try Records(store).append(before) }
                    store.dieAfter(changes: changes)
                    var answer: Bool? = false
                    do {
                        let activation = try Records(store).make(before + 1)
                        answer = append(activation, to: try ActivationTopic(store: store))
                    } catch is ActivationError {
                        #expect(store.isDead)
                    }
                    isOver = !store.isDead
                    store.cutPower()
                    let old = Array(1..<before + 1)
                    let found = try numbers(store)
                    switch answer {
                    case true?: #expect(found == old + [before + 1])
                    case false?: #expect(found == old)
                    case nil: #expect(found == old || found == old + [before + 1])
                    }
                    // The next life goes on.
                    let next = found.count + 1
                    try ActivationTopic(store: store).append(try Records(store).make(next))
                    store.cutPower()
                    #expect(try numbers(store) == found + [next])
                    changes += 1
                }
                #expect(changes > 5)
            }
        }
    }

    /// A topic with one activation, and the next one.
    private func second(seed: UInt64) throws -> (CrashingStore, ActivationTopic, Activation) {
        let store = CrashingStore(seed: seed)
        try Records(store).append(1)
        let topic = try ActivationTopic(store: store)
        return (store, topic, try Records(store).make(2))
    }

    private func callsOfAnAppend() throws -> [FileError.Operation] {
        let (store, topic, activation) = try second(seed: 1)
        let before = store.calls.count
        try topic.append(activation)
        return store.calls.dropFirst(before).map(\.operation)
    }

    /// Every kind of fault at every call of an append, then a power cut: what was answered is what is found.
    @Test(arguments: DiskFault.allCases)
    func aFaultAnywhere(_ fault: DiskFault) throws {
        var (struck, refused, doubtful) = (0, 0, 0)
        // The calls of an append when nothing fails, each of which then does.
        let calls = try callsOfAnAppend()
        for seed in Seeds.upTo(12) {
            for (call, operation) in calls.enumerated() where fault.befalls(operation) {
                let (store, topic, activation) = try second(seed: seed &* 31 &+ UInt64(call))
                store.inject(fault, atCall: store.calls.count + call + 1)
                let answer = append(activation, to: topic)
                struck += store.strikes
                store.cutPower()
                let found = try numbers(store)
                #expect(answer == nil || found == (answer == true ? [1, 2] : [1]), "seed \(seed), call \(call)")
                if answer == false { refused += 1 }
                if answer == nil { doubtful += 1 }
            }
        }
        #expect(struck > 0 && refused + doubtful > 0)
    }

    /// Where nobody knows, the same record again finds out, without a second one of it.
    @Test func theSameAgainSettlesIt() throws {
        var settled = 0
        for seed in Seeds.upTo(200) {
            let store = CrashingStore(seed: seed)
            try Records(store).append(1)
            let topic = try ActivationTopic(store: store)
            let activation = try Records(store).make(2)
            store.setFailurePercent(40)
            var answer = append(activation, to: topic)
            if answer == nil { settled += 1 }
            // Some of the tries fail, too: each is some thirty calls.
            store.setFailurePercent(2)
            for _ in 0..<1000 where answer == nil { answer = append(activation, to: topic) }
            store.cutPower()
            let counts = try #require(answer as Bool?, "seed \(seed)")
            #expect(try numbers(store) == (counts ? [1, 2] : [1]), "seed \(seed)")
        }
        #expect(settled > 0)
    }

    /// After a failure the topic is as it was, and takes the next one when the disk does.
    @Test(
        arguments: [(FileError.Operation.write, 28), (.write, 5), (.sync, 5), (.sync, 28)]
            as [(FileError.Operation, Int32)]
    )
    func aFailureLeavesItAsItWas(_ operation: FileError.Operation, _ code: Int32) throws {
        let store = CrashingStore(seed: 7)
        let all = try Records(store).append(1)
        let topic = try ActivationTopic(store: store)
        let activation = try Records(store).make(2)
        store.failNext(operation, code: code)
        #expect(throws: ActivationError.self) { try topic.append(activation) }
        #expect(topic.history.all == all)
        #expect(try ActivationHistory.read(store: store).all == all)
        try topic.append(activation)
        #expect(try ActivationHistory.read(store: store).all == all + [activation])
        store.cutPower()
        #expect(try numbers(store) == [1, 2])
    }

    /// A process ended between the write and the sync: what the next one finds and builds on is durable.
    @Test func whatIsFoundIsDurable() throws {
        let whole = CrashingStore()
        try Records(whole).append(2)
        let bytes = whole.bytes(of: topicFile)
        for seed in Seeds.upTo(20) {
            let store = CrashingStore(seed: seed)
            try Records(store).append(1)
            _ = try Records(store).make(2)
            try store.write(bytes, to: topicFile, at: 0)
            let topic = try ActivationTopic(store: store)
            #expect(topic.history.all.map(\.number) == [1, 2])
            store.cutPower()
            #expect(try numbers(store) == [1, 2], "seed \(seed)")
        }
    }

    /// The record is whole in its file, where it could neither be synced nor cut off: it counts once that is settled, and
    /// the next one does not take its place.
    @Test func withoutOpenFilesNothingIsKnown() throws {
        let store = CrashingStore()
        let files = FilesRunOut(store)
        try Records(store).append(1)
        let topic = try ActivationTopic(store: files)
        let activation = try Records(store).make(2)
        files.runOutAtNextSync()
        #expect(append(activation, to: topic) == nil)
        store.setWant(nil)
        #expect(append(activation, to: topic) == true)
        #expect(append(try Records(store).make(3), to: topic) == true)
        store.cutPower()
        #expect(try numbers(store) == [1, 2, 3])
    }
}
