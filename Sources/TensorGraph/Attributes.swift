/// What a node's file says beside its inputs.
public struct Attributes: Sendable {
    public struct Value: Sendable {
        public var integer: Int64?
        public var float: Float?
        public var text: String?
        public var floats: [Float] = []
        public var integers: [Int64] = []
        public var texts: [String] = []
        public var tensor: Tensor?

        public init() {}
    }

    public var operation: String
    private var values: [String: Value]

    public init(operation: String, _ values: [String: Value]) {
        self.operation = operation
        self.values = values
    }

    func has(_ name: String) -> Bool { values[name] != nil }
    func integer(_ name: String) -> Int64? { values[name]?.integer }
    func float(_ name: String) -> Float? { values[name]?.float }
    func text(_ name: String) -> String? { values[name]?.text }
    func floats(_ name: String) -> [Float] { values[name]?.floats ?? [] }
    func integers(_ name: String) -> [Int64] { values[name]?.integers ?? [] }
    func texts(_ name: String) -> [String] { values[name]?.texts ?? [] }
    func tensor(_ name: String) -> Tensor? { values[name]?.tensor }

    func unsupported(_ words: String) -> GraphFault { .unsupported(operation: operation, words: words) }
}
