/* What tests ask the pretended GPU. Its plug-in is loaded by libmoco, so find these functions by dlsym(RTLD_DEFAULT).
 */
#ifndef FAKE_GPU_H
#define FAKE_GPU_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counters: name, and what is counted. */
#define FAKE_GPU_COUNTERS(X)                                                                                           \
    X(launches, "operators that reach the device")                                                                     \
    X(graph_launches, "replays of a graph, each one launch")                                                           \
    X(blocking_uploads, "copies to the device that the host waits for")                                                \
    X(async_uploads, "copies from pinned memory that the host does not wait for")                                      \
    X(pageable_uploads, "copies of pageable memory that the host does not wait for; the driver stages them")           \
    X(blocking_downloads, "copies to the host that the host waits for")                                                \
    X(async_downloads, "copies to pinned memory that the host does not wait for")                                      \
    X(scalar_reads, "values read by item(), each a wait of the host")                                                  \
    X(hidden_waits, "operators whose CUDA kernels wait for the host, as nonzero()")                                    \
    X(event_waits, "waits of the host for an event")                                                                   \
    X(stream_waits, "waits of the host for a stream")                                                                  \
    X(device_waits, "waits of the host for a device")                                                                  \
    X(allocations, "blocks of device memory taken")                                                                    \
    X(collectives, "operations between ranks on device memory")

typedef struct {
#define FAKE_GPU_FIELD(name, what) int64_t name;
    FAKE_GPU_COUNTERS(FAKE_GPU_FIELD)
#undef FAKE_GPU_FIELD
} fake_gpu_counts;

/* Sets all counters to zero. Like the other functions, safe in every thread. */
void fake_gpu_trace_reset(void);
/* Writes the counters since the last reset, of all threads. */
void fake_gpu_trace_read(fake_gpu_counts *out);
/* Returns how often an operator was launched since the last reset; "aten::add" counts all overloads, "aten::add.Tensor"
 * one. */
int64_t fake_gpu_trace_launches(const char *name);

/* Lets a device work for some time on what it was given so far: events after it come later. Nothing else waits. */
void fake_gpu_stay_busy(int device, double seconds);

typedef void (*fake_gpu_trace_reset_fn)(void);
typedef void (*fake_gpu_trace_read_fn)(fake_gpu_counts *out);
typedef int64_t (*fake_gpu_trace_launches_fn)(const char *name);
typedef void (*fake_gpu_stay_busy_fn)(int device, double seconds);

#ifdef __cplusplus
}
#endif

#endif
