#include <zlib.h>

// A macro, which Swift does not see. 31: a gzip header, and the largest window.
static inline int pa_gzip_begin(z_stream *stream) { return inflateInit2(stream, 31); }
