import AlertStore
import Plan

/// What the domains of alerts are called where each needs a name.
package struct DomainNames: Sendable {
    /// The name of alerts without a domain: all, where the pipeline tells no domains apart.
    let missing: String

    package init(_ plan: PipelinePlan) {
        missing = plan.schema.index(ofRole: .domain) == nil ? "all" : "unknown"
    }

    func name(_ domain: String?) -> String { domain ?? missing }

    func filter(_ name: String) -> AlertFilter.Domain { name == missing ? .missing : .named(name) }
}
