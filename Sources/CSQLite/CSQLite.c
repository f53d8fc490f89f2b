#include "CSQLite.h"

#include <sqlite3.h>
#include <stdint.h>
#include <time.h>

static int count(void *pages, sqlite3 *db, const char *name, int found) {
    (void)db, (void)name;
    __atomic_store_n((int *)pages, found, __ATOMIC_RELAXED);
    return SQLITE_OK;
}

void pa_sqlite_count_log_pages(sqlite3 *db, int *pages) { sqlite3_wal_hook(db, count, pages); }

int pa_sqlite_log_pages(const int *pages) { return __atomic_load_n(pages, __ATOMIC_RELAXED); }

void pa_sqlite_checkpoint_on_close(sqlite3 *db, int is_on) {
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !is_on, (int *)0);
}

int pa_sqlite_rewrite_log(sqlite3 *db) {
    sqlite3_file *log = 0;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code != SQLITE_OK) return code;
    if (!log || !log->pMethods) return SQLITE_OK;
    sqlite3_int64 size = 0;
    code = log->pMethods->xFileSize(log, &size);
    // SQLite's own file layer writes less than 128 KiB at a time.
    const int room = 1 << 16;
    void *buffer = size > 0 ? sqlite3_malloc(room) : 0;
    if (size > 0 && !buffer) return SQLITE_NOMEM;
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += room) {
        int count = size - at < room ? (int)(size - at) : room;
        code = log->pMethods->xRead(log, buffer, count, at);
        if (code == SQLITE_OK) code = log->pMethods->xWrite(log, buffer, count, at);
    }
    sqlite3_free(buffer);
    return code;
}

int pa_sqlite_sync_log(sqlite3 *db) {
    sqlite3_file *log = 0;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code != SQLITE_OK || !log || !log->pMethods) return code;
    return log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
}

void pa_sqlite_allow_uris(void) {
    // Refused once SQLite is at work; then it is as it was built, which is the same nearly everywhere.
    (void)sqlite3_config(SQLITE_CONFIG_URI, 1);
}

static intptr_t milliseconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (intptr_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int is_over(void *deadline) { return milliseconds_now() >= (intptr_t)deadline; }

void pa_sqlite_limit_time(sqlite3 *db, int milliseconds) {
    // The deadline itself is what the handler is given: nothing has to live as long as the question.
    intptr_t deadline = milliseconds_now() + milliseconds;
    sqlite3_progress_handler(db, milliseconds > 0 ? 1000 : 0, milliseconds > 0 ? is_over : 0, (void *)deadline);
}
