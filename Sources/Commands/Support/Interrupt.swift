import Foundation
import Synchronization

/// Ctrl-C: the first one asks for a clean end, the second one kills.
enum Interrupt {
    private static let requested = Atomic(false)

    static var isRequested: Bool { requested.load(ordering: .relaxed) }

    static func install() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { received in
                Interrupt.requested.store(true, ordering: .relaxed)
                signal(received, SIG_DFL)
            }
        }
        signal(SIGPIPE, SIG_IGN)
    }
}
