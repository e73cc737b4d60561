// Tests the schedules of learning rate and momentum.
#include "support/tensors.hpp"

#include <cmath>

TEST(Schedule, LearningRates)
{
    moco_schedule s = MOCO_SCHEDULE_INIT;
    s.kind = MOCO_SCHEDULE_STEPS;
    s.milestone_count = 2;
    s.milestones[0] = 120;
    s.milestones[1] = 160;
    EXPECT_DOUBLE_EQ(moco_schedule_lr(&s, 0), 0.03);
    EXPECT_DOUBLE_EQ(moco_schedule_lr(&s, 119.99), 0.03);
    EXPECT_NEAR(moco_schedule_lr(&s, 120), 0.003, 1e-12);
    EXPECT_NEAR(moco_schedule_lr(&s, 199), 0.0003, 1e-12);
    s.kind = MOCO_SCHEDULE_COSINE;
    EXPECT_NEAR(moco_schedule_lr(&s, 100), 0.015, 1e-12);
    EXPECT_DOUBLE_EQ(moco_schedule_lr(&s, 100.9), moco_schedule_lr(&s, 100)) << "constant within an epoch";
    s.per_step = true;
    EXPECT_LT(moco_schedule_lr(&s, 100.9), moco_schedule_lr(&s, 100));
    s.warmup_epochs = 10;
    EXPECT_DOUBLE_EQ(moco_schedule_lr(&s, 0), 0);
    EXPECT_NEAR(moco_schedule_lr(&s, 5), 0.015, 1e-12);
    EXPECT_NEAR(moco_schedule_lr(&s, 10), 0.03, 1e-12);
    EXPECT_NEAR(moco_schedule_lr(&s, 200), 0, 1e-12);
    EXPECT_DOUBLE_EQ(moco_schedule_auto_lr(512), 0.06);
}

// The paper's run on Instagram-1B: 0.12, multiplied by 0.9 after every 62,500 of 1.25 million steps.
TEST(Schedule, ExponentialFallsByTheStep)
{
    constexpr double epoch_steps = 917968;
    moco_schedule s = MOCO_SCHEDULE_INIT;
    s.kind = MOCO_SCHEDULE_EXPONENTIAL;
    s.lr = 0.12;
    s.decay_epochs = 62500 / epoch_steps;
    const auto lr = [&](double step) { return moco_schedule_lr(&s, step / epoch_steps); };
    for (int n = 0; n < 20; ++n) {
        EXPECT_DOUBLE_EQ(lr(62500.0 * n), 0.12 * std::pow(0.9, n)) << n;
        EXPECT_DOUBLE_EQ(lr(62500.0 * n + 62499), 0.12 * std::pow(0.9, n)) << n;
    }
    // Positions are computed from epoch and batch; no rounding puts a step on the wrong side.
    for (const int64_t steps : { 7, 60, 917, 1000, 5004 }) {
        for (const int64_t every : { 1, 3, 7, 50 }) {
            s.decay_epochs = static_cast<double>(every) / static_cast<double>(steps);
            for (int64_t step = 0; step < 3 * steps; ++step) {
                const double epoch =
                    static_cast<double>(step / steps) + static_cast<double>(step % steps) / static_cast<double>(steps);
                ASSERT_DOUBLE_EQ(moco_schedule_lr(&s, epoch), 0.12 * std::pow(0.9, static_cast<double>(step / every)));
            }
        }
    }
    s.decay_epochs = 0; // as of a caller that knows the first members alone
    s.decay = 0;
    EXPECT_DOUBLE_EQ(moco_schedule_lr(&s, 2.5), 0.12 * 0.81);
}

TEST(Schedule, MomentumRisesToOne)
{
    EXPECT_DOUBLE_EQ(moco_momentum_cosine(0.99, 0), 0.99);
    EXPECT_NEAR(moco_momentum_cosine(0.99, 0.5), 0.995, 1e-12);
    EXPECT_DOUBLE_EQ(moco_momentum_cosine(0.99, 1), 1);
}
