import Bytes

/// The lines of a LightGBM text model, in blocks of `key=value` lines.
struct LightGBMLines {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next lines up to an empty one or the end; a line without `=` is a key without value. Of two lines with the
    /// same key the first counts. Empty at the end of the file.
    mutating func block() -> [String: String] {
        var members: [String: String] = [:]
        while position < bytes.count {
            let start = position
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            position = end + 1
            var line = bytes[start..<end]
            if line.last == 0x0D { line.removeLast() }
            guard !line.isEmpty else {
                if members.isEmpty { continue }
                break
            }
            let split = line.firstIndex(of: 0x3D)
            let key = String(decoding: line[..<(split ?? line.endIndex)], as: UTF8.self)
            let value = split.map { String(decoding: line[($0 + 1)...], as: UTF8.self) } ?? ""
            if members[key] == nil { members[key] = value }
            if key == "end of trees" { break }
        }
        return members
    }

    /// Numbers with spaces between them, `inf` among them; nil if one is none.
    static func numbers(_ text: String) -> [Double]? {
        var text = text
        return text.withUTF8 { bytes -> [Double]? in
            var numbers: [Double] = []
            guard let base = bytes.baseAddress else { return numbers }
            var position = 0
            while true {
                while position < bytes.count, base[position] == 0x20 { position += 1 }
                guard position < bytes.count else { return numbers }
                let word = UnsafeBufferPointer(rebasing: bytes[position...].prefix(3))
                if word.elementsEqual([0x69, 0x6E, 0x66]), position + 3 == bytes.count || base[position + 3] == 0x20 {
                    numbers.append(.infinity)
                    position += 3
                    continue
                }
                guard let number = NumberParser.parse(base, &position, end: bytes.count), number.isFinite,
                    position == bytes.count || base[position] == 0x20
                else { return nil }
                numbers.append(number)
            }
        }
    }
}
