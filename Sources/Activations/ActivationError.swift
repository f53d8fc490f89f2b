public import EventLog
public import FileStore

/// What can go wrong with activations and the definitions that they name: each case is one thing that a person can act
/// on.
public enum ActivationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file system refused.
    case file(FileError)
    /// The topic refused. Whatever was to be appended does not count.
    case log(LogError)
    /// Bytes are no activation: why.
    case malformed(String)
    /// A record of a later version of this program.
    case newer(format: Int)
    /// A whole record of the topic is not what belongs there.
    case damaged(file: String, offset: Int64, words: String)
    /// A repair has marked records as lost, and nothing behind them says anew what holds.
    case lost(numbers: ClosedRange<Int>)
    /// The activation cannot be one: why. Nothing was changed.
    case refused(String)
    /// Whether the activation counts can only be told when the files can be read and synced again. Until then no event
    /// may be judged: append the same one again, or end, and open the topic anew.
    case inDoubt(number: Int, cause: String)
    /// The file of a definition that a record names is not there.
    case missingDefinition(file: String)
    /// The file of a definition that a record names holds something else.
    case damagedDefinition(file: String)

    private static let instead =
        "put it back from a backup (`patternalarm restore`), or `patternalarm activate` another"

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .log(let error): error.description
        case .malformed(let words): "this is no activation: \(words)"
        case .newer(let format):
            "this activation has format \(format), and this program reads \(Activation.format): a newer version has "
                + "written it, use that one"
        case .damaged(let file, let offset, let words):
            "\(file), offset \(offset): \(words); put the folder \(ActivationTopic.directory) back from a backup "
                + "(`patternalarm restore`)"
        case .lost(let numbers):
            "activations \(numbers.lowerBound) to \(numbers.upperBound) were lost to damage of \(ActivationTopic.directory), "
                + "so that what has been in force since is not known: put the folder back from a backup "
                + "(`patternalarm restore`), or let `patternalarm activate` say anew what holds from the log's start"
        case .refused(let words): "this cannot be activated: \(words)"
        case .inDoubt(let number, let cause):
            "whether activation \(number) counts is not known, because the disk failed in the middle of it: \(cause); mend "
                + "that and start again, which settles it"
        case .missingDefinition(let file): "\(file) is not there, though an activation names it: \(Self.instead)"
        case .damagedDefinition(let file):
            "\(file) is damaged, its content is not what its name says: \(Self.instead)"
        }
    }
}

extension ActivationError {
    /// Whether something that was acknowledged is no longer what it was.
    public var isDamage: Bool {
        switch self {
        case .file(let error): error.isMisfit
        case .log(.damaged), .log(.damagedManifest): true
        case .log(.file(let error)): error.isMisfit
        case .malformed, .newer, .damaged, .lost, .missingDefinition, .damagedDefinition: true
        case .log, .refused, .inDoubt: false
        }
    }

    /// Runs calls of the file store.
    static func files<Result>(_ body: () throws(FileError) -> Result) throws(ActivationError) -> Result {
        do throws(FileError) { return try body() } catch { throw .file(error) }
    }

    /// Runs calls of the log.
    static func logs<Result>(_ body: () throws(LogError) -> Result) throws(ActivationError) -> Result {
        do throws(LogError) { return try body() } catch {
            if case .file(let error) = error { throw .file(error) }
            throw .log(error)
        }
    }
}
