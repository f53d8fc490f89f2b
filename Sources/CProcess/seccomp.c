#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// Calls that the C library's headers may be too old for have the same numbers everywhere.
enum {
    call_io_uring_setup = 425, call_open_tree = 428, call_move_mount = 429, call_fsopen = 430, call_fsconfig = 431,
    call_fsmount = 432, call_fspick = 433, call_pidfd_getfd = 438, call_process_madvise = 440, call_mount_setattr = 442,
};

static const unsigned refused[] = {
    // Other programs.
    SYS_execve, SYS_execveat,
    // Other processes' memory and files.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, call_pidfd_getfd, call_process_madvise,
    // Connections out, also where Landlock is too old to forbid them.
    SYS_connect,
    // Around this filter: a ring's calls are not filtered.
    call_io_uring_setup,
    // The parts of the kernel that only those need who look for holes in it.
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_add_key, SYS_request_key, SYS_keyctl,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff,
    // Another view of the files.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, call_open_tree, call_move_mount,
    call_fsopen, call_fsconfig, call_fsmount, call_fspick, call_mount_setattr,
};

enum { refused_count = sizeof(refused) / sizeof(refused[0]), program_most = 2 * refused_count + 32 };

struct program {
    struct sock_filter steps[program_most];
    unsigned short count;
};

static void add(struct program *program, unsigned short code, unsigned value, unsigned char yes, unsigned char no) {
    program->steps[program->count++] = (struct sock_filter){code, yes, no, value};
}

static void load(struct program *program, unsigned offset) { add(program, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0); }

static void answer(struct program *program, unsigned value) { add(program, BPF_RET | BPF_K, value, 0, 0); }

int pa_refuse_calls(void) {
#ifndef ARCHITECTURE
    return ENOSYS;
#else
    const unsigned refusal = SECCOMP_RET_ERRNO | EPERM, equal = BPF_JMP | BPF_JEQ | BPF_K;
    struct program program = {.count = 0};
    load(&program, offsetof(struct seccomp_data, arch));
    add(&program, equal, ARCHITECTURE, 1, 0);
    answer(&program, refusal);
    load(&program, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    // The same calls under other numbers (x32).
    add(&program, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    answer(&program, refusal);
#endif
    for (int index = 0; index < refused_count; index++) {
        add(&program, equal, refused[index], 0, 1);
        answer(&program, refusal);
    }
    // Sockets of TCP only: whoever cannot connect could still send datagrams.
    add(&program, equal, SYS_socket, 1, 0);
    answer(&program, SECCOMP_RET_ALLOW);
    load(&program, offsetof(struct seccomp_data, args[0]));
    add(&program, equal, AF_INET, 2, 0);
    add(&program, equal, AF_INET6, 1, 0);
    answer(&program, refusal);
    load(&program, offsetof(struct seccomp_data, args[1]));
    add(&program, BPF_ALU | BPF_AND | BPF_K, ~(unsigned)(SOCK_CLOEXEC | SOCK_NONBLOCK), 0, 0);
    add(&program, equal, SOCK_STREAM, 0, 1);
    answer(&program, SECCOMP_RET_ALLOW);
    answer(&program, refusal);
    struct sock_fprog filter = {program.count, program.steps};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0 ? 0 : errno;
#endif
}
