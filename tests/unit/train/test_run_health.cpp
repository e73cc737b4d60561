// Tests the warnings of the label-free monitors.
#include "support/temporary_folder.hpp"

#include <cmath>
#include <memory>
#include <vector>

extern "C" {
#include "train/run_features_internal.h"
#include "train/run_health_internal.h"
}

namespace {

struct RunFree {
    void operator()(moco__run *run) const { moco__run_free(run); }
};

class RunHealth : public moco_test::WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        moco_log_set_callback(
            [](moco_log_level level, const char *message, void *payload) {
                if (level == MOCO_LOG_WARNING) {
                    static_cast<std::vector<std::string> *>(payload)->push_back(message);
                }
            },
            &warnings_);
        moco_config config;
        moco_config_init(&config, sizeof config);
        moco__run *run = nullptr;
        ASSERT_EQ(moco__run_create(&run, &config, nullptr), MOCO_OK);
        run_.reset(run);
        run->setup.epoch_steps = 12;
        run->report.health.rank = run->report.health.best_rank = run->report.health.best_knn = NAN;
        run->report.progress.seen.knn_acc1 = NAN;
    }
    void TearDown() override
    {
        run_.reset();
        moco_log_set_callback(nullptr, nullptr);
        WithFolder::TearDown();
    }
    // Measures a step whose queries are 4 of these rows of norm 1, and whose keys are the queries.
    moco_pair_quality step(const std::vector<float> &rows)
    {
        const int64_t sizes[] = { 4, 2 };
        moco_tensor *q = nullptr;
        EXPECT_EQ(moco_tensor_from_host(&q, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, sizes, 2, rows.data()), MOCO_OK);
        run_->report.health.latest = { nullptr, q, q, nullptr };
        run_->state.position.step += 1;
        const moco_pair_quality found = moco__run_measure_step(run_.get());
        run_->report.health.latest = {};
        moco_tensor_free(q);
        return found;
    }
    void test(double acc1, double knn, double rank)
    {
        moco__run_health *health = &run_->report.health;
        run_->report.progress.seen.acc1 = acc1;
        run_->report.progress.seen.knn_acc1 = knn;
        health->rank = rank;
        health->best_rank = std::fmax(health->best_rank, rank);
        moco__run_warn_of_leak(run_.get());
    }
    std::unique_ptr<moco__run, RunFree> run_;
    std::vector<std::string> warnings_;
};

const std::vector<float> kEqual{ 1, 0, 1, 0, 1, 0, 1, 0 };
const std::vector<float> kSpread{ 1, 0, -1, 0, 0, 1, 0, -1 };

} // namespace

TEST_F(RunHealth, EqualEmbeddingsForAnEpochAreACollapse)
{
    EXPECT_NEAR(step(kSpread).spread, std::sqrt(4.0 / 3), 1e-5);
    EXPECT_NEAR(step(kSpread).alignment, 0, 1e-6);
    for (int i = 0; i < 11; ++i) {
        EXPECT_NEAR(step(kEqual).spread, 0, 1e-6);
    }
    (void)step(kSpread);
    for (int i = 0; i < 11; ++i) {
        (void)step(kEqual);
    }
    EXPECT_TRUE(warnings_.empty()) << warnings_[0];
    for (int i = 0; i < 4; ++i) {
        (void)step(kEqual);
    }
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_NE(warnings_[0].find("step 26: for 12 steps the embeddings have been nearly equal (spread 0.000 of 1)"),
              std::string::npos)
        << warnings_[0];
    EXPECT_NE(warnings_[0].find("; lower lr, raise momentum, or use a larger queue-size"), std::string::npos);
}

TEST_F(RunHealth, ACollapseAfterTenStepsAtLeastGetsAdviceForItsMechanism)
{
    run_->setup.epoch_steps = 1;
    run_->setup.config.mechanism = MOCO_MECHANISM_END_TO_END;
    for (int i = 0; i < 9; ++i) {
        (void)step(kEqual);
    }
    EXPECT_TRUE(warnings_.empty()) << warnings_[0];
    (void)step(kEqual);
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_NE(warnings_[0].find("; lower lr, or use a larger batch"), std::string::npos) << warnings_[0];
}

TEST_F(RunHealth, ASolvedTaskWithFallingFeaturesIsALeak)
{
    test(80, 40, 90);
    test(99.9, 60, 100);
    test(99.9, 59.5, 95);
    test(99, 30, 20);
    EXPECT_TRUE(warnings_.empty()) << warnings_[0];
    test(99.9, 50, 95);
    test(99.9, 40, 95);
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_NE(
        warnings_[0].find("the contrastive accuracy is 99.90 %, while the kNN accuracy has fallen from 60.00 % to "
                          "50.00 %"),
        std::string::npos)
        << warnings_[0];
}

TEST_F(RunHealth, ALeakShowsInTheRankToo)
{
    test(99.9, NAN, 100);
    test(99.9, NAN, 85);
    EXPECT_TRUE(warnings_.empty());
    test(99.9, NAN, 70);
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_NE(warnings_[0].find("the rank of the features has fallen from 100.0 to 70.0"), std::string::npos);
}

TEST_F(RunHealth, NobodyWatchesWithoutMonitors)
{
    run_->setup.config.monitors = false;
    EXPECT_EQ(moco__run_wants_step(run_.get()), nullptr);
    EXPECT_TRUE(std::isnan(step(kEqual).spread));
    EXPECT_EQ(moco__run_measure_features(run_.get()), MOCO_OK);
}
