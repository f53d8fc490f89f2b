/// A file that has been looked at: its shape, and what is in it.
public struct SurveyedFile: Sendable {
    public var path: String
    public var shape: FileShape
    /// Bytes on disk, if that is known.
    public var size: Int?
    public var profile: Profile
    /// Whether the last line of one of the files has no end: then a replay needs to hear that it is finished.
    public var lacksEnd: Bool

    public init(path: String, shape: FileShape, size: Int?, profile: Profile, lacksEnd: Bool) {
        self.path = path
        self.shape = shape
        self.size = size
        self.profile = profile
        self.lacksEnd = lacksEnd
    }
}
