import Models
import Windows

/// What a detector says of one event.
struct Detection {
    var score: Double
    var type: String
}

/// What a detector goes by.
enum Judge {
    /// Where the windows' machine says of each event of a batch whether the condition is true (1), and the score then.
    case rule(UnsafePointer<Double>, score: Double, name: String)
    case model(ModelScorer, threshold: Double)

    var scorer: ModelScorer? { if case .model(let scorer, _) = self { scorer } else { nil } }

    /// Whether an event crosses.
    @inline(__always)
    func isTrue(of event: Int) -> Bool {
        switch self {
        case .rule(let lane, _, _): lane[event] == 1
        case .model(let scorer, let threshold): scorer.score(of: event) >= threshold
        }
    }

    func detection(of event: Int) -> Detection {
        switch self {
        case .rule(_, let score, let name): Detection(score: isTrue(of: event) ? score : 0, type: name)
        case .model(let scorer, _): Detection(score: scorer.score(of: event), type: scorer.fraudClass(of: event))
        }
    }
}
