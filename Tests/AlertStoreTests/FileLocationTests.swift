import AlertStore
import Testing

@Suite struct FileLocationTests {
    /// A name means a file, and nothing else that SQLite knows.
    @Test func namesAreFiles() {
        #expect(FileLocation.plain("work/alerts.sqlite") == "work/alerts.sqlite")
        #expect(FileLocation.plain("file:x?mode=ro") == "./file:x?mode=ro")
        #expect(FileLocation.plain(":memory:") == "./:memory:")
        #expect(FileLocation.plain("") == "./")
    }

    @Test func uriSaysEveryByte() {
        #expect(FileLocation.uri("/a b/50%?#é", ["mode": "ro"]) == "file:///a%20b/50%25%3F%23%C3%A9?mode=ro")
        #expect(FileLocation.uri("a/b", [:]) == "file:a/b")
    }

    /// Only a file that nobody has open is read as one that does not change.
    @Test(
        arguments: [
            (true, nil, nil, false, FileLocation.Reading.shared),
            (true, 100, 100, true, .shared),
            (false, nil, nil, false, .closed),
            (false, 0, 0, false, .closed),
            (false, 0, nil, true, .shared),
            (false, 100, nil, true, .shared),
            (false, 100, nil, false, .impossible(bytes: 100)),
            (false, nil, 7, false, .impossible(bytes: 7)),
            (false, nil, nil, true, .closed),
        ] as [(Bool, Int?, Int?, Bool, FileLocation.Reading)]
    )
    func howAFileIsRead(
        canWriteFolder: Bool,
        logBytes: Int?,
        journalBytes: Int?,
        hasSharedMemory: Bool,
        reading: FileLocation.Reading
    ) {
        let beside = FileLocation.Surroundings(
            canWriteFolder: canWriteFolder,
            logBytes: logBytes,
            journalBytes: journalBytes,
            hasSharedMemory: hasSharedMemory
        )
        #expect(FileLocation.reading(beside) == reading)
    }
}
