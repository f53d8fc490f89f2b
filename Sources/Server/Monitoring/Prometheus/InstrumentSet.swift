import Synchronization

/// Instruments that differ in their labels: each is made when it is first needed, and kept.
final class InstrumentSet<Key: Hashable & Sendable, Instrument: Sendable>: Sendable {
    private let made = Mutex<[Key: Instrument]>([:])
    private let make: @Sendable (Key) -> Instrument

    /// - Parameters:
    ///   - known: Those that are there from the start, so that a first increment shows as one.
    ///   - make: Makes an instrument; the keys must be few.
    init(_ known: [Key] = [], make: @escaping @Sendable (Key) -> Instrument) {
        self.make = make
        let instruments = known.map { ($0, make($0)) }
        made.withLock { $0 = Dictionary(uniqueKeysWithValues: instruments) }
    }

    subscript(key: Key) -> Instrument {
        made.withLock { made in
            if let instrument = made[key] { return instrument }
            let instrument = make(key)
            made[key] = instrument
            return instrument
        }
    }
}
