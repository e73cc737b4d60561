// Tests that profiling counts every phase and does not change what a step computes.
#include "support/device.hpp"
#include "support/model_options.hpp"

#include <gtest/gtest.h>
#include <moco.h>

#include <string>

namespace {

// Returns the loss of the third step; with times the first two are profiled.
double loss_of(moco_step_times *times, bool symmetric, int64_t accumulate)
{
    moco_test::ModelOptions options;
    options.encoder.arch = "resnet20";
    options.encoder.dim = 8;
    options.encoder.device = moco_test::device();
    options.queue_size = 32;
    options.symmetric = symmetric;
    options.accumulate = accumulate;
    moco_model *model = nullptr;
    EXPECT_EQ(moco_model_create(&model, options.get()), MOCO_OK) << moco_error_message();
    const int64_t sizes[] = { 8, 3, 8, 8 };
    moco_tensor *query = nullptr;
    moco_tensor *key = nullptr;
    EXPECT_EQ(moco_tensor_randn(&query, nullptr, moco_test::device(), sizes, 4, 1), MOCO_OK);
    EXPECT_EQ(moco_tensor_randn(&key, nullptr, moco_test::device(), sizes, 4, 2), MOCO_OK);
    moco_model_profile(model, times);
    double loss = 0;
    for (int i = 0; i < 3; ++i) {
        moco_step step;
        if (i == 2) {
            moco_model_profile(model, nullptr);
        }
        EXPECT_EQ(moco_model_step(&step, model, query, key, 0.03, 0.9), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_tensor_item(&loss, step.loss), MOCO_OK);
    }
    moco_tensor_free(key);
    moco_tensor_free(query);
    moco_model_free(model);
    return loss;
}

TEST(Profile, CountsEachPhaseAndChangesNothing)
{
    const size_t handles = moco_live_handles();
    for (const bool symmetric : { false, true }) {
        for (const int64_t accumulate : { 1, 2 }) {
            moco_step_times times = {};
            // A GPU adds in another order each time.
            const double noise = moco_test::device().type == MOCO_CPU ? 0 : 1e-4;
            EXPECT_NEAR(loss_of(&times, symmetric, accumulate), loss_of(nullptr, symmetric, accumulate), noise);
            EXPECT_EQ(times.steps, 2);
            for (int i = 0; i < MOCO_PHASE_COUNT; ++i) {
                EXPECT_GT(times.wall[i], 0) << moco_phase_name(static_cast<moco_phase>(i));
                EXPECT_GE(times.cpu[i], 0) << moco_phase_name(static_cast<moco_phase>(i));
            }
        }
    }
    EXPECT_EQ(moco_live_handles(), handles);
}

TEST(Profile, PhasesHaveNamesInTheOrderOfTheStep)
{
    std::string names;
    for (int i = 0; i < MOCO_PHASE_COUNT; ++i) {
        names += std::string(moco_phase_name(static_cast<moco_phase>(i))) + " ";
    }
    EXPECT_EQ(names, "input momentum shuffle key query loss backward metrics optimizer enqueue ");
    EXPECT_EQ(moco_phase_name(MOCO_PHASE_COUNT), nullptr);
    EXPECT_EQ(moco_phase_name(static_cast<moco_phase>(-1)), nullptr);
}

TEST(Profile, TheCpuHasNoDeviceMemory)
{
    const moco_device cpu = { MOCO_CPU, 0 };
    int64_t bytes = -1;
    EXPECT_EQ(moco_device_peak_bytes(&bytes, cpu), MOCO_OK);
    EXPECT_EQ(bytes, 0);
    EXPECT_EQ(moco_device_peak_bytes(nullptr, cpu), MOCO_EINVALID);
}

} // namespace
