import Ingest
public import Recordings
public import Tables

extension RowFile where Source == RecordingSource {
    /// Opens a file, `-` for standard input, and reads its header.
    public convenience init(_ path: String) throws(CommandError) {
        let file: FileSource
        do throws(InputError) { file = try FileSource(path) } catch { throw .input(error.description) }
        do throws(TableError) {
            try self.init(RecordingSource(file, format: .csv), path: path)
        } catch {
            throw CommandError(error)
        }
    }
}
