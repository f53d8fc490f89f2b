import Bytes
import Models

/// An open alert as bytes of a checkpoint: little-endian numbers; texts and lists with a 32-bit count in front. New
/// evidence is not part of it: it has been committed. Of which detector it is says the table that it is in. The
/// activation's number is below 0: earlier versions wrote another number there, and all their alerts are of the first
/// one. Features are in the order of that table's columns, and
/// reasons name them by it.
extension AlertUpdate {
    /// `order` has the plan's feature of each column.
    func encoded(_ order: [Int]) -> [UInt8] {
        var writer = ByteWriter(capacity: 512 + features.count * 8)
        for text in [id, type, entityKey] {
            let bytes = Array(text.utf8)
            writer.appendLittleEndian(UInt32(bytes.count))
            writer.append(bytes)
        }
        writer.append(domain == nil ? 0 : 1)
        if let domain {
            let bytes = Array(domain.utf8)
            writer.appendLittleEndian(UInt32(bytes.count))
            writer.append(bytes)
        }
        for number in [score, peakScore, amount] { writer.appendLittleEndian(number.bitPattern) }
        for number in [
            -Int64(activation), Int64(eventCount), openedTime, firstTime, lastTime, openedOffset, lastOffset,
            Int64(revisions),
        ] { writer.appendLittleEndian(number) }
        writer.append(isEnded ? 1 : 0)
        writer.appendLittleEndian(UInt32(reasons.count))
        for reason in reasons {
            writer.appendLittleEndian(Int64(order.firstIndex(of: reason.feature) ?? 0))
            for number in [reason.value, reason.typical, reason.contribution] {
                writer.appendLittleEndian(number.bitPattern)
            }
        }
        writer.appendLittleEndian(UInt32(features.count))
        for feature in order { writer.appendLittleEndian(features[feature].bitPattern) }
        return Array(writer.bytes)
    }

    /// Nil if the bytes are not an alert.
    init?(encoded bytes: UnsafeRawBufferPointer, of detector: DetectorLabel, _ order: [Int]) {
        var reader = ByteReader(bytes)
        do throws(ByteError) {
            guard let alert = try Self.decode(&reader, of: detector, order) else { return nil }
            self = alert
        } catch {
            return nil
        }
        guard reader.remaining == 0 else { return nil }
    }

    private static func decode(
        _ reader: inout ByteReader,
        of detector: DetectorLabel,
        _ order: [Int]
    ) throws(ByteError) -> AlertUpdate? {
        func text() throws(ByteError) -> String {
            let count = Int(try reader.readLittleEndian(UInt32.self))
            return String(decoding: try reader.read(count: count), as: UTF8.self)
        }
        func real() throws(ByteError) -> Double {
            Double(bitPattern: try reader.readLittleEndian(UInt64.self))
        }
        func integer() throws(ByteError) -> Int64 { try reader.readLittleEndian(Int64.self) }
        let (id, type, key) = (try text(), try text(), try text())
        let domain = try reader.read(count: 1)[0] == 1 ? try text() : nil
        let (score, peak, amount) = (try real(), try real(), try real())
        var numbers: [Int64] = []
        for _ in 0..<8 { numbers.append(try integer()) }
        let isEnded = try reader.read(count: 1)[0] == 1
        var reasons: [Reason] = []
        for _ in 0..<Int(try reader.readLittleEndian(UInt32.self)) {
            let column = Int(truncatingIfNeeded: try integer())
            guard order.indices.contains(column) else { return nil }
            let (value, typical, contribution) = (try real(), try real(), try real())
            reasons.append(Reason(feature: order[column], value: value, typical: typical, contribution: contribution))
        }
        guard Int(try reader.readLittleEndian(UInt32.self)) == order.count else { return nil }
        var features = [Double](repeating: .nan, count: order.count)
        for feature in order { features[feature] = try real() }
        return AlertUpdate(
            id: id,
            detector: detector,
            activation: numbers[0] < 0 ? -Int(numbers[0]) : 1,
            type: type,
            entityKey: key,
            domain: domain,
            score: score,
            peakScore: peak,
            eventCount: Int(numbers[1]),
            amount: amount,
            openedTime: numbers[2],
            firstTime: numbers[3],
            lastTime: numbers[4],
            openedOffset: numbers[5],
            lastOffset: numbers[6],
            revisions: Int(numbers[7]),
            isEnded: isEnded,
            reasons: reasons,
            features: features,
            newEvidence: []
        )
    }
}
