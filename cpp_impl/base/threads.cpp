// Sets the number of threads, and how they wait for each other.
#include "base/threads.hpp"

#include "base/clock_internal.h"
#include "base/core_delay_internal.h"
#include "base/guard.hpp"
#include "base/machine_internal.h"
#include "base/thread_internal.h"

#include "moco/device.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

#ifdef _OPENMP
#include <omp.h>
#endif

struct moco::Crowd::State {
    pthread_t leader{};
    std::mutex mutex;
    std::condition_variable changed;
    bool dismissed = false;
    std::atomic<int> members = 0;
};

namespace {

constexpr int32_t max_threads = 4096;

constexpr double look_s = 1;
// Seconds a second that the threads of a process without company wait for a core: below 0.02 for two threads. Beside
// one or two busy programs it is 0.5 to 1.
constexpr double delay_of_process = 0.2;
constexpr double delay_of_thread = 0.01;

void *lead_crowd(void *payload)
{
    auto *state = static_cast<moco::Crowd::State *>(payload);
#ifdef _OPENMP
    const int needed = omp_get_num_procs() - at::get_num_threads() + 2;
#pragma omp parallel num_threads(std::max(2, needed))
    ++state->members; // and stays until this thread ends
#endif
    std::unique_lock lock(state->mutex);
    state->changed.wait(lock, [state] { return state->dismissed; });
    return nullptr;
}

// Returns whether the threads' way to wait is the library's to choose.
bool may_choose()
{
    return std::getenv("GOMP_SPINCOUNT") == nullptr && std::getenv("OMP_WAIT_POLICY") == nullptr;
}

// What the last look saw.
struct Looks {
    std::mutex mutex;
    double time = 0;
    double delay = 0;
    moco::Crowd *crowd = nullptr; // never freed at exit, when a forked process would wait for threads that it lacks
};

bool cores_are_wanted(double delay, double seconds)
{
    return delay > (delay_of_process + delay_of_thread * at::get_num_threads()) * seconds;
}

void look(Looks &looks)
{
    const double now = moco__now();
    if (now - looks.time < look_s) {
        return;
    }
    const double delay = moco__core_delay();
    const bool is_first = looks.time == 0;
    const bool wanted = delay < 0 || (!is_first && cores_are_wanted(delay - looks.delay, now - looks.time));
    looks.time = now;
    looks.delay = delay;
    if (wanted && looks.crowd == nullptr) {
        looks.crowd = new moco::Crowd;
    } else if (!wanted) {
        delete looks.crowd;
        looks.crowd = nullptr;
    }
}

} // namespace

moco::Crowd::Crowd() : state_(new State)
{
    if (moco__thread_start(&state_->leader, "moco-crowd", lead_crowd, state_.get()) != 0) {
        state_.reset(); // without it the work is right too, and slower
    }
}

moco::Crowd::~Crowd()
{
    if (state_ != nullptr) {
        {
            const std::lock_guard lock(state_->mutex);
            state_->dismissed = true;
        }
        state_->changed.notify_one();
        (void)pthread_join(state_->leader, nullptr);
    }
}

void moco::look_for_other_programs()
{
    static const bool chooses = may_choose();
    static Looks looks;
    if (chooses && at::get_num_threads() > 1) {
        const std::unique_lock lock(looks.mutex, std::try_to_lock);
        if (lock) {
            look(looks);
        }
    }
}

void moco__thread_compute_alone(void)
{
    (void)at::get_num_threads(); // which first gives each thread the number of all
#ifdef _OPENMP
    omp_set_num_threads(1);
#endif
}

moco_status moco_threads_set(int32_t count)
{
    MOCO_API_BEGIN_ALSO_FORKED
    if (count < 0) {
        throw moco::Error(MOCO_EINVALID, "threads " + std::to_string(count) + " is negative; use 0 for one per core");
    }
    if (count > max_threads) {
        throw moco::Error(MOCO_EINVALID,
                          "threads " + std::to_string(count) + " is more than " + std::to_string(max_threads));
    }
    at::set_num_threads(count > 0 ? count : moco__cores());
    MOCO_API_END
}

int32_t moco_threads(void)
{
    return at::get_num_threads();
}
