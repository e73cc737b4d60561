// Tests defaults and presets.
#include "support/config_text.hpp"

extern "C" {
#include "config/config_check_internal.h"
#include "loader/augment_policy_internal.h"
}

#include <cstring>

using namespace config_text;

TEST(Config, DefaultsAreTheReferences)
{
    Config config;
    EXPECT_EQ(config.struct_size, sizeof(moco_config));
    EXPECT_STREQ(config.arch, "resnet50");
    EXPECT_EQ(config.queue_size, 65536);
    EXPECT_EQ(config.momentum, 0.999);
    EXPECT_EQ(config.temperature, 0.07);
    EXPECT_EQ(config.batch, 256);
    EXPECT_EQ(config.epochs, 200);
    EXPECT_STREQ(config.milestones, "120,160");
    EXPECT_EQ(config.weight_decay, 1e-4);
    EXPECT_EQ(config.sgd_momentum, 0.9);
    EXPECT_EQ(config.shuffle, MOCO_SHUFFLE_ALL_TO_ALL);
    EXPECT_STREQ(config.device, "auto");
    EXPECT_EQ(moco_config_check(&config), MOCO_OK) << moco_error_message();
    Config v1;
    ASSERT_EQ(moco_config_apply_preset(&v1, "v1"), MOCO_OK);
    EXPECT_EQ(std::memcmp(&config, &v1, sizeof config), 0);
}

TEST(Config, PresetsAreValidAndDoNotDependOnEachOther)
{
    const Log log;
    size_t count = 0;
    for (; moco_config_preset_name(count) != nullptr; ++count) {
        SCOPED_TRACE(moco_config_preset_name(count));
        moco_preset preset = {};
        ASSERT_TRUE(moco_config_preset(&preset, count));
        EXPECT_GT(std::strlen(preset.help), 5U);
        Config config;
        ASSERT_EQ(moco_config_apply_preset(&config, moco_config_preset_name(count)), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_config_check(&config), MOCO_OK) << moco_error_message();
        for (size_t other = 0; moco_config_preset_name(other) != nullptr; ++other) {
            Config mixed;
            ASSERT_EQ(moco_config_apply_preset(&mixed, moco_config_preset_name(other)), MOCO_OK);
            ASSERT_EQ(moco_config_apply_preset(&mixed, moco_config_preset_name(count)), MOCO_OK);
            EXPECT_EQ(std::memcmp(&mixed, &config, sizeof config), 0) << moco_config_preset_name(other);
        }
    }
    EXPECT_GE(count, 5U);
    EXPECT_TRUE(log.lines.empty()) << log.lines.front();
    moco_preset preset = { "kept", "kept" };
    EXPECT_FALSE(moco_config_preset(&preset, count));
    EXPECT_STREQ(preset.name, "kept");
}

TEST(Config, PresetV2AndCifarAreTheReferences)
{
    Config config;
    ASSERT_EQ(moco_config_apply_preset(&config, "v2"), MOCO_OK);
    EXPECT_TRUE(config.mlp);
    EXPECT_EQ(config.temperature, 0.2);
    EXPECT_EQ(config.schedule, MOCO_SCHEDULE_COSINE);
    EXPECT_STREQ(config.augment, "v2");
    EXPECT_EQ(config.queue_size, 65536);
    ASSERT_EQ(moco_config_apply_preset(&config, "cifar"), MOCO_OK);
    EXPECT_FALSE(config.mlp);
    EXPECT_TRUE(config.cifar_stem);
    EXPECT_EQ(config.queue_size, 4096);
    EXPECT_EQ(config.batch, 512);
    EXPECT_EQ(config.lr, 0.06);
    EXPECT_EQ(config.weight_decay, 5e-4);
    EXPECT_EQ(config.bn_splits, 8);
}

TEST(Config, UnknownPresetIsNamedAndChangesNothing)
{
    Config config;
    const Config before;
    EXPECT_EQ(moco_config_apply_preset(&config, "cifra"), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "did you mean 'cifar'?");
    EXPECT_EQ(std::memcmp(&config, &before, sizeof config), 0);
}

TEST(Config, NetworksAreTestedWithTheirOwnStatistics)
{
    const char *const pairs[][2] = { { "v1", "eval" },
                                     { "v2", "eval" },
                                     { "cifar", "eval-cifar" },
                                     { "fashion-mnist", "eval-fashion-mnist" },
                                     { "plain", "plain" } };
    for (const auto &[trained, tested] : pairs) {
        Config config;
        ASSERT_EQ(moco_config_set(&config, "augment", trained), MOCO_OK);
        EXPECT_STREQ(moco__augment_eval_preset(config.augment), tested);
    }
    Config config;
    std::strcpy(config.augment, "no-such");
    EXPECT_EQ(moco__augment_eval_preset(config.augment), nullptr);
    EXPECT_EQ(moco__augment_eval_preset("eval"), nullptr);
    EXPECT_EQ(moco__augment_eval_preset(nullptr), nullptr);
}

TEST(Config, PresetFashionMnistTestsWholeImagesAtTheirSize)
{
    Config config;
    ASSERT_EQ(moco_config_apply_preset(&config, "fashion-mnist"), MOCO_OK);
    moco_features_options how = MOCO_FEATURES_OPTIONS_INIT;
    moco_features_options_for(&how, &config, moco_device{ MOCO_CPU, 0 });
    EXPECT_EQ(config.image_size, 20);
    EXPECT_EQ(how.image_size, 28);
    EXPECT_STREQ(how.augment, "eval-fashion-mnist");
}
