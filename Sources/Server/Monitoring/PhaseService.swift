import Runtime
import ServiceLifecycle

/// Notes that the process has been told to stop. The last of the services: it is the first that hears of it.
struct PhaseService: Service {
    let monitor: ServerMonitor
    let engine: LiveEngine

    func run() async throws {
        try await gracefulShutdown()
        monitor.phase = .stopping
        // Whoever waits for one is told while there is still time.
        engine.endActivations()
    }
}
