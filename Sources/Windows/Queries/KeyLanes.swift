import Base
import Bytes
import Plan

/// The keys of a batch's events for one entity, part by part, with a hash of each.
///
/// Unlike the key of a window, which is one text, the parts stay apart: a query's row names them.
final class KeyLanes {
    let parts: [UnsafeMutablePointer<Text>]
    let hashes: UnsafeMutablePointer<UInt64>
    private let entity: Entity
    /// Text fields that the key is made of: where the bytes of a long part are found.
    private let fields: [Int]

    init(entity: Entity, capacity: Int) {
        self.entity = entity
        parts = entity.key.map { _ in .allocate(capacity: capacity) }
        hashes = .allocate(capacity: capacity)
        fields = entity.key.flatMap(\.parts).compactMap { part in
            if case .field(let index, _) = part { index } else { nil }
        }
    }

    deinit {
        for part in parts { part.deallocate() }
        hashes.deallocate()
    }

    func evaluate(_ evaluator: Evaluator) {
        for (part, expression) in zip(parts, entity.key) { evaluator.texts(expression, into: part) }
        let first = parts[0]
        for event in 0..<evaluator.count { hashes[event] = first[event].hash64 }
        for part in parts.dropFirst() {
            for event in 0..<evaluator.count { hashes[event] = Self.joined(hashes[event], part[event]) }
        }
    }

    /// The hash of a key whose parts so far have the hash `hash`.
    @inline(__always)
    static func joined(_ hash: UInt64, _ part: Text) -> UInt64 {
        (hash ^ part.hash64 &* 0x9E37_79B9_7F4A_7C15).byteSwapped &* 0xFF51_AFD7_ED55_8CCD
    }

    /// An event without any part of its key belongs to no window.
    @inline(__always)
    func isAbsent(_ event: Int) -> Bool {
        for part in parts where part[event].isAbsent { return true }
        return false
    }

    /// Remembers the bytes of the parts that a text does not hold.
    func keepNames(_ event: Int, row: Int, _ batch: ColumnBatch, in names: KeyNames) {
        for part in parts where part[event].isHashed {
            let text = part[event]
            for field in fields {
                guard let texts = batch.columns[field].texts, texts[row] == text, let spans = batch.columns[field].spans
                else { continue }
                let written = batch.payload[Int(spans[row].start)..<Int(spans[row].start + spans[row].count)]
                if written.contains(0x5C) {
                    let plain = JSONScanner(written).unescaped(from: 0, to: written.count)
                    plain.withUnsafeBufferPointer { names.keep(text, $0) }
                } else {
                    names.keep(text, written)
                }
                break
            }
        }
    }
}
