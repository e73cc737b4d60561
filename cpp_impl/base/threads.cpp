// Sets the number of threads, and how they wait for each other.
#include "base/threads.hpp"

#include "base/clock_internal.h"
#include "base/core_time_internal.h"
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
#include <unistd.h>
#include <vector>

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

constexpr int max_crowd = 512;

constexpr double look_s = 1;
// Threads of a process without company wait for cores for about 1 % of the time that they run; beside one or two busy
// programs, for a third of it or more.
constexpr double much = 0.05;

void *pass_gate(void *gate)
{
    const std::lock_guard lock(*static_cast<std::mutex *>(gate));
    return nullptr;
}

// Returns whether the system grants so many threads more. If it does not, libgomp ends the process, and libtorch's own
// pool waits for ever for those that did not start.
bool can_start(int count)
{
    std::vector<pthread_t> threads;
    threads.reserve(static_cast<size_t>(std::max(count, 0))); // what throws must not leave threads
    std::mutex gate;
    pthread_t thread{};
    bool granted = true;
    {
        const std::lock_guard lock(gate);
        while (granted && static_cast<int>(threads.size()) < count) {
            granted = moco__thread_start(&thread, "moco-probe", pass_gate, &gate) == 0;
            if (granted) {
                threads.push_back(thread);
            }
        }
    }
    for (const pthread_t started : threads) {
        (void)pthread_join(started, nullptr);
    }
    return granted;
}

void *lead_crowd(void *payload)
{
    auto *state = static_cast<moco::Crowd::State *>(payload);
#ifdef _OPENMP
    const int needed = std::max(2, omp_get_num_procs() - at::get_num_threads() + 2);
    if (needed <= max_crowd && can_start(needed)) {
#pragma omp parallel num_threads(needed)
        ++state->members; // and stays until this thread ends
    }
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
    pid_t process = 0;
    double time = 0;
    bool known = false; // whether the times of threads could be read, ever
    moco__core_time sum{};
    moco::Crowd *crowd = nullptr; // not freed at exit, nor in a forked process, which lacks its threads
};

void set_crowd(Looks &looks, bool wanted)
{
    if (wanted && looks.crowd == nullptr) {
        looks.crowd = new moco::Crowd;
    } else if (!wanted) {
        delete looks.crowd;
        looks.crowd = nullptr;
    }
}

void look(Looks &looks)
{
    const double now = moco__now();
    if (looks.process != getpid()) {
        looks.process = getpid();
        looks.crowd = nullptr;
    }
    if (at::get_num_threads() == 1) {
        set_crowd(looks, false);
        return;
    }
    if (now - looks.time < look_s) {
        return;
    }
    looks.time = now;
    moco__core_time sum;
    if (!moco__core_time_read(&sum)) {
        set_crowd(looks, looks.crowd != nullptr || !looks.known); // better safe where nothing is known
        return;
    }
    const double ran = sum.ran - looks.sum.ran;
    if (looks.known && ran > 0) {
        set_crowd(looks, sum.waited - looks.sum.waited > much * ran);
    }
    looks.known = true;
    looks.sum = sum;
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
    if (chooses) {
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
    static std::atomic<int> granted = 1; // there are two pools of so many: libgomp's and libtorch's
    const int threads = count > 0 ? count : moco__cores();
    if (threads > granted && !can_start(2 * (threads - 1))) {
        throw moco::Error(MOCO_EUNAVAILABLE,
                          "threads " + std::to_string(threads) +
                              ": the system does not grant so many; use fewer, or " MOCO__THREAD_ADVICE);
    }
    granted = std::max(threads, granted.load());
    at::set_num_threads(threads);
    MOCO_API_END
}

int32_t moco_threads(void)
{
    return at::get_num_threads();
}
