import CKernels

/// Instructions that scoring may use; each gives the same bits.
public enum KernelLevel: Int32, Sendable, CaseIterable {
    case portable, avx2, avx512

    /// The best level of this processor.
    public static let best = KernelLevel(rawValue: pa_kernel_level()) ?? .portable
}

/// The layouts of a forest that batches are scored with; built once, shared by the scorers of all threads.
///
/// Every engine adds each row's leaves in the order of the trees in the model's precision, so all give the same bits.
public final class ForestEngines: Sendable {
    /// Which engine scores a batch.
    public enum Choice: String, Sendable, CaseIterable {
        /// Circuits over planes of bits (``MuxEngine``): small trees, batches.
        case mux
        /// Linked nodes of 8 bytes, level by level (``CompactEngine``): any tree, any batch.
        case compact
        /// The same with nodes of 16 bytes: very large trees, very many features.
        case wide
        /// The definition, node by node: minimum and maximum of trees.
        case plain
    }

    let model: ForestModel
    private let mux: MuxEngine?
    private let compact: CompactEngine?
    let plain: ReferenceForest?
    /// What rows of 64 bits are turned into before an engine sees them.
    let coding: RowCoding?

    /// Fewer rows than this walk the trees one by one instead of filling planes.
    private static let muxRows = 6

    /// Builds what is fastest for a model.
    ///
    /// - Parameters:
    ///   - model: What to score.
    ///   - only: The one engine to build, if it can hold the model; nil = those that are fastest. For comparisons.
    public init(_ model: ForestModel, only: Choice? = nil) {
        self.model = model
        let isWide = model.rowPrecision == .double
        switch model.aggregation {
        case .minimum, .maximum: coding = nil
        case .sum, .average: coding = isWide ? RowCoding(model) : nil
        }
        let isPlain = model.aggregation == .minimum || model.aggregation == .maximum || isWide && coding == nil
        guard !isPlain else {
            (mux, compact, plain) = (nil, nil, ReferenceForest(model))
            return
        }
        plain = only == .plain ? ReferenceForest(model) : nil
        let model = coding?.model ?? model
        mux = only == nil || only == .mux ? MuxEngine(model) : nil
        let isElsewhere = only != nil && (mux != nil || plain != nil)
        compact = isElsewhere ? nil : CompactEngine(model, leaves: LeafTable(model), prefersWide: only == .wide)
    }

    /// Values of a row.
    public var featureCount: Int { model.featureNames.count }
    /// Sums of a row.
    public var outputCount: Int { model.outputCount }

    /// The engine for a batch of so many rows.
    public func choice(rows: Int) -> Choice {
        if plain != nil { return .plain }
        if mux != nil, rows >= Self.muxRows || compact == nil { return .mux }
        return compact?.isNarrow == true ? .compact : .wide
    }

    /// Bytes of scratch memory for batches of up to so many rows.
    func scratchSize(rows: Int) -> Int {
        max(mux?.scratchSize ?? 0, compact?.scratchSize(rows: rows) ?? 0)
    }

    /// Adds up leaves of rows, or of their codes; sums are [row][output], floats or doubles by the model's precision.
    func sums(
        _ rows: UnsafePointer<Float>,
        _ count: Int,
        scratch: KernelMemory,
        into sums: UnsafeMutableRawPointer,
        level: KernelLevel
    ) {
        switch choice(rows: count) {
        case .mux: mux?.sums(rows, count, scratch: scratch, into: sums, level: level)
        case .compact, .wide: compact?.sums(rows, count, scratch: scratch, into: sums, level: level)
        case .plain: preconditionFailure("A plain walk has no sums.")
        }
    }
}
