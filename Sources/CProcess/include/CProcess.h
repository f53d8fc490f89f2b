#ifndef PATTERNALARM_CPROCESS_H
#define PATTERNALARM_CPROCESS_H

/// Keeps the process's memory from other processes: no core file, no tracing by the same user. 0, or errno.
int pa_keep_memory_private(void);

/// A file or folder that a confined process may use, with all that is in it.
struct pa_allowed_path {
    const char *_Nonnull path;
    int may_write;
};

/// Confines the calling thread, and all that it starts, to some paths and to listening on one TCP port, for good: no
/// other file, no other program, no connection, no signal to others. What is missing is left out. The version of
/// Landlock, or minus errno: ENOSYS and EOPNOTSUPP mean that this kernel cannot.
int pa_confine(const struct pa_allowed_path *_Nonnull paths, int count, unsigned short port);

/// Has the kernel refuse (EPERM) to the calling thread, and to all that it starts, what a server never asks for, for
/// good: running programs, connecting, sockets that are not of TCP, others' memory, and parts of the kernel that only
/// an intruder needs. 0, or errno: ENOSYS and EINVAL mean that this kernel or processor cannot.
int pa_refuse_calls(void);

/// Lets blocks of memory of so many bytes and more go back to the system as soon as they are freed. Otherwise the C
/// library learns from the first large block that is freed to keep them. False if it cannot be told.
int pa_give_back_from(int bytes);

#endif
