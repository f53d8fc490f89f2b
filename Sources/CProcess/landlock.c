#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The kernel's interface as of Landlock 7, written out: the system's headers may be older than its kernel.
struct ruleset {
    uint64_t files, network, scopes;
};

struct __attribute__((packed)) path_rule {
    uint64_t allowed;
    int32_t folder;
};

struct port_rule {
    uint64_t allowed, port;
};

enum { create_ruleset = 444, add_rule = 445, restrict_self = 446 };
enum { rule_path = 1, rule_port = 2, ask_version = 1 };

static const uint64_t execute = 1, write_file = 1 << 1, read_file = 1 << 2, read_folder = 1 << 3, refer = 1 << 13,
                      truncate_file = 1 << 14, device_control = 1 << 15;
// Everything about files that version 1 knows.
static const uint64_t files_1 = (1 << 13) - 1;
// Special files are not made, and nothing is run.
static const uint64_t make_device = 1 << 6, make_socket = 1 << 9, make_pipe = 1 << 10, make_block = 1 << 11,
                      make_link = 1 << 12;
static const uint64_t bind_port = 1, connect_port = 1 << 1;
static const uint64_t scope_sockets = 1, scope_signals = 1 << 1;

static int allow_path(int rules, const struct pa_allowed_path *path, uint64_t known) {
    int descriptor = open(path->path, O_PATH | O_CLOEXEC);
    if (descriptor < 0) return 0;
    struct stat status;
    int code = 0;
    if (fstat(descriptor, &status) != 0) {
        code = errno;
    } else {
        uint64_t reading = read_file | read_folder;
        uint64_t special = make_device | make_socket | make_pipe | make_block | make_link;
        uint64_t writing = (files_1 & ~execute & ~special) | refer | truncate_file;
        uint64_t allowed = (path->may_write ? writing : reading) & known;
        // Rights about what is in a folder are not for files.
        if (!S_ISDIR(status.st_mode)) allowed &= read_file | write_file | truncate_file;
        struct path_rule rule = {allowed, descriptor};
        if (syscall(add_rule, rules, rule_path, &rule, 0) != 0) code = errno;
    }
    close(descriptor);
    return code;
}

int pa_confine(const struct pa_allowed_path *paths, int count, unsigned short port) {
    long version = syscall(create_ruleset, NULL, 0, ask_version);
    if (version < 0) return -errno;
    struct ruleset ruleset = {files_1, 0, 0};
    if (version >= 2) ruleset.files |= refer;
    if (version >= 3) ruleset.files |= truncate_file;
    if (version >= 5) ruleset.files |= device_control;
    if (version >= 4) ruleset.network = bind_port | connect_port;
    if (version >= 6) ruleset.scopes = scope_sockets | scope_signals;
    // An older kernel wants the shorter struct.
    size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    int rules = (int)syscall(create_ruleset, &ruleset, size, 0);
    if (rules < 0) return -errno;
    int code = 0;
    for (int index = 0; index < count && code == 0; index++) code = allow_path(rules, &paths[index], ruleset.files);
    if (code == 0 && version >= 4) {
        struct port_rule rule = {bind_port, port};
        if (syscall(add_rule, rules, rule_port, &rule, 0) != 0) code = errno;
    }
    if (code == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) code = errno;
    if (code == 0 && syscall(restrict_self, rules, 0) != 0) code = errno;
    close(rules);
    return code == 0 ? (int)version : -code;
}
