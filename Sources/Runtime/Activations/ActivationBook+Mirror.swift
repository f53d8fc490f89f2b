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
    public var rows: [ActivationRow] {
        var before: [Activation.Detector] = []
        return all.map { activation in
            if activation.kind == .begin { before = [] }
            let changes = DetectorChanges(from: before, to: activation.detectors)
            let ended = before.filter { changes.ended.contains($0.name) }
            before = activation.detectors
            return ActivationRow(activation, changes, ended: ended)
        }
    }
}

extension ActivationRow {
    fileprivate init(_ activation: Activation, _ changes: DetectorChanges, ended: [Activation.Detector]) {
        func row(
            _ detector: Activation.Detector,
            _ change: ActivationDetectorRow.Change
        ) -> ActivationDetectorRow {
            ActivationDetectorRow(
                detector: detector.name,
                version: detector.version,
                mode: .init(detector.mode),
                modelID: detector.model,
                change: change
            )
        }
        let detectors = activation.detectors.map { detector in
            let isKept = changes.kept.contains(detector.name)
            return row(detector, isKept ? .kept : changes.changed.contains(detector.name) ? .changed : .started)
        }
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
            detectors: detectors + ended.map { row($0, .ended) }
        )
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
