// c10's way to the streams of a GPU, for tests of the pretended one.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace fake_test {

inline const c10::Device kGpu(c10::DeviceType::CUDA, 0);

inline const c10::impl::VirtualGuardImpl &cuda()
{
    static const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
    return guard;
}

} // namespace fake_test
