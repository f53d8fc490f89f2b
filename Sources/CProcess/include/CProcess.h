#ifndef PATTERNALARM_CPROCESS_H
#define PATTERNALARM_CPROCESS_H

/// Keeps the process's memory from other processes: no core file, no tracing by the same user. 0, or errno.
int pa_keep_memory_private(void);

#endif
