import Base

/// A batch of decoded events as columns, reused from batch to batch: no allocation per event.
///
/// A field has one column of its type: number, bool and time in `numbers`, text and json in `texts` (a time field other
/// than the event's time is a number of seconds since 1970). A list field has its elements behind one another, those of
/// event r at `listEnds[r - 1] ..< listEnds[r]`. The raw bytes of label fields are in `labels`, for training and
/// evaluation only (C7); a label has a column only if the schema says when it becomes known, for windows that are
/// delayed by that.
public final class ColumnBatch {
    public struct Column {
        public var numbers: UnsafeMutablePointer<Double>?
        public var texts: UnsafeMutablePointer<Text>?
        /// Where in `payload` the value's bytes are (start, count), for functions that look inside a text.
        public var spans: UnsafeMutablePointer<ByteSpan>?
        public var list: ListColumn?
    }

    /// Elements of a list field; grows, never shrinks.
    public final class ListColumn {
        public var ends: [Int32] = []
        public var texts: [Text] = []
        public var numbers: [Double] = []

        public init() {}

        /// Empties the column and keeps its memory.
        public func removeAll() {
            ends.removeAll(keepingCapacity: true)
            texts.removeAll(keepingCapacity: true)
            numbers.removeAll(keepingCapacity: true)
        }
    }

    public struct ByteSpan: Sendable, BitwiseCopyable {
        public var start: Int32
        public var count: Int32

        @inlinable
        public init(start: Int32, count: Int32) {
            self.start = start
            self.count = count
        }
    }

    public let schema: Schema
    public let capacity: Int
    /// Events in the batch.
    public var count = 0
    /// One column a field, in the schema's order; a label field's is empty.
    public private(set) var columns: [Column]
    /// Event time, microseconds.
    public let times: UnsafeMutablePointer<Int64>
    /// The event's id (role id), or absent.
    public let ids: UnsafeMutablePointer<Text>
    /// 0, or why the event is rejected: index + 1 into `rejections`.
    public let status: UnsafeMutablePointer<Int32>
    /// The original bytes of every event, one behind the other, and where each starts and how long it is.
    public private(set) var payload = EventBytes(capacity: 1 << 16)
    public let events: UnsafeMutablePointer<ByteSpan>
    /// Where in `payload` the bytes of label field l (counted among label fields) of event r are: [l * capacity + r].
    public let labels: UnsafeMutablePointer<ByteSpan>
    public let labelFields: [Int]
    private let lists: [ListColumn]
    private let hasLists: Bool
    /// Reasons of the rejected events of this batch.
    public var rejections: [Rejection] = []

    /// Why an event was refused: which field and what was wrong, in words.
    public struct Rejection: Sendable, Equatable {
        public var field: String?
        public var reason: String
        public var kind: Kind

        public init(field: String? = nil, reason: String, kind: Kind = .content) {
            self.field = field
            self.reason = reason
            self.kind = kind
        }

        /// How the log can tell again that the event was refused.
        public enum Kind: Sendable, Equatable {
            /// Its bytes say so to whoever reads them by the same schema.
            case content
            /// It was too long to be kept: the bytes are only its beginning, and the log notes the reason beside them.
            case size
            /// It is too far ahead of a time: the log notes which.
            case ahead(Reference)
        }
    }

    /// A time that events are compared with: that of the newest event, or of a computer's clock.
    public struct Reference: Sendable, Equatable {
        /// Microseconds.
        public var time: Int64
        public var isWallClock: Bool

        public init(_ time: Int64, isWallClock: Bool = false) {
            self.time = time
            self.isWallClock = isWallClock
        }
    }

    /// An empty batch with a column a field, for that many events at most.
    public init(schema: Schema, capacity: Int) {
        self.schema = schema
        self.capacity = capacity
        labelFields = schema.fields.indices.filter { schema.fields[$0].role == .label }
        times = .allocate(capacity: capacity)
        ids = .allocate(capacity: capacity)
        status = .allocate(capacity: capacity)
        events = .allocate(capacity: capacity)
        labels = .allocate(capacity: max(1, capacity * labelFields.count))
        labels.initialize(repeating: ByteSpan(start: 0, count: 0), count: max(1, capacity * labelFields.count))
        columns = schema.fields.map { field -> Column in
            var column = Column()
            guard field.hasColumn else { return column }
            if field.isList {
                column.list = ListColumn()
                return column
            }
            switch field.type {
            case .number, .bool, .time:
                column.numbers = .allocate(capacity: capacity)
                column.numbers?.initialize(repeating: .nan, count: capacity)
            case .text, .json:
                column.texts = .allocate(capacity: capacity)
                column.texts?.initialize(repeating: .absent, count: capacity)
                column.spans = .allocate(capacity: capacity)
            }
            return column
        }
        lists = columns.compactMap(\.list)
        hasLists = !lists.isEmpty
    }

    deinit {
        times.deallocate()
        ids.deallocate()
        status.deallocate()
        events.deallocate()
        labels.deallocate()
        for column in columns {
            column.numbers?.deallocate()
            column.texts?.deallocate()
            column.spans?.deallocate()
        }
    }

    /// Adds a row without any value for an event of these bytes, and returns its number.
    public func append(_ event: UnsafeBufferPointer<UInt8>) -> Int {
        precondition(count < capacity, "The batch is full.")
        let row = count
        count += 1
        events[row] = ByteSpan(start: Int32(payload.count), count: Int32(event.count))
        payload.append(event)
        times[row] = 0
        ids[row] = .absent
        status[row] = 0
        return row
    }

    /// Ends the lists of the newest row.
    public func closeLists() {
        guard hasLists else { return }
        for list in lists { list.ends.append(Int32(max(list.texts.count, list.numbers.count))) }
    }

    /// Takes all values of the newest row away; its bytes stay, and its lists are open again.
    public func clear(_ row: Int) {
        for list in lists {
            let end = Int(list.ends.last ?? 0)
            if list.texts.count > end { list.texts.removeLast(list.texts.count - end) }
            if list.numbers.count > end { list.numbers.removeLast(list.numbers.count - end) }
        }
        times[row] = 0
        ids[row] = .absent
        for slot in labelFields.indices { labels[slot * capacity + row] = ByteSpan(start: 0, count: 0) }
        for column in columns {
            column.numbers?[row] = .nan
            column.texts?[row] = .absent
        }
    }

    /// Empties the batch for reuse.
    public func removeAll() {
        for column in columns {
            column.numbers?.update(repeating: .nan, count: count)
            column.texts?.update(repeating: .absent, count: count)
        }
        for slot in labelFields.indices {
            (labels + slot * capacity).update(repeating: ByteSpan(start: 0, count: 0), count: count)
        }
        count = 0
        payload.removeAll()
        rejections.removeAll(keepingCapacity: true)
        for column in columns { column.list?.removeAll() }
    }
}
