// Stands for the rooms that use libtorch, where that is not linked: their guard against exceptions, and the functions
// that the readers' files call besides.
#include "base/guard.hpp"

#include <moco.h>

#include <exception>
#include <new>

namespace moco {

void check_libtorch() {}

void refuse_fork() {}

void note_threads() noexcept {}

moco_status translate_exception(const char *function) noexcept
{
    try {
        throw;
    } catch (const Error &e) {
        return moco_error_set(e.status(), "%s", e.what());
    } catch (const std::bad_alloc &) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", function);
    } catch (const std::length_error &) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", function);
    } catch (...) { // none of ours: a finding, whose trace libFuzzer prints
        std::terminate();
    }
}

} // namespace moco

namespace {

moco_status absent(const char *function)
{
    return moco_error_set(MOCO_EUNAVAILABLE, "%s: libtorch is not linked", function);
}

} // namespace

moco_status moco_device_parse(moco_device *out, const char *text)
{
    *out = { text[0] == 'c' && text[1] == 'u' ? MOCO_CUDA : MOCO_CPU, 0 };
    return text[0] == 'a' || text[0] == 'c' ? MOCO_OK
                                            : moco_error_set(MOCO_EINVALID, "device \"%s\" is not known", text);
}

std::int32_t moco_device_cuda_count(const char **reason)
{
    if (reason != nullptr) {
        *reason = "libtorch is not linked";
    }
    return 0;
}

moco_precision moco_precision_fastest(moco_device)
{
    return MOCO_FP32;
}

bool moco_encoder_architecture(moco_architecture *out, std::size_t index)
{
    static constexpr moco_architecture known[] = { { "resnet18", false, { 2, 2, 2, 2 }, 1, 64, 1, false },
                                                   { "resnet50", true, { 3, 4, 6, 3 }, 1, 64, 1, false } };
    if (index >= 2) {
        return false;
    }
    *out = known[index];
    return true;
}

std::size_t moco_tensor_ndim(const moco_tensor *)
{
    return 0;
}

std::int64_t moco_tensor_size(const moco_tensor *, std::size_t)
{
    return 0;
}

moco_dtype moco_tensor_dtype(const moco_tensor *)
{
    return MOCO_FLOAT32;
}

moco_status moco_tensor_set_from_host(moco_tensor *, const void *, std::size_t)
{
    return absent(__func__);
}
