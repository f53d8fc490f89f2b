#ifndef PATTERNALARM_CSQLITE_H
#define PATTERNALARM_CSQLITE_H

// What SQLite offers to C alone. A `sqlite3 *` is a connection; results are SQLite's codes.

struct sqlite3;

/// Sets `*pages` to the number of pages in the write-ahead log after each commit, instead of SQLite's own checkpoints: those
/// that fail are tried again later as if nothing had happened. `pages` lives as long as the connection.
void pa_sqlite_count_log_pages(struct sqlite3 *_Nonnull db, int *_Nonnull pages);

/// What the hook has written to `*pages` last; any thread may ask.
int pa_sqlite_log_pages(const int *_Nonnull pages);

/// Whether closing the connection, if it is the last one, moves the write-ahead log into the file; it does at first.
void pa_sqlite_checkpoint_on_close(struct sqlite3 *_Nonnull db, int is_on);

/// Writes the write-ahead log over itself, byte for byte. Call it in a write transaction, in which nobody else writes.
int pa_sqlite_rewrite_log(struct sqlite3 *_Nonnull db);

/// Makes everything in the write-ahead log survive a power cut: its transactions were committed without that.
int pa_sqlite_sync_log(struct sqlite3 *_Nonnull db);

/// Lets the name of a file be a URI, which alone says how it is opened. Call it before anything else of SQLite.
void pa_sqlite_allow_uris(void);

/// Interrupts what the connection is asked from now on, once so many milliseconds have passed; 0 = never.
void pa_sqlite_limit_time(struct sqlite3 *_Nonnull db, int milliseconds);

#endif
