import Bytes
import Forest

/// The names of categories in a LightGBM file: one list for each column of the data frame that was of pandas' category
/// type, in the order of the columns. Which features these are must be found out: categorical ones, and among the
/// others those that had one value only, or that were ordered.
enum LightGBMCategories {
    /// What stands behind `pandas_categorical:` on a line of its own, near the end.
    static func lists(in bytes: [UInt8]) -> [CategoryNames?] {
        let key = Array("pandas_categorical:".utf8)
        var end = bytes.count
        while end > 0 {
            let start = bytes[..<end].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            let line = bytes[start..<end]
            if line.starts(with: key) { return lists(Array(line.dropFirst(key.count))) }
            // Parameters and importances end here.
            if line.starts(with: Array("end of trees".utf8)) { return [] }
            end = max(0, start - 1)
        }
        return []
    }

    private static func lists(_ text: [UInt8]) -> [CategoryNames?] {
        let root: JSONValue
        do throws(JSONFault) { root = try JSONValue.parse(text) } catch { return [] }
        guard case .list(let lists) = root else { return [] }
        return lists.map { list in
            if let numbers = list.numberList {
                let names = numbers.map { $0.rounded() == $0 && $0.magnitude < 1e15 ? String(Int64($0)) : String($0) }
                return names.isEmpty ? nil : CategoryNames(names, areNumbers: true)
            }
            guard case .list(let values) = list else { return nil }
            let names = values.compactMap { value -> String? in
                if case .bool(let flag) = value { return flag ? "True" : "False" }
                return value.text
            }
            return names.count == values.count && !names.isEmpty ? CategoryNames(names) : nil
        }
    }

    /// Whether a feature's info is a list of categories: 2:0:1, not [0:7] or none.
    static func isCategorical(_ info: String) -> Bool { info != "none" && !info.hasPrefix("[") }

    /// Whether a feature may be the one that a list of so many categories is of.
    private static func fits(_ info: String, _ count: Int) -> Bool {
        if info == "none" { return true }
        if info.hasPrefix("[") {
            let bounds = info.dropFirst().dropLast().split(separator: ":").compactMap { Double(String($0)) }
            return bounds.count == 2
                && bounds.allSatisfy { $0.rounded() == $0 && $0 >= 0 && $0 < Double(count) }
        }
        return info.split(separator: ":").allSatisfy { (Int($0) ?? count) < count }
    }

    /// Which feature has which list, if every categorical feature has one and there is only one way to give them out;
    /// other features (ordered ones, ones of a single value) where the ways agree.
    ///
    /// - Parameters:
    ///   - lists: Of the columns in their order; nil = of other things than texts and numbers.
    ///   - infos: The file's feature_infos.
    /// - Returns: By feature; empty if it is not sure of a categorical one.
    static func assigned(_ lists: [CategoryNames?], infos: [String]) -> [Int: CategoryNames] {
        let categorical = infos.indices.filter { isCategorical(infos[$0]) }
        guard !lists.isEmpty, !categorical.isEmpty, lists.count <= infos.count, lists.count * infos.count <= 1 << 22
        else { return [:] }
        func fit(_ feature: Int, _ list: Int) -> Bool {
            lists[list].map { fits(infos[feature], $0.names.count) } ?? true
        }
        // canEnd[feature][list]: the lists from this one can go to the features from this one.
        let width = lists.count + 1
        var canEnd = Array(repeating: false, count: (infos.count + 1) * width)
        canEnd[infos.count * width + lists.count] = true
        for feature in infos.indices.reversed() {
            for list in 0...lists.count {
                let takes = list < lists.count && fit(feature, list) && canEnd[(feature + 1) * width + list + 1]
                let skips = !isCategorical(infos[feature]) && canEnd[(feature + 1) * width + list]
                canEnd[feature * width + list] = takes || skips
            }
        }
        guard canEnd[0] else { return [:] }
        /// Each feature's list, where those that need none take one as early as possible, or as late.
        func walk(early: Bool) -> [Int?] {
            var list = 0
            var found: [Int?] = Array(repeating: nil, count: infos.count)
            for feature in infos.indices {
                let takes = list < lists.count && fit(feature, list) && canEnd[(feature + 1) * width + list + 1]
                let skips = !isCategorical(infos[feature]) && canEnd[(feature + 1) * width + list]
                if takes, early || !skips {
                    found[feature] = list
                    list += 1
                }
            }
            return found
        }
        let (first, last) = (walk(early: true), walk(early: false))
        guard categorical.allSatisfy({ first[$0] == last[$0] }) else { return [:] }
        var categories: [Int: CategoryNames] = [:]
        for feature in infos.indices where first[feature] == last[feature] {
            guard let list = first[feature], let names = lists[list], Set(names.names).count == names.names.count else {
                continue
            }
            categories[feature] = names
        }
        return categories
    }
}
