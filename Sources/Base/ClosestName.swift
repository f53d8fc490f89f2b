/// The known name that was probably meant: the one with the fewest edits (at most a third of its letters), the first of
/// equals.
public func closestName(to name: String, among known: [String]) -> String? {
    var best: (distance: Int, name: String)?
    for candidate in known {
        let distance = editDistance(Array(name.utf8), Array(candidate.utf8))
        guard distance <= max(1, candidate.utf8.count / 3) else { continue }
        if best.map({ distance < $0.distance }) ?? true { best = (distance, candidate) }
    }
    return best?.name
}

/// Levenshtein's distance with neighbouring letters swapped counted as one edit.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    guard left.count < 200, right.count < 200 else { return .max }
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            var cost = min(last[column + 1] + 1, current[column] + 1)
            cost = min(cost, last[column] + (left[row] == right[column] ? 0 : 1))
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                cost = min(cost, beforeLast[column - 1] + 1)
            }
            current.append(cost)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
