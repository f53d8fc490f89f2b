import Base

/// Which slots of a state have changed since its last image was begun, and which of them an image that is being filled
/// has not copied yet.
///
/// An image is as of the moment it was begun, and is filled while the state goes on: whoever is about to change a slot
/// asks first whether the image still needs it as it is. So nothing is ever copied twice, and beginning costs nothing
/// (copy-on-update; Vaz Salles et al., VLDB 2009). One image at a time. All calls are O(1), amortised.
public struct ChangeMarks: ~Copyable {
    /// By slot: 0 = unchanged; otherwise the color of the image that its change belongs to.
    private var marks = GrowingArray<UInt8>()
    /// Slots that changed since the image was begun, in order of their change; one that was freed since may be among
    /// them.
    private var changed = GrowingArray<Int32>()
    /// What changed between the last two images, and how far it has been copied.
    private var pending = GrowingArray<Int32>()
    private var position = 0
    /// 1 or 2: by the time that a third image begins, the first one is whole.
    private var color: UInt8 = 1

    public init() {}

    /// The image that is being filled; nil once it is whole.
    public private(set) var image: StateImage?

    /// Slots that changed since the last image was begun, about.
    public var changedCount: Int { changed.count }

    /// Bytes of memory that the marks take.
    public var byteCount: Int { marks.byteCount + changed.byteCount + pending.byteCount }

    /// Whether the slot has changed since it was copied last.
    public func isChanged(_ slot: Int) -> Bool { slot < marks.count && marks[slot] != 0 }

    /// Notes that a slot changes. True if the image that is being filled has to take it first.
    public mutating func willChange(_ slot: Int) -> Bool {
        assert(slot >= 0, "Slots begin with 0.")
        while marks.count <= slot { marks.append(0) }
        let mark = marks[slot]
        if mark == color { return false }
        marks[slot] = color
        changed.append(Int32(truncatingIfNeeded: slot))
        return mark != 0
    }

    /// Notes that a slot is freed. True if the image that is being filled has to take it first.
    public mutating func willFree(_ slot: Int) -> Bool {
        guard slot < marks.count else { return false }
        let mark = marks[slot]
        marks[slot] = 0
        return mark != 0 && mark != color
    }

    /// Begins an image of everything that has changed. The one before must be whole.
    public mutating func begin(_ image: StateImage) {
        precondition(self.image == nil, "An image is begun when the last one is whole.")
        precondition(position == pending.count, "All of the last image's slots have been copied.")
        swap(&pending, &changed)
        changed.removeAll()
        position = 0
        color = 3 - color
        self.image = image
    }

    /// The next slot to copy; nil once the image has about `limit` bytes, or is whole.
    public mutating func next(upTo limit: Int) -> Int? {
        guard let image, image.byteCount < limit else { return nil }
        while position < pending.count {
            let slot = Int(pending[position])
            position += 1
            // Otherwise it was taken already, because it was about to change.
            guard marks[slot] == 3 - color else { continue }
            marks[slot] = 0
            return slot
        }
        self.image = nil
        return nil
    }
}
