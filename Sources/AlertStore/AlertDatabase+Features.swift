import GRDB

/// A feature as the alerts file lists it.
public struct FeatureRecord: Sendable, Equatable {
    public var name: String
    public var title: String
    /// As a person reads it.
    public var definition: String

    /// A feature's name, what it is called for people, and its expression.
    public init(name: String, title: String, definition: String) {
        (self.name, self.title, self.definition) = (name, title, definition)
    }
}

extension AlertDatabase {
    /// Lists the features of the pipeline.
    ///
    /// - Parameters:
    ///   - features: In their order.
    ///   - presentsAlerts: Whether alerts that are there get their titles and their order, too: they are then as if
    ///     they had been made with them. Not where other definitions have made some of them.
    /// - Throws: ``AlertStoreError``
    /// - Complexity: O(alerts) if a title or the order of theirs changes, else O(features).
    public func setFeatures(
        _ features: [FeatureRecord],
        presentsAlerts: Bool = true
    ) throws(AlertStoreError) {
        try write { db in
            let known = try Self.features(db)
            guard known != features else { return }
            if presentsAlerts { try Self.present(db, from: known, to: features) }
            try db.execute(sql: "DELETE FROM features")
            for (position, feature) in features.enumerated() {
                try db.execute(
                    sql: "INSERT INTO features (feature, position, title, definition) VALUES (?, ?, ?, ?)",
                    arguments: [feature.name, position, feature.title, feature.definition]
                )
            }
        }
    }

    private static func present(_ db: Database, from known: [FeatureRecord], to features: [FeatureRecord]) throws {
        let titles = Dictionary(known.map { ($0.name, $0.title) }, uniquingKeysWith: { first, _ in first })
        for feature in features where titles[feature.name] != feature.title {
            try db.execute(
                sql: "UPDATE alert_reasons SET title = ?2 WHERE feature = ?1 AND title <> ?2",
                arguments: [feature.name, feature.title]
            )
        }
        try reorder(db, from: known.map(\.name), to: features.map(\.name))
    }

    /// In their order.
    private static func features(_ db: Database) throws -> [FeatureRecord] {
        try Row.fetchAll(db, sql: "SELECT * FROM features ORDER BY position").map {
            try FeatureRecord(name: $0.value("feature"), title: $0.value("title"), definition: $0.value("definition"))
        }
    }

    /// The members of all alerts' features, as they are spelled, in another order. If others have come or gone, the
    /// alerts are not of this pipeline and are made anew.
    private static func reorder(_ db: Database, from old: [String], to new: [String]) throws {
        let places = new.compactMap { old.firstIndex(of: $0) }
        guard old != new, old.count == new.count, places.count == new.count else { return }
        let update = try db.makeStatement(sql: "UPDATE feature_values SET features = ? WHERE alert_id = ?")
        // All keys first: a cursor over a table that is being changed may see a row twice.
        for id in try String.fetchAll(db, sql: "SELECT alert_id FROM feature_values ORDER BY alert_id") {
            let sql = "SELECT features FROM feature_values WHERE alert_id = ?"
            guard let text = try String.fetchOne(db, sql: sql, arguments: [id]),
                let members = FeatureMembers(text), members.texts.count == places.count
            else { continue }
            try update.execute(arguments: ["{" + places.map { members.texts[$0] }.joined(separator: ",") + "}", id])
        }
    }
}

/// The members of a JSON object of numbers and nulls, each with its name, as they are spelled.
package struct FeatureMembers {
    package let texts: [Substring]

    /// Nil if the text is no such object.
    package init?(_ text: String) {
        guard text.utf8.first == 0x7B, text.utf8.last == 0x7D, text.utf8.count > 2 else { return nil }
        var texts: [Substring] = []
        var start = text.utf8.index(after: text.startIndex)
        let end = text.utf8.index(before: text.endIndex)
        var isInName = false
        var isEscaped = false
        var index = start
        while index < end {
            let byte = text.utf8[index]
            if isEscaped {
                isEscaped = false
            } else if byte == 0x5C {
                isEscaped = true
            } else if byte == 0x22 {
                isInName.toggle()
            } else if byte == 0x2C, !isInName {
                texts.append(text[start..<index])
                start = text.utf8.index(after: index)
            }
            index = text.utf8.index(after: index)
        }
        self.texts = texts + [text[start..<end]]
    }
}
