#include "base/handle.hpp"

#include "base/idle_internal.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <deque>

namespace {

// On a GPU that is still busy both marks are reached at once.
struct Wait {
    explicit Wait(c10::DeviceType type)
        : begin(type, c10::EventFlag::BACKEND_DEFAULT), end(type, c10::EventFlag::BACKEND_DEFAULT)
    {}
    c10::Event begin;
    c10::Event end;
};

void record_now(c10::Event &event, c10::Device device)
{
    const c10::impl::VirtualGuardImpl guard(device.type());
    event.record(guard.getStream(device));
}

} // namespace

struct moco__idle {
    c10::Device device;
    std::deque<Wait> waits; // that the GPU has not passed, oldest first; the last may lack its end
};

moco_status moco__idle_create(moco__idle **out, moco_device device)
{
    MOCO_API_BEGIN
    moco::check_device(device);
    *out = new moco__idle{ moco::to_torch(device), {} };
    MOCO_API_END
}

void moco__idle_free(moco__idle *idle)
{
    delete idle;
}

moco_status moco__idle_begin(moco__idle *idle)
{
    MOCO_API_BEGIN
    if (idle->waits.empty() || idle->waits.back().end.was_marked_for_recording()) {
        record_now(idle->waits.emplace_back(idle->device.type()).begin, idle->device);
    }
    MOCO_API_END
}

moco_status moco__idle_end(double *seconds, moco__idle *idle)
{
    MOCO_API_BEGIN
    *seconds = 0;
    record_now(idle->waits.back().end, idle->device);
    while (!idle->waits.empty() && idle->waits.front().end.query()) {
        *seconds += idle->waits.front().begin.elapsedTime(idle->waits.front().end) * 1e-3;
        idle->waits.pop_front();
    }
    MOCO_API_END
}
