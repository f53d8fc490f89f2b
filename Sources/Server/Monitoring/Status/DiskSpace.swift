import Glibc

/// How much room a file system has left for this process.
package struct DiskSpace: Sendable, Equatable {
    package var freeBytes: UInt64
    package var totalBytes: UInt64
    /// Tells file systems apart.
    package var device: UInt

    package init(freeBytes: UInt64, totalBytes: UInt64, device: UInt = 0) {
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
        self.device = device
    }

    /// Of the file system that a file or folder is on; nil if it cannot be asked.
    init?(path: String) {
        var figures = statvfs()
        guard statvfs(path, &figures) == 0 else { return nil }
        freeBytes = UInt64(figures.f_bavail) * UInt64(figures.f_frsize)
        totalBytes = UInt64(figures.f_blocks) * UInt64(figures.f_frsize)
        device = UInt(figures.f_fsid)
    }

    /// With less than this nothing can be written soon.
    package static let failedBytes: UInt64 = 64 << 20
    /// With less than this, or this part of the disk, someone should look.
    package static let degradedBytes: UInt64 = 1 << 30
    package static let degradedShare = 0.05

    package var state: ServerPart.State {
        if freeBytes < Self.failedBytes { return .failed }
        let isLittle = freeBytes < Self.degradedBytes || Double(freeBytes) < Self.degradedShare * Double(totalBytes)
        return isLittle ? .degraded : .ok
    }

    package var words: String {
        let mebibytes = freeBytes >> 20
        let size = mebibytes < 10_240 ? "\(mebibytes) MiB" : "\(mebibytes >> 10) GiB"
        return state == .ok ? "\(size) free" : "little space on the disk: \(size) free"
    }
}
