// The order between streams, by vector clocks, as race detectors for threads have them. What one stream wrote, another
// may only touch after it waited for an event, or after the host did.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace fake_gpu {

using StreamKey = std::int64_t; // a stream of a device
using Clock = std::map<StreamKey, std::uint64_t>;

constexpr StreamKey stream_key(int device, std::int64_t stream)
{
    return (static_cast<StreamKey>(device) << 40) + stream;
}

// Bytes of a block of device memory.
struct Span {
    const void *block = nullptr;
    std::size_t begin = 0, end = 0;
};

void race_taken(const void *block, StreamKey stream);
void race_freed(const void *block);
// A tensor's record_stream(): the block is not used again before what is now queued on the stream.
void race_recorded(const void *block, StreamKey stream);
// Returns the time of the access on its stream. The name must live forever.
std::uint64_t race_access(const Span &span, StreamKey stream, bool writes, const char *op);

Clock race_now(StreamKey stream);                  // cudaEventRecord
Clock race_device_now(int device);                 // of all its streams
void race_wait(StreamKey stream, const Clock &of); // cudaStreamWaitEvent
void race_host_waits(const Clock &of);             // cudaEventSynchronize
// Whether the host has waited for what a stream did at a time.
bool race_host_saw(StreamKey stream, std::uint64_t at);

} // namespace fake_gpu
