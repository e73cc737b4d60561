// Turns exceptions into statuses and messages.
#include "base/guard.hpp"

#include <c10/util/Exception.h>

#include <new>

namespace moco {

moco_status translate_exception(const char *function) noexcept
{
    try {
        throw;
    } catch (const Error &e) {
        return moco_error_set(e.status(), "%s", e.what());
    } catch (const c10::OutOfMemoryError &e) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of device memory: %s", function, e.what_without_backtrace());
    } catch (const c10::Error &e) {
        return moco_error_set(MOCO_ETORCH, "%s: %s", function, e.what_without_backtrace());
    } catch (const std::bad_alloc &) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", function);
    } catch (const std::exception &e) {
        return moco_error_set(MOCO_EINTERNAL, "%s: %s", function, e.what());
    } catch (...) {
        return moco_error_set(MOCO_EINTERNAL, "%s: unknown exception", function);
    }
}

} // namespace moco
