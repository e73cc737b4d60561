// Tests the checks of a configuration: ranges, and options against each other.
#include "support/config_text.hpp"

extern "C" {
#include "config/config_check_internal.h"
}

#include <cstring>
#include <limits>

using namespace config_text;

TEST(ConfigCheck, BatchAndSplits)
{
    Config config;
    config.batch = 100;
    config.bn_splits = 8;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "use bn-splits 5 or batch 104");
    config.bn_splits = 100;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "use bn-splits 50 or batch 200");
    config.bn_splits = 0;
    EXPECT_EQ(moco_config_check(&config), MOCO_OK);
    config.bn_splits = 50;
    EXPECT_EQ(moco_config_check(&config), MOCO_OK);
    config.batch = 1;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
}

TEST(ConfigCheck, Milestones)
{
    Config config;
    double values[MOCO_MAX_MILESTONES];
    size_t count = 99;
    ASSERT_EQ(moco__config_milestones(&config, values, &count), MOCO_OK);
    ASSERT_EQ(count, 2U);
    EXPECT_EQ(values[0], 120);
    EXPECT_EQ(values[1], 160);
    ASSERT_EQ(moco_config_set(&config, "milestones", " 3 , 4,100 "), MOCO_OK);
    ASSERT_EQ(moco__config_milestones(&config, values, &count), MOCO_OK);
    EXPECT_EQ(count, 3U);
    for (const char *bad : { "a", "3,", ",3", "3,,4", "4,3", "3,3", "0", "-1", "3 4", "3.5", "1e3", "99999999999",
                             "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17" }) {
        SCOPED_TRACE(bad);
        ASSERT_EQ(moco_config_set(&config, "milestones", bad), MOCO_OK);
        count = 99;
        EXPECT_EQ(moco__config_milestones(&config, values, &count), MOCO_EINVALID);
        EXPECT_EQ(count, 99U);
        EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
        EXPECT_HAS(std::string(moco_error_message()), "milestones");
    }
    ASSERT_EQ(moco_config_set(&config, "milestones", ""), MOCO_OK);
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    ASSERT_EQ(moco_config_set(&config, "schedule", "cosine"), MOCO_OK);
    EXPECT_EQ(moco_config_check(&config), MOCO_OK);
}

TEST(ConfigCheck, FieldsAgainstEachOther)
{
    Config config;
    config.warmup_epochs = 200;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "warmup-epochs");
    config = Config();
    config.image_size = 12;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "image-size");
    config.cifar_stem = true;
    EXPECT_EQ(moco_config_check(&config), MOCO_OK);
    for (const char *bad : { "tpu", "cuda:", "cuda:x", "cuda:12345", "CPU", "" }) {
        config = Config();
        ASSERT_EQ(moco_config_set(&config, "device", bad), MOCO_OK);
        EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID) << bad;
    }
    for (const char *good : { "auto", "cpu", "cuda", "cuda:0", "cuda:15" }) {
        ASSERT_EQ(moco_config_set(&config, "device", good), MOCO_OK);
        EXPECT_EQ(moco_config_check(&config), MOCO_OK) << good;
    }
}

TEST(ConfigCheck, FieldsFilledInByHand)
{
    Config config;
    config.temperature = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "temperature");
    config = Config();
    config.queue_size = 0;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    config = Config();
    std::strcpy(config.arch, "alexnet");
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    config = Config();
    const unsigned wrong = 77;
    std::memcpy(&config.shuffle, &wrong, sizeof wrong);
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "shuffle");
    const moco_config zero{};
    EXPECT_EQ(moco_config_check(&zero), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "moco_config_init");
    EXPECT_EQ(moco_config_check(nullptr), MOCO_EINVALID);
}

TEST(ConfigCheck, WarnsOfWhatIsUnusual)
{
    const Log log;
    Config config;
    config.batch = 4096;
    config.momentum = 0.9;
    config.epochs = 50;
    ASSERT_EQ(moco_config_set(&config, "shuffle", "off"), MOCO_OK);
    EXPECT_EQ(moco_config_check(&config), MOCO_OK) << moco_error_message();
    EXPECT_EQ(log.lines.size(), 4U);
}

TEST(ConfigCheck, OptionsOfOtherMechanisms)
{
    const struct {
        moco_mechanism mechanism;
        void (*set)(Config &config);
        const char *says;
    } bad[] = {
        { MOCO_MECHANISM_MOCO, [](Config &c) { c.separate_encoders = true; },
          "separate-encoders: it is for mechanism end-to-end" },
        { MOCO_MECHANISM_END_TO_END, [](Config &c) { c.bank_per_query = true; },
          "for mechanism memory-bank, not end-to-end" },
        { MOCO_MECHANISM_MEMORY_BANK, [](Config &c) { c.queue_filled_only = true; }, "queue-filled-only" },
        { MOCO_MECHANISM_MOMENTUM_BATCH, [](Config &c) { c.cuda_graph = MOCO_CUDA_GRAPH_ON; }, "cuda-graph" },
        { MOCO_MECHANISM_MEMORY_BANK, [](Config &c) { c.symmetric = true; }, "symmetric: mechanism memory-bank" },
        { MOCO_MECHANISM_END_TO_END, [](Config &c) { c.accumulate = 2; }, "use 1, not 2" },
    };
    for (const auto &b : bad) {
        Config config;
        config.mechanism = b.mechanism;
        EXPECT_EQ(moco_config_check(&config), MOCO_OK) << moco_error_message();
        b.set(config);
        EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
        EXPECT_HAS(std::string(moco_error_message()), b.says);
    }
}

TEST(ConfigCheck, WarnsWhereAMechanismNeedsIt)
{
    const auto warnings = [](moco_mechanism mechanism, bool sync_bn) {
        std::string text;
        Config config;
        config.mechanism = mechanism;
        config.momentum = 0.5;
        config.shuffle = MOCO_SHUFFLE_OFF;
        config.sync_bn = sync_bn;
        moco_log_set_callback(
            [](moco_log_level, const char *message, void *payload) { *static_cast<std::string *>(payload) += message; },
            &text);
        EXPECT_EQ(moco_config_check(&config), MOCO_OK);
        moco_log_set_callback(nullptr, nullptr);
        return text;
    };
    EXPECT_HAS(warnings(MOCO_MECHANISM_MOCO, false), "momentum 0.5");
    EXPECT_HAS(warnings(MOCO_MECHANISM_MOCO, false), "without shuffling");
    EXPECT_EQ(warnings(MOCO_MECHANISM_END_TO_END, false).find("momentum"), std::string::npos);
    EXPECT_HAS(warnings(MOCO_MECHANISM_END_TO_END, true), "sync-bn");
    EXPECT_EQ(warnings(MOCO_MECHANISM_MEMORY_BANK, false), "") << "keys of past batches say nothing about the batch";
    EXPECT_EQ(warnings(MOCO_MECHANISM_MOMENTUM_BATCH, true).find("sync-bn"), std::string::npos) << "as MoCo v3";
}
