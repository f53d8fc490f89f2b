public import Plan

/// The entries of a map of a pipeline file, in their order.
public typealias Entries = [(String, Any)]

/// A pipeline file as a test writes it: entries, lists of them or of texts, and what else has a description.
public func configNode(_ value: Any) -> ConfigNode {
    let place = SourcePosition(line: 1, column: 1)
    if let list = value as? [String] { return .list(list.map { configNode($0) }, place) }
    if let list = value as? [Entries] { return .list(list.map { configNode($0) }, place) }
    guard let entries = value as? Entries else { return .scalar("\(value)", place, contentColumns: 0) }
    return .map(entries.map { .init(key: $0.0, keyPosition: place, value: configNode($0.1)) }, place)
}
