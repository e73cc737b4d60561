// Tests that a loader counts how long a GPU has nothing to do, and not how long the host waits, which runs ahead of it.
#include "fake_gpu/fake_gpu.h"
#include "unit/loader/loader_fixture.hpp"

#include "support/device.hpp"

#include <dlfcn.h>

namespace {

using namespace loader_test;

constexpr double kWork = 0.5; // seconds

class Idle : public Loader {
  protected:
    void SetUp() override
    {
        Loader::SetUp();
        source_.delay = std::chrono::milliseconds(5); // so that a batch of 5 images takes about 50
        options_.device = moco_test::device();
        options_.workers = 1;
        options_.prefetch = 1;
    }
    static void let_gpu_work()
    {
        reinterpret_cast<fake_gpu_stay_busy_fn>(dlsym(RTLD_DEFAULT, "fake_gpu_stay_busy"))(0, kWork);
    }
    // Takes batches; returns the seconds that count as waits.
    static double take(const Handle &loader, int batches)
    {
        const double before = moco_loader_seconds(loader.get(), MOCO_STAGE_WAIT);
        for (int i = 0; i < batches; ++i) {
            moco_batch batch = {};
            EXPECT_EQ(moco_loader_next(loader.get(), &batch), MOCO_OK) << moco_error_message();
        }
        return moco_loader_seconds(loader.get(), MOCO_STAGE_WAIT) - before;
    }
};

TEST_F(Idle, AnIdleGpuCounts)
{
    const Dataset images = dataset();
    const SamplerHandle order = sampler(5);
    const Handle waiting = loader(images, order);
    const auto start = std::chrono::steady_clock::now();
    const double counted = take(waiting, 5);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    EXPECT_GT(counted, 0.15);
    EXPECT_LE(counted, passed.count());
}

TEST_F(Idle, ABusyGpuDoesNot)
{
    const Dataset images = dataset();
    const SamplerHandle order = sampler(5);
    const Handle waiting = loader(images, order);
    (void)take(waiting, 1);
    let_gpu_work();
    EXPECT_EQ(take(waiting, 3), 0) << "the GPU has not come so far";
    std::this_thread::sleep_for(std::chrono::duration<double>(kWork));
    EXPECT_LT(take(waiting, 1), 0.07) << "of the four waits, the last alone began after the work";
}

TEST_F(Idle, AWaitThatTimedOutContinues)
{
    source_.delay = std::chrono::milliseconds(20);
    options_.timeout_s = 0.01;
    const Dataset images = dataset();
    const SamplerHandle order = sampler(5);
    const Handle waiting = loader(images, order);
    moco_batch batch = {};
    int tries = 1;
    while (moco_loader_next(waiting.get(), &batch) == MOCO_EUNAVAILABLE) {
        ++tries;
    }
    EXPECT_GT(tries, 5);
    EXPECT_GT(moco_loader_seconds(waiting.get(), MOCO_STAGE_WAIT), 0.01 * (tries - 2));
}

} // namespace
