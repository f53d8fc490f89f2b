/// A command that has something to do while the process has one thread only: what is set for a thread holds for those
/// that it starts, and for no other.
protocol PreparedCommand {
    mutating func prepare() throws
}
