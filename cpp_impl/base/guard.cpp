// Turns exceptions into statuses and messages.
#include "base/guard.hpp"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <pthread.h>

namespace {

// What libtorch says, and what the caller should hear. No text: the first sentence of libtorch's.
struct Saying {
    const char *sign;
    moco_status status;
    const char *text;
};

constexpr Saying sayings[] = {
    { "can't allocate memory", MOCO_ENOMEM, "out of memory" },
    { "alloc_cpu", MOCO_ENOMEM, "out of memory" },
    { "calculation overflowed", MOCO_ENOMEM, "out of memory: the sizes make more elements than any memory holds" },
    { "multiplication overflow", MOCO_ENOMEM, "out of memory: the sizes make more elements than any memory holds" },
    { "not linked with support for cuda", MOCO_EUNAVAILABLE, "there is no GPU that libtorch can use" },
    { "Could not run '", MOCO_EUNAVAILABLE,
      "libtorch has no such operation for this device and element type; moco_device_parse() checks whether a device "
      "can "
      "be used" },
    { "no NVIDIA driver", MOCO_EUNAVAILABLE, "there is no NVIDIA driver" },
    { "through the graph a second time", MOCO_EINVALID,
      "a backward pass has used this loss, or part of what it was computed from, already; compute it again" },
    { "modified by an inplace operation", MOCO_EINVALID,
      "a tensor that the backward pass needs was written to after it was used; call the backward pass before what "
      "writes, such as moco_queue_enqueue()" },
    { "does not require grad", MOCO_EINVALID, "the loss does not depend on any parameter that is trained" },
    { "to be on the same device", MOCO_EINVALID, "the tensors are on different devices; use moco_tensor_to()" },
    { "must match", MOCO_EINVALID, nullptr },
    { "shapes cannot be multiplied", MOCO_EINVALID, nullptr },
    { "out of range", MOCO_EINVALID, nullptr },
    { "out of bounds", MOCO_EINVALID, nullptr },
    { "have the same dtype", MOCO_EINVALID, nullptr },
    { "not implemented for", MOCO_EINVALID, nullptr },
    { "can't be cast to", MOCO_EINVALID, nullptr },
};

// Returns the first sentence of a message; the rest is advice for Python.
std::string first_sentence(const std::string &text)
{
    return text.substr(0, std::min(text.find('\n'), text.find(". ")));
}

moco_status translate_torch(const char *function, const std::string &text)
{
    for (const Saying &saying : sayings) {
        if (text.find(saying.sign) != std::string::npos) {
            return moco_error_set(saying.status, "%s: %s", function,
                                  saying.text != nullptr ? saying.text : first_sentence(text).c_str());
        }
    }
    return moco_error_set(MOCO_ETORCH, "%s: %s", function, first_sentence(text).c_str());
}

std::atomic<bool> has_threads{ false };
std::atomic<bool> is_forked{ false };

void enter_child()
{
    is_forked.store(has_threads.load());
}

} // namespace

namespace moco {

void note_threads() noexcept
{
    if (!has_threads.load(std::memory_order_relaxed)) {
        static std::once_flag once;
        std::call_once(once, [] { (void)pthread_atfork(nullptr, nullptr, enter_child); });
        has_threads.store(true);
    }
}

void refuse_fork()
{
    if (is_forked.load(std::memory_order_relaxed) && at::get_num_threads() > 1) {
        throw Error(
            MOCO_EUNAVAILABLE,
            "this process was forked from one that has used libmoco, and lacks its threads; fork before the first "
            "tensor, start another program, or call moco_threads_set(1) here first");
    }
}

moco_status translate_exception(const char *function) noexcept
{
    try {
        throw;
    } catch (const Error &e) {
        return moco_error_set(e.status(), "%s", e.what());
    } catch (const c10::OutOfMemoryError &e) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of device memory: %s", function, e.what_without_backtrace());
    } catch (const c10::Error &e) {
        return translate_torch(function, e.what_without_backtrace());
    } catch (const std::bad_alloc &) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", function);
    } catch (const std::exception &e) {
        return moco_error_set(MOCO_EINTERNAL, "%s: %s", function, e.what());
    } catch (...) {
        return moco_error_set(MOCO_EINTERNAL, "%s: unknown exception", function);
    }
}

} // namespace moco
