// Tests augmentation policies: presets, checks and refusals.
#include "unit/loader/augment_fixture.hpp"

#include <cmath>
#include <limits>
#include <string>

using namespace augment_test;

namespace {

TEST_F(Augment, PresetsAreTheReferences)
{
    const moco_augment_policy v1 = preset("v1");
    ASSERT_EQ(v1.count, 4U);
    EXPECT_EQ(v1.ops[1].kind, MOCO_RANDOM_GRAYSCALE);
    EXPECT_EQ(v1.ops[2].kind, MOCO_COLOR_JITTER);
    EXPECT_EQ(v1.ops[2].probability, 1.0);
    EXPECT_EQ(v1.ops[2].parameter[3], 0.4);
    const moco_augment_policy v2 = preset("v2");
    ASSERT_EQ(v2.count, 5U);
    EXPECT_EQ(v2.size, 224);
    const moco_augment_kind order[] = { MOCO_RANDOM_RESIZED_CROP, MOCO_COLOR_JITTER, MOCO_RANDOM_GRAYSCALE,
                                        MOCO_GAUSSIAN_BLUR, MOCO_RANDOM_HFLIP };
    const double probability[] = { 1.0, 0.8, 0.2, 0.5, 0.5 };
    for (size_t i = 0; i < v2.count; ++i) {
        EXPECT_EQ(v2.ops[i].kind, order[i]);
        EXPECT_EQ(v2.ops[i].probability, probability[i]);
    }
    EXPECT_EQ(v2.ops[0].parameter[0], 0.2);
    EXPECT_EQ(v2.ops[1].parameter[3], 0.1);
    EXPECT_EQ(v2.ops[3].parameter[0], 0.1);
    EXPECT_EQ(v2.ops[3].parameter[1], 2.0);
    EXPECT_EQ(preset("cifar").size, 32);
    EXPECT_EQ(preset("cifar").ops[0].parameter[0], 0.08);
    EXPECT_EQ(preset("fashion-mnist").size, 28);
    EXPECT_EQ(preset("fashion-mnist").ops[0].parameter[0], 0.4);
    EXPECT_EQ(preset("fashion-mnist").ops[1].parameter[0], 0.8);
    EXPECT_EQ(preset("fashion-mnist").ops[1].parameter[3], 0) << "the images are grey";
    EXPECT_EQ(preset("eval").ops[0].parameter[0], 256.0);
    EXPECT_EQ(preset("eval", 112).ops[0].parameter[0], 128.0);
    EXPECT_EQ(preset("eval-cifar").mean[0], preset("cifar").mean[0]);
    EXPECT_EQ(preset("eval-fashion-mnist").std[2], preset("fashion-mnist").std[2]);
}

TEST_F(Augment, ClassifiersSeeCropsAndFlipsAlone)
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    ASSERT_EQ(moco_augment_classifier(&policy, "v2", 0), MOCO_OK);
    EXPECT_EQ(policy.size, 224);
    ASSERT_EQ(policy.count, 2U);
    EXPECT_EQ(policy.ops[0].kind, MOCO_RANDOM_RESIZED_CROP);
    EXPECT_EQ(policy.ops[0].parameter[0], 0.08) << "the reference's main_lincls.py";
    EXPECT_EQ(policy.ops[1].kind, MOCO_RANDOM_HFLIP);
    ASSERT_EQ(moco_augment_classifier(&policy, "fashion-mnist", 20), MOCO_OK);
    EXPECT_EQ(policy.size, 20);
    ASSERT_EQ(policy.count, 2U);
    EXPECT_EQ(policy.ops[0].parameter[0], 0.4) << "as the run's";
    for (size_t i = 0; moco_augment_preset_name(i) != nullptr; ++i) {
        ASSERT_EQ(moco_augment_classifier(&policy, moco_augment_preset_name(i), 0), MOCO_OK);
        EXPECT_EQ(moco_augment_check(&policy), MOCO_OK) << moco_error_message();
    }
    EXPECT_EQ(moco_augment_classifier(&policy, "v3", 0), MOCO_EINVALID);
}

TEST_F(Augment, EveryPresetIsValid)
{
    size_t count = 0;
    for (; moco_augment_preset_name(count) != nullptr; ++count) {
        for (const int32_t size : { 0, 1, 28, 224, 16384 }) {
            const moco_augment_policy policy = preset(moco_augment_preset_name(count), size);
            EXPECT_TRUE(size == 0 ? policy.size > 0 : policy.size == size);
            EXPECT_EQ(moco_augment_check(&policy), MOCO_OK) << moco_error_message();
        }
    }
    EXPECT_EQ(count, 8U);
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    policy.size = 7;
    EXPECT_EQ(moco_augment_preset(&policy, "v3", 0), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("fashion-mnist"), std::string::npos) << "the message lists them";
    EXPECT_EQ(moco_augment_preset(&policy, "v2", -1), MOCO_EINVALID);
    EXPECT_EQ(moco_augment_preset(&policy, nullptr, 0), MOCO_EINVALID);
    EXPECT_EQ(policy.size, 7) << "outputs stay untouched on failure";
}

TEST_F(Augment, BadPoliciesAreRefused)
{
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinite = std::numeric_limits<double>::infinity();
    using Change = std::function<void(moco_augment_policy &)>;
    const std::vector<std::pair<std::string, Change>> cases = {
        { "struct_size", [](auto &p) { p.struct_size = 0; } },
        { "size 0", [](auto &p) { p.size = 0; } },
        { "size 16385", [](auto &p) { p.size = 16385; } },
        { "17 operations", [](auto &p) { p.count = 17; } },
        { "operation 2 (RandomGrayscale): probability 1.5", [](auto &p) { p.ops[2].probability = 1.5; } },
        { "probability", [&](auto &p) { p.ops[0].probability = nan; } },
        { "probability", [](auto &p) { p.ops[4].probability = -0.1; } },
        { "operation 0 (RandomResizedCrop): area scale", [](auto &p) { p.ops[0].parameter[0] = 0; } },
        { "area scale", [](auto &p) { p.ops[0].parameter[1] = 1.1; } },
        { "area scale", [](auto &p) { p.ops[0].parameter[1] = 0.1; } },
        { "aspect ratio", [](auto &p) { p.ops[0].parameter[2] = 0; } },
        { "aspect ratio", [&](auto &p) { p.ops[0].parameter[3] = infinite; } },
        { "operation 1 (ColorJitter): brightness", [](auto &p) { p.ops[1].parameter[1] = -0.4; } },
        { "hue", [](auto &p) { p.ops[1].parameter[3] = 0.6; } },
        { "sigma", [](auto &p) { p.ops[3].parameter[0] = 3.0; } },
        { "sigma", [&](auto &p) { p.ops[3].parameter[1] = nan; } },
        { "kind", [](auto &p) { p.ops[3].kind = static_cast<moco_augment_kind>(99); } },
        { "short side",
          [](auto &p) {
              p.ops[0] = { MOCO_RESIZE, 1.0, { 2.5 } };
          } },
        { "std", [](auto &p) { p.std[1] = 0; } },
        { "mean", [&](auto &p) { p.mean[2] = nan; } },
        { "give finite numbers", [&](auto &p) { p.mean[1] = infinite; } },
    };
    const Image source = gradient(8, 8);
    const Image image = new_image();
    const Image scratch = new_image();
    for (const auto &[part, change] : cases) {
        moco_augment_policy policy = preset("v2");
        change(policy);
        EXPECT_EQ(moco_augment_check(&policy), MOCO_EINVALID) << part;
        EXPECT_NE(std::string(moco_error_message()).find(part), std::string::npos) << moco_error_message();
        EXPECT_EQ(moco_augment_apply(image.get(), scratch.get(), source.get(), &policy, {}), MOCO_EINVALID);
    }
}

TEST_F(Augment, RefusesWhatCannotBeApplied)
{
    const Image source = gradient(9, 8);
    const Image image = new_image();
    const Image scratch = new_image();
    const moco_augment_policy flip = policy_of(8, { { MOCO_RANDOM_HFLIP, 0.5, {} } });
    EXPECT_EQ(moco_augment_apply(image.get(), scratch.get(), source.get(), &flip, {}), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("9 x 8"), std::string::npos);
    const moco_augment_policy plain = preset("plain", 8);
    EXPECT_EQ(moco_augment_apply(image.get(), image.get(), source.get(), &plain, {}), MOCO_EINVALID);
    EXPECT_EQ(moco_augment_apply(image.get(), source.get(), source.get(), &plain, {}), MOCO_EINVALID);
    EXPECT_EQ(moco_augment_apply(image.get(), scratch.get(), new_image().get(), &plain, {}), MOCO_EINVALID);
    EXPECT_EQ(moco_augment_apply(image.get(), scratch.get(), nullptr, &plain, {}), MOCO_EINVALID);
    // A thread of pixels cannot be resized to a short side of thousands.
    const Image thread = gradient(1, 4000);
    const moco_augment_policy large = preset("plain", 8192);
    EXPECT_EQ(moco_augment_apply(image.get(), scratch.get(), thread.get(), &large, {}), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("1 x 4000"), std::string::npos);
}

} // namespace
