/// Records that hold the events in a list, as `{"transactions": [{…}, {…}]}`.
enum ListOfRecords {
    /// What a person can do with such a file; nil if it is none.
    static func problem(of profile: Profile) -> Profile.Problem? {
        guard profile.time == nil else { return nil }
        let lists = profile.columns.compactMap { column in
            column.path.firstRange(of: "[].").map { String(column.path[..<$0.lowerBound]) }
        }
        guard let list = lists.first, lists.count(where: { $0 == list }) * 2 > profile.columns.count else { return nil }
        var words = "the events are in a list, \(list), and not records of their own: make a line of each"
        let isPlain = list.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x5F: true
            default: false
            }
        }
        if isPlain { words += ", as jq -c '.\(list)[]' does" }
        return Profile.Problem(words, count: profile.records)
    }
}
