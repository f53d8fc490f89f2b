import Glibc

/// How much a thread matters when the processors are busy.
enum ThreadPriority {
    /// Lets events go first: for work that nobody waits for.
    static func giveWay() {
        // 0 is this thread. A refusal leaves it as important as the others, which is no error.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
    }
}
