// Turns exceptions into statuses and messages.
#include "base/guard.hpp"
#include "base/sayings.hpp"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <mutex>
#include <new>
#include <pthread.h>
#include <string>

namespace {

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

// The name that callers know: theirs have one underscore.
static std::string known_name(const char *function)
{
    std::string name = function;
    const size_t private_mark = name.find("__");
    return private_mark == std::string::npos ? name : name.erase(private_mark, 1);
}

// libtorch blames arguments by these types, and by words.
static moco_status otherwise(const c10::Error &e)
{
    const bool is_argument = dynamic_cast<const c10::IndexError *>(&e) != nullptr ||
                             dynamic_cast<const c10::ValueError *>(&e) != nullptr ||
                             dynamic_cast<const c10::TypeError *>(&e) != nullptr;
    return is_argument ? MOCO_EINVALID : MOCO_ETORCH;
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
        const Saying said = say(e.what_without_backtrace(), otherwise(e));
        return moco_error_set(said.status, "%s: %s", known_name(function).c_str(), said.text.c_str());
    } catch (const std::bad_alloc &) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", function);
    } catch (const std::length_error &) { // of a list that no memory holds
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", function);
    } catch (const std::exception &e) {
        // The exceptions of oneDNN and Gloo have no types that can be named here.
        const std::string text = e.what();
        const bool is_known = text.rfind("could not ", 0) == 0 || text.find("/gloo/") != std::string::npos;
        const Saying said = is_known ? say(text, MOCO_ETORCH) : Saying{ MOCO_EINTERNAL, text };
        return moco_error_set(said.status, "%s: %s", known_name(function).c_str(), said.text.c_str());
    } catch (...) {
        return moco_error_set(MOCO_EINTERNAL, "%s: unknown exception", function);
    }
}

} // namespace moco
