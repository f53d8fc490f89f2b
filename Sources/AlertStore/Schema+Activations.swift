extension Schema {
    /// Since version 6 an alert says which version of its detector it is of and under which activation it was opened,
    /// a partition's progress says what was in force behind its last event, and the file has a copy of the activations.
    ///
    /// Of an alert that was there before, the version is not known (NULL); its activation is the first: what was in
    /// force could not change under it. The tables have no row numbers, so that no page of theirs reads as one of
    /// `triage`.
    static let sixth = """
        ALTER TABLE alerts ADD COLUMN detector_version TEXT;
        ALTER TABLE alerts ADD COLUMN activation INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE offsets ADD COLUMN activation INTEGER NOT NULL DEFAULT 1;
        CREATE TABLE activations (
          activation INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('begin', 'activate')),
          at_ms INTEGER NOT NULL, author TEXT NOT NULL, note TEXT, pipeline TEXT NOT NULL, pipeline_sha TEXT NOT NULL,
          pipeline_file TEXT) STRICT, WITHOUT ROWID;
        CREATE TABLE activation_offsets (
          activation INTEGER NOT NULL REFERENCES activations(activation) ON DELETE CASCADE,
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, PRIMARY KEY (activation, partition))
          STRICT, WITHOUT ROWID;
        CREATE TABLE activation_detectors (
          activation INTEGER NOT NULL REFERENCES activations(activation) ON DELETE CASCADE, detector TEXT NOT NULL,
          version TEXT NOT NULL, mode TEXT NOT NULL CHECK (mode IN ('active', 'shadow', 'off')), model_id TEXT,
          change TEXT NOT NULL CHECK (change IN ('started', 'changed', 'kept', 'ended')),
          PRIMARY KEY (activation, detector)) STRICT, WITHOUT ROWID;
        CREATE VIEW activations_iso AS SELECT a.*,
          strftime('%Y-%m-%dT%H:%M:%fZ', a.at_ms / 1000.0, 'unixepoch') AS at, coalesce(n.alerts, 0) AS alerts
          FROM activations a LEFT JOIN (SELECT activation, count(*) AS alerts FROM alerts GROUP BY activation) n
          USING (activation) ORDER BY a.activation;
        """
}
