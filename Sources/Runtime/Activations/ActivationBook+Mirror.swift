import Activations
import AlertStore
import Delivery
import Plan

extension ActivationBook {
    /// Lists in the alerts file what is and was in force, with its rules, features and models.
    func mirror(in database: AlertDatabase, _ definitions: LoadedDefinitions) throws(AlertStoreError) {
        for model in definitions.records { try database.register(model) }
        let plan = definitions.plan
        try database.setRules(plan.detectors.map { ($0.name, $0.title, $0.kindName, plan.words($0)) })
        // Alerts that other definitions have written keep theirs.
        try database.setFeatures(plan.featureRecords, presentsAlerts: history.inForce.count == 1)
        try database.setActivations(history.rows)
    }
}

extension ActivationHistory {
    /// As the alerts file has them.
    public var rows: [ActivationRow] { steps.map { ActivationRow($0) } }
}

extension ActivationRow {
    fileprivate init(_ step: ActivationHistory.Step) {
        let activation = step.activation
        self.init(
            number: activation.number,
            kind: activation.kind == .begin ? .begin : .activate,
            atMilliseconds: activation.atMilliseconds,
            author: activation.author,
            note: activation.note,
            pipeline: activation.pipeline,
            pipelineSHA: activation.pipelineIdentity,
            pipelineFile: activation.pipelineFile,
            offsets: activation.offsets,
            detectors: step.changes.all.map { change in
                ActivationDetectorRow(
                    detector: change.detector.name,
                    version: change.detector.version,
                    mode: .init(change.detector.mode),
                    modelID: change.detector.model,
                    change: .init(change.kind)
                )
            }
        )
    }
}

extension ActivationDetectorRow.Change {
    fileprivate init(_ kind: DetectorChanges.Kind) {
        switch kind {
        case .started: self = .started
        case .changed: self = .changed
        case .kept: self = .kept
        case .ended: self = .ended
        }
    }
}

extension ActivationDetectorRow.Mode {
    fileprivate init(_ mode: Activation.Detector.Mode) {
        switch mode {
        case .active: self = .active
        case .shadow: self = .shadow
        case .off: self = .off
        }
    }
}

extension Detector {
    fileprivate var kindName: String {
        switch kind {
        case .model: "model"
        case .rule: "rule"
        }
    }
}
