import Activations
import Base
import EventLog
import FileStore
import TestKit
import Testing

@Suite("The topic of activations") struct TopicTests {
    private let store = CrashingStore()
    private var records: Records { Records(store) }

    @Test func aDirectoryOfBeforeHasNone() throws {
        #expect(try ActivationHistory.read(store: store) == ActivationHistory())
        #expect(store.allFiles.isEmpty)
        let topic = try ActivationTopic(store: store)
        #expect(topic.history == ActivationHistory())
        #expect(try ActivationHistory.read(store: store) == ActivationHistory())
    }

    @Test func whatWasAppendedIsRead() throws {
        let all = try records.append(3)
        #expect(try ActivationHistory.read(store: store).all == all)
        let topic = try ActivationTopic(store: store)
        #expect(topic.history.all == all)
        // Beside the writer, and after a power cut at once.
        try topic.append(try records.make(4, .begin))
        #expect(try ActivationHistory.read(store: store).inForce.map(\.number) == [4])
        store.cutPower()
        #expect(try ActivationHistory.read(store: store).all.count == 4)
        try topic.close()
        #expect(throws: ActivationError.log(.closed(directory: ActivationTopic.directory))) {
            try topic.append(try records.make(5))
        }
    }

    @Test func aRecordCanBeReadByAnyReaderOfTheLog() throws {
        let all = try records.append(2)
        let report = try LogReport.verify(directory: ActivationTopic.directory, store: store)
        #expect(report.records == 2 && report.damage.isEmpty && report.indexFaults.isEmpty)
        #expect(try LogManifest.read(store: store)?.partitions["__activations-0"] != nil)
        let reader = PartitionReader(directory: ActivationTopic.directory, store: store)
        let batch = RecordBatch()
        #expect(try reader.next(into: batch))
        #expect(Array(batch.bytes[batch.records[0].value]) == all[0].encoded)
        #expect(batch.records[0].timestampMilliseconds == all[0].atMilliseconds)
    }

    @Test func whatDoesNotFollowIsRefused() throws {
        let topic = try ActivationTopic(store: store)
        let files = store.bytes(of: topicFile)
        func refused(_ activation: Activation, _ words: String) {
            #expect(throws: ActivationError.refused(words)) { try topic.append(activation) }
        }
        refused(try records.make(1, .activate), "nothing begins before it")
        refused(try records.make(2, .begin), "it has number 2, expected 1")
        var bad = try records.make(1)
        bad.pipelineIdentity = "../x"
        refused(bad, "\"pipeline_identity\" is no hash")
        bad = try records.make(1, offsets: [0: -1])
        refused(bad, "\"0\" is no number that it can have")
        bad = try records.make(1)
        bad.note = String(repeating: "x", count: Activation.bytesMax)
        refused(bad, "it has more than \(Activation.bytesMax) bytes")
        #expect(store.bytes(of: topicFile) == files && topic.history.all.isEmpty)
        try topic.append(try records.make(1))
    }

    /// A record never counts without what it names.
    @Test func definitionsComeFirst() throws {
        let topic = try ActivationTopic(store: store)
        let activation = Records.activation(1)
        let file = "definitions/pipelines/\(activation.pipelineFile).yaml"
        #expect(throws: ActivationError.missingDefinition(file: file)) { try topic.append(activation) }
        #expect(try ActivationHistory.read(store: store).all.isEmpty)
    }

    @Test func aTornTailIsCut() throws {
        let all = try records.append(2)
        let bytes = store.bytes(of: topicFile)
        let one = bytes.count / 2
        for size in [1, 60, one - 1] {
            store.set(bytes + bytes[one..<one + size], for: topicFile)
            // Nobody has acknowledged it: a reader passes it over, and so does who opens it.
            #expect(try ActivationHistory.read(store: store).all == all)
            let topic = try ActivationTopic(store: store)
            #expect(topic.history.all == all && store.bytes(of: topicFile) == bytes)
        }
    }

    @Test(arguments: [0, 1, 2])
    func damageNamesTheFileAndTheWayOut(_ record: Int) throws {
        try records.append(3)
        var bytes = store.bytes(of: topicFile)
        bytes[record * bytes.count / 3 + 200] ^= 1
        store.set(bytes, for: topicFile)
        let before = store.allFiles
        let open: [() throws -> Void] = [
            { _ = try ActivationHistory.read(store: store) }, { _ = try ActivationTopic(store: store) },
        ]
        for body in open {
            #expect {
                try body()
            } throws: { error in
                (error as? ActivationError)?.isDamage == true && "\(error)".contains(topicFile)
                    && "\(error)".contains("log repair")
            }
        }
        // Nothing was changed.
        #expect(store.bytes(of: topicFile) == bytes && store.allFiles == before)
    }

    @Test func aTopicThatIsGoneIsMissed() throws {
        try records.append(2)
        for file in store.allFiles where file.hasPrefix(ActivationTopic.directory) { try store.remove(file) }
        #expect { try ActivationHistory.read(store: store) } throws: { error in
            (error as? ActivationError)?.isDamage == true && "\(error)".contains(ActivationTopic.directory)
        }
        #expect(throws: ActivationError.self) { try ActivationTopic(store: store) }
    }

    /// Whole records with right checksums that do not belong there.
    @Test func aRecordOfAnotherKindIsDamage() throws {
        try records.append(1)
        let log = try PartitionLog(directory: ActivationTopic.directory, store: store)
        let builder = RecordBatchBuilder()
        for value in [Array("{}".utf8), Records.activation(3).encoded, Records.activation(1).encoded, []] {
            let copy = store.copy()
            let log = try PartitionLog(directory: ActivationTopic.directory, store: copy)
            builder.removeAll()
            value.withUnsafeBytes { builder.add(timestampMilliseconds: 0, key: nil, value: $0) }
            _ = try log.append(builder)
            #expect { try ActivationHistory.read(store: copy) } throws: { error in
                guard case .damaged(let file, let offset, _)? = error as? ActivationError else { return false }
                return file == topicFile && offset == 1 && "\(error)".contains("backup")
            }
        }
        try log.close()
    }

    /// What a repair marks as lost is not guessed at; what begins anew is the way out.
    @Test func afterARepairSomethingMustBegin() throws {
        let all = try records.append(3)
        var bytes = store.bytes(of: topicFile)
        bytes[bytes.count / 3 + 200] ^= 1
        store.set(bytes, for: topicFile)
        let repair = LogRepair(
            directory: ActivationTopic.directory,
            quarantine: "quarantine",
            reasonHeader: "reject",
            store: store
        )
        #expect(try repair.run().map(\.recordCount) == [1])
        #expect(throws: ActivationError.lost(numbers: 2...2)) { try ActivationHistory.read(store: store) }
        #expect(throws: ActivationError.lost(numbers: 2...2)) { try ActivationTopic(store: store) }
        let topic = try ActivationTopic(store: store, acceptingLoss: true)
        #expect(throws: ActivationError.self) { try topic.append(try records.make(4)) }
        let begin = try records.make(4, .begin)
        try topic.append(begin)
        try topic.append(try records.make(5))
        let history = try ActivationHistory.read(store: store)
        #expect(history.all.map(\.number) == [1, 3, 4, 5] && history.lost == [2...2] && history.all[1] == all[2])
        #expect(history.inForce.map(\.number) == [4, 5])
        #expect(try ActivationTopic(store: store).history == history)
    }
}
