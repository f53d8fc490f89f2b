public import Activations
public import AlertStore
public import EventLog
public import FileStore
public import InForce
public import Learning
public import Partition
public import PipelineFiles
public import Recordings
public import Runtime
public import Tables
public import Upkeep

extension RuntimeError: CommandFailure {
    public var commandError: CommandError {
        switch self {
        case .inUse(let words): .inUse(words)
        case .storage(let words), .inDoubt(let words): .storage(words)
        case .noRoom(let error): .storage(error.description)
        case .damaged(let words): .damaged(words)
        case .plan(let words): .plan(words)
        case .changed(let words): .usage(words)
        case .recording(let error): CommandError(error)
        }
    }
}

// What happens to a data directory's parts is said as what happens to the directory.

extension FileError: CommandFailure {
    public var commandError: CommandError { CommandError(RuntimeError(self)) }
}

extension ActivationError: CommandFailure {
    public var commandError: CommandError { CommandError(RuntimeError(self)) }
}

extension RunnerError: CommandFailure {
    public var commandError: CommandError { CommandError(RuntimeError(self)) }
}

extension LogError: CommandFailure {
    public var commandError: CommandError { CommandError(RuntimeError(self)) }
}

extension AlertStoreError: CommandFailure {
    public var commandError: CommandError { CommandError(RuntimeError(self)) }
}

extension DirectoryLock.Failure: CommandFailure {
    public var commandError: CommandError { CommandError(RuntimeError(self)) }
}

extension UpkeepError: CommandFailure {
    public var commandError: CommandError {
        switch self {
        case .runtime(let error): CommandError(error)
        case .otherPipeline(let words): .usage(words)
        case .differs(let words): .finding(words)
        }
    }
}

extension LearningError: CommandFailure {
    public var commandError: CommandError {
        switch self {
        case .plan(let words): .plan(words)
        case .input(let words): .input(words)
        case .storage(let words): .storage(words)
        case .request(let words): .usage(words)
        case .alerts(let error): CommandError(error)
        }
    }
}

extension TableError: CommandFailure {
    public var commandError: CommandError {
        switch self {
        case .unreadable(let words): .input(words)
        case .unwritable(let words): .storage(words)
        }
    }
}

extension RecordingError: CommandFailure {
    public var commandError: CommandError { .input(description) }
}

extension PipelineFileError: CommandFailure {
    public var commandError: CommandError { .plan(description) }
}

extension NamingError: CommandFailure {
    public var commandError: CommandError {
        switch self {
        case .pipeline(let error): CommandError(error)
        case .model(let error): CommandError(error)
        case .directory(let error): CommandError(error)
        }
    }
}
