// Pinned host memory, and the copies between it and the device that the host has not waited for.
//
// What real copies do at some time, these do at the worst one: an upload may read its source, and a download writes its
// target, until the host has waited. So a source may not be written, and a target holds no values, before that.
#pragma once

#include "fake_gpu/fake_race.hpp"

namespace fake_gpu {

void *pinned_alloc(std::size_t bytes);
void pinned_free(void *address);
bool is_pinned(const void *address);

// Pages that the source fills alone fault when the host writes to them; others are compared when the host waits.
void queue_upload(StreamKey stream, std::uint64_t at, const void *source, std::size_t bytes);
// Pages that the target fills alone fault when the host touches them; others hold 0xFF.
void queue_download(StreamKey stream, std::uint64_t at, void *target, const void *values, std::size_t bytes);
// Ends the copies that the host has waited for, see race_host_waits().
void finish_copies();

// Returns what the host does wrong if it touches this address; null if nothing. For the fault handler: takes no lock.
const char *copy_in_flight(const void *address);

} // namespace fake_gpu
