// Registers the guard of the pretended GPU in place of CUDA's: devices, streams, events.
#include "fake_gpu/fake_capture.hpp"
#include "fake_gpu/fake_device.hpp"
#include "fake_gpu/fake_memory.hpp"
#include "fake_gpu/fake_pinned.hpp"
#include "fake_gpu/fake_trace.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>

namespace fake_gpu {
namespace {

thread_local int device_now = 0;
thread_local std::array<std::int64_t, kMaxDevices> streams_now{};
std::atomic<std::int64_t> next_stream{ 1 };

using Time = std::chrono::steady_clock::time_point;

// Until when each device works, for what comes next.
std::array<std::atomic<Time>, kMaxDevices> busy_until{};

struct Event {
    Clock clock;
    StreamKey stream = 0; // that recorded it
    bool captured = false;
    bool timed = false;
    Time reached; // by the device, if timed
};

void host_sees(const Clock &clock)
{
    race_host_waits(clock);
    finish_copies();
}

StreamKey key_of(const c10::Stream &s)
{
    return stream_key(s.device_index(), s.id());
}

class Guard final : public c10::impl::DeviceGuardImplInterface {
  public:
    c10::DeviceType type() const override { return c10::DeviceType::CUDA; }
    c10::Device exchangeDevice(c10::Device d) const override
    {
        const c10::Device before = getDevice();
        setDevice(d);
        return before;
    }
    c10::Device getDevice() const override { return on(device_now); }
    void setDevice(c10::Device d) const override
    {
        TORCH_CHECK(d.index() >= 0 && d.index() < deviceCount(), "CUDA error: invalid device ordinal");
        device_now = d.index();
    }
    void uncheckedSetDevice(c10::Device d) const noexcept override { device_now = d.index(); }
    c10::DeviceIndex deviceCount() const noexcept override { return static_cast<c10::DeviceIndex>(device_count()); }

    c10::Stream getStream(c10::Device d) const override { return make(d, current_stream(index_of(d))); }
    void *getStreamNativeHandle(const c10::Stream s) const override
    {
        return reinterpret_cast<void *>(s.id()); // NULL for the default stream, as in CUDA
    }
    c10::Stream getDefaultStream(c10::Device d) const override { return make(d, 0); }
    c10::Stream getStreamFromGlobalPool(c10::Device d, bool) const override
    {
        return make(d, next_stream.fetch_add(1));
    }
    c10::Stream getNewStream(c10::Device d, int) const override { return make(d, next_stream.fetch_add(1)); }
    c10::Stream exchangeStream(c10::Stream s) const override
    {
        const auto before = getStream(s.device());
        streams_now[static_cast<std::size_t>(s.device_index())] = s.id();
        return before;
    }
    bool queryStream(const c10::Stream &s) const override
    {
        refuse_in_capture(key_of(s), "a query of a stream");
        host_sees(race_now(key_of(s)));
        return true;
    }
    void synchronizeStream(const c10::Stream &s) const override
    {
        refuse_in_capture(key_of(s), "a wait of the host for a stream");
        count(Counter::stream_waits);
        host_sees(race_now(key_of(s)));
    }
    void synchronizeDevice(const c10::DeviceIndex d) const override { host_waits_for_device(d); }

    void record(void **event, const c10::Stream &s, const c10::DeviceIndex, const c10::EventFlag flag) const override
    {
        if (*event == nullptr) {
            *event = new Event;
        }
        const Time busy = busy_until[static_cast<std::size_t>(s.device_index())].load();
        *static_cast<Event *>(*event) = { race_now(key_of(s)), key_of(s), is_captured(key_of(s)),
                                          flag == c10::EventFlag::BACKEND_DEFAULT,
                                          std::max(busy, std::chrono::steady_clock::now()) };
    }
    void block(void *event, const c10::Stream &s) const override
    {
        if (event != nullptr) {
            const auto &e = *static_cast<Event *>(event);
            if (e.captured) {
                join_capture(key_of(s));
            }
            race_wait(key_of(s), e.clock);
        }
    }
    bool queryEvent(void *event) const override
    {
        if (event != nullptr) {
            refuse_captured_event(event, "a query of an event");
            const auto &e = *static_cast<Event *>(event);
            if (e.timed) { // asked for times, not for order
                return std::chrono::steady_clock::now() >= e.reached;
            }
            host_sees(e.clock);
        }
        return true;
    }
    void synchronizeEvent(void *event) const override
    {
        refuse_captured_event(event, "a wait of the host for an event");
        count(Counter::event_waits);
        host_sees(static_cast<Event *>(event)->clock);
    }
    void destroyEvent(void *event, const c10::DeviceIndex) const noexcept override
    {
        delete static_cast<Event *>(event);
    }
    double elapsedTime(void *from, void *to, const c10::DeviceIndex) const override
    {
        const auto time = static_cast<Event *>(to)->reached - static_cast<Event *>(from)->reached;
        return std::chrono::duration<double, std::milli>(time).count();
    }
    void recordDataPtrOnStream(const c10::DataPtr &p, const c10::Stream &s) const override
    {
        if (p.get() != nullptr) {
            race_recorded(p.get(), key_of(s));
        }
    }

  private:
    static c10::Device on(int device) { return { c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device) }; }
    static int index_of(c10::Device d) { return d.has_index() ? d.index() : device_now; }
    static c10::Stream make(c10::Device d, std::int64_t id)
    {
        return c10::Stream(c10::Stream::UNSAFE, on(index_of(d)), id);
    }
    static void refuse_captured_event(void *event, const char *what)
    {
        const auto &e = *static_cast<Event *>(event);
        if (e.captured) {
            refuse_in_capture(e.stream, what);
        }
    }
};

} // namespace

int current_device()
{
    return device_now;
}

void set_current_device(int device)
{
    device_now = device;
}

std::int64_t current_stream(int device)
{
    return streams_now[static_cast<std::size_t>(device)];
}

StreamKey current_key()
{
    return stream_key(device_now, current_stream(device_now));
}

void host_waits_for_stream(const char *what)
{
    refuse_in_capture(current_key(), what);
    host_sees(race_now(current_key()));
}

void host_waits_for_device(int device)
{
    refuse_in_capture_on(device, "a wait of the host for a device");
    count(Counter::device_waits);
    host_sees(race_device_now(device));
}

} // namespace fake_gpu

extern "C" __attribute__((visibility("default"))) void fake_gpu_stay_busy(int device, double seconds)
{
    const auto time = std::chrono::duration_cast<fake_gpu::Time::duration>(std::chrono::duration<double>(seconds));
    fake_gpu::busy_until[static_cast<std::size_t>(device)] = std::chrono::steady_clock::now() + time;
}

namespace c10::impl {
C10_REGISTER_GUARD_IMPL(CUDA, fake_gpu::Guard)
}
