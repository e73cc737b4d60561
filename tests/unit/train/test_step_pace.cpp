// Whether steps wait for cores that other programs use.
#include "train/step_pace_internal.h"

#include <chrono>
#include <gtest/gtest.h>
#include <thread>

namespace {

bool is_poor(double wall, double cpu, uint64_t losses)
{
    moco__pace pace{};
    pace.wall = wall;
    pace.cpu = cpu;
    pace.losses = losses;
    double seen_wall = 0;
    double seen_cpu = 0;
    const bool poor = moco__pace_is_poor(&seen_wall, &seen_cpu, &pace);
    EXPECT_EQ(pace.wall, wall < 3 ? wall : 0);
    EXPECT_EQ(seen_wall, wall < 3 ? 0 : wall);
    return poor;
}

} // namespace

TEST(StepPace, IsPoorIfCoresAreTakenAway)
{
    EXPECT_TRUE(is_poor(10, 4, 1000));
    EXPECT_FALSE(is_poor(10, 6, 1000));
    EXPECT_FALSE(is_poor(2, 0.5, 1000)); // too short to judge
}

TEST(StepPace, IsFineIfTheProcessSleeps)
{
    EXPECT_FALSE(is_poor(10, 0.1, 3)); // stopped, or waiting for a peer
    moco__pace pace{};
    moco__pace_begin(&pace);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    moco__pace_end(&pace);
    EXPECT_GE(pace.wall, 0.03);
    EXPECT_LT(pace.cpu, 0.02);
}
