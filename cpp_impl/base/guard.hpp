// Keeps exceptions inside: every exported function has its body between MOCO_API_BEGIN and MOCO_API_END.
#pragma once

#include "moco/error.h"

#include <stdexcept>
#include <string>

namespace moco {

// A failure with a status; the message says what is wrong, with which value, and what to do.
class Error : public std::runtime_error {
  public:
    Error(moco_status status, const std::string &message) : std::runtime_error(message), status_(status) {}
    [[nodiscard]] moco_status status() const noexcept { return status_; }

  private:
    moco_status status_;
};

// Throws MOCO_EUNAVAILABLE if another libtorch was loaded than libmoco was built with.
void check_libtorch();

// Turns the exception that is being handled into a status and this thread's message.
moco_status translate_exception(const char *function) noexcept;

// Throws MOCO_EUNAVAILABLE in a forked process that would wait for threads which only its parent has.
void refuse_fork();
// Notes that libtorch may have started threads, which a forked process lacks.
void note_threads() noexcept;

} // namespace moco

#define MOCO_API_BEGIN                                                                                                 \
    try {                                                                                                              \
        moco::check_libtorch();                                                                                        \
        moco::refuse_fork();
// For a function that a forked process may call.
#define MOCO_API_BEGIN_ALSO_FORKED                                                                                     \
    try {                                                                                                              \
        moco::check_libtorch();
#define MOCO_API_END                                                                                                   \
    }                                                                                                                  \
    catch (...)                                                                                                        \
    {                                                                                                                  \
        return moco::translate_exception(__func__);                                                                    \
    }                                                                                                                  \
    return MOCO_OK;

// Throws MOCO_EINVALID if an argument is NULL, and names it.
#define MOCO_CHECK_ARG(argument)                                                                                       \
    do {                                                                                                               \
        if ((argument) == nullptr) {                                                                                   \
            throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": argument " #argument " is NULL");              \
        }                                                                                                              \
    } while (0)
