// A thread's current device and streams, and what happens on them.
#pragma once

#include "fake_gpu/fake_race.hpp"

#include <cstdint>

namespace c10 {
struct Allocator;
class DeviceAllocator;
} // namespace c10

namespace fake_gpu {

int current_device();
void set_current_device(int device);
// The current stream of a device, in this thread.
std::int64_t current_stream(int device);
StreamKey current_key();

// Sets the current device for a scope, as CUDA's kernels do. A negative one changes nothing.
class OnDevice {
  public:
    explicit OnDevice(int device) : before_(current_device())
    {
        if (device >= 0) {
            set_current_device(device);
        }
    }
    OnDevice(const OnDevice &) = delete;
    OnDevice &operator=(const OnDevice &) = delete;
    ~OnDevice() { set_current_device(before_); }

  private:
    int before_;
};

// The host waits for all that is on the current stream. What says who waits, for graphs that must not.
void host_waits_for_stream(const char *what);
// The host waits for all that is on a device.
void host_waits_for_device(int device);

c10::DeviceAllocator &device_allocator();
c10::Allocator &pinned_allocator();

} // namespace fake_gpu
