// Tests the schedules of learning rate and momentum.
#include "support/tensors.hpp"

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

TEST(Schedule, MomentumRisesToOne)
{
    EXPECT_DOUBLE_EQ(moco_momentum_cosine(0.99, 0), 0.99);
    EXPECT_NEAR(moco_momentum_cosine(0.99, 0.5), 0.995, 1e-12);
    EXPECT_DOUBLE_EQ(moco_momentum_cosine(0.99, 1), 1);
}
