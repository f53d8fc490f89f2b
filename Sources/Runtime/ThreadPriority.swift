import Glibc

/// How much a thread matters when the processors are busy.
enum ThreadPriority {
    /// Lets events go first: for work that nobody waits for now.
    ///
    /// No more than a little: whoever stops the server, or has too much state in memory, does wait for it in the end,
    /// and a thread cannot take its importance back. With 19 a stop took twenty times as long while other programs were
    /// busy.
    static func giveWay() {
        // 0 is this thread. A refusal leaves it as important as the others, which is no error.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
    }
}
