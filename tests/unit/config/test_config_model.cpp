// Tests the options of a model from a configuration, its description back, and the policies of a configuration.
#include "config/encoder_options_internal.h"
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"

#include <cstring>

using namespace config_text;
using moco_test::cpu;
using moco_test::Owned;

namespace {

constexpr auto kOwn = "Size(20) RandomResizedCrop(0.5, 1, 0.75, 1.25) ColorJitter(0.4, 0.4) @ 0.8 Callback(3) "
                      "Normalize(0.5, 0.25, 0.125, 0.5, 0.25, 0.125)";

Config small()
{
    Config config;
    for (const auto &[name, value] :
         { std::pair{ "arch", "resnet20" }, std::pair{ "dim", "16" }, std::pair{ "mlp", "true" },
           std::pair{ "queue-size", "64" }, std::pair{ "queue-filled-only", "true" }, std::pair{ "temperature", "0.2" },
           std::pair{ "symmetric", "true" }, std::pair{ "batch", "24" }, std::pair{ "accumulate", "2" },
           std::pair{ "sgd-momentum", "0.8" }, std::pair{ "weight-decay", "0.002" }, std::pair{ "bucket-mib", "3" },
           std::pair{ "seed", "9" }, std::pair{ "precision", "fp32" }, std::pair{ "layout", "nhwc" },
           std::pair{ "gradient-compression", "bf16" } }) {
        EXPECT_EQ(moco_config_set(&config, name, value), MOCO_OK) << moco_error_message();
    }
    return config;
}

struct Parts {
    moco_model_options model = MOCO_MODEL_OPTIONS_INIT;
    moco_encoder_options encoder = MOCO_ENCODER_OPTIONS_INIT;
    moco_sgd_options sgd = MOCO_SGD_OPTIONS_INIT;
    moco_ddp_options ddp = MOCO_DDP_OPTIONS_INIT;
    moco_status fill(const moco_config &config)
    {
        return moco_config_model_options(&model, &encoder, &sgd, &ddp, &config, cpu);
    }
};

moco_augment_policy policy_of(const moco_config &config, moco_policy_use use)
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    EXPECT_EQ(moco_config_policy(&policy, &config, use), MOCO_OK) << moco_error_message();
    return policy;
}

TEST(ConfigModel, RecordsAGraphByItselfOnOneGpuAlone)
{
    Config config;
    const auto graph = [&](moco_device_type type) {
        Parts parts;
        EXPECT_EQ(moco_config_model_options(&parts.model, &parts.encoder, &parts.sgd, &parts.ddp, &config, { type, 0 }),
                  MOCO_OK)
            << moco_error_message();
        return parts.model.cuda_graph;
    };
    EXPECT_TRUE(graph(MOCO_CUDA));
    EXPECT_FALSE(graph(MOCO_CPU));
    config.queue_filled_only = true;
    EXPECT_FALSE(graph(MOCO_CUDA));
    config.queue_filled_only = false;
    config.mechanism = MOCO_MECHANISM_END_TO_END;
    EXPECT_FALSE(graph(MOCO_CUDA));
    config.mechanism = MOCO_MECHANISM_MOCO;
    config.cuda_graph = MOCO_CUDA_GRAPH_OFF;
    EXPECT_FALSE(graph(MOCO_CUDA));
}

TEST(ConfigModel, WarnsOfBf16WhereItIsSlow)
{
    EXPECT_EQ(moco__precision_advice(MOCO_FP32, MOCO_FP32, MOCO_CPU), nullptr);
    EXPECT_EQ(moco__precision_advice(MOCO_FP32, MOCO_BF16, MOCO_CPU), nullptr);
    EXPECT_EQ(moco__precision_advice(MOCO_BF16, MOCO_BF16, MOCO_CPU), nullptr);
    EXPECT_EQ(moco__precision_advice(MOCO_BF16, MOCO_BF16, MOCO_CUDA), nullptr);
    EXPECT_HAS(std::string(moco__precision_advice(MOCO_BF16, MOCO_FP32, MOCO_CPU)), "neither AVX512-BF16 nor AMX");
    EXPECT_HAS(std::string(moco__precision_advice(MOCO_BF16, MOCO_FP32, MOCO_CUDA)), "below 8.0");
}

TEST(ConfigModel, RefusesAnArchWithoutAnEnd)
{
    Config config = small();
    std::memset(config.arch, 'x', sizeof config.arch);
    Parts parts;
    EXPECT_EQ(parts.fill(config), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("arch has no NUL"), std::string::npos) << moco_error_message();
}

TEST(ConfigModel, SetsEveryPart)
{
    const Config config = small();
    Parts parts;
    ASSERT_EQ(parts.fill(config), MOCO_OK) << moco_error_message();
    EXPECT_EQ(parts.model.encoder, &parts.encoder);
    EXPECT_EQ(parts.model.sgd, &parts.sgd);
    EXPECT_EQ(parts.model.ddp, &parts.ddp);
    EXPECT_STREQ(parts.encoder.arch, "resnet20");
    EXPECT_EQ(parts.encoder.dim, 16);
    EXPECT_TRUE(parts.encoder.mlp);
    EXPECT_EQ(parts.encoder.bn_splits, 4) << "auto: 8 groups in 2 parts";
    EXPECT_EQ(parts.encoder.layout, MOCO_NHWC);
    EXPECT_EQ(parts.model.queue_size, 64);
    EXPECT_TRUE(parts.model.queue_filled_only);
    EXPECT_TRUE(parts.model.symmetric);
    EXPECT_EQ(parts.model.temperature, 0.2);
    EXPECT_EQ(parts.model.accumulate, 2);
    EXPECT_EQ(parts.model.seed, 9U);
    EXPECT_EQ(parts.sgd.momentum, 0.8);
    EXPECT_EQ(parts.sgd.weight_decay, 0.002);
    EXPECT_EQ(parts.ddp.bucket_mib, 3);
    EXPECT_TRUE(parts.ddp.compress_bf16);
}

TEST(ConfigModel, GroupsThatDoNotDivideAreRefused)
{
    Config config = small();
    Parts parts;
    ASSERT_EQ(moco_config_set(&config, "bn-splits", "3"), MOCO_OK);
    EXPECT_EQ(parts.fill(config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "bn_splits 3");
    EXPECT_EQ(parts.model.encoder, nullptr) << "a failure changes nothing";
}

TEST(ConfigModel, AModelDescribesItself)
{
    const Config config = small();
    Parts parts;
    ASSERT_EQ(parts.fill(config), MOCO_OK);
    moco_model *made = nullptr;
    ASSERT_EQ(moco_model_create(&made, &parts.model), MOCO_OK) << moco_error_message();
    const Owned<moco_model> model(made);
    Config described;
    ASSERT_EQ(moco_config_describe(&described, model.get()), MOCO_OK) << moco_error_message();
    for (const char *name : { "arch", "dim", "mlp", "cifar-stem", "queue-size", "queue-filled-only", "temperature",
                              "symmetric", "shuffle", "accumulate", "sgd-momentum", "weight-decay", "bucket-mib",
                              "seed", "precision", "layout", "sync-bn", "gradient-compression" }) {
        EXPECT_EQ(get(described, name), get(config, name)) << name;
    }
    EXPECT_EQ(described.bn_splits, 8);
    EXPECT_EQ(described.batch, Config().batch) << "a model does not know it";
    EXPECT_EQ(moco_config_describe(&described, nullptr), MOCO_EINVALID);
}

TEST(ConfigPolicy, NamesGiveTheirPresets)
{
    Config config;
    ASSERT_EQ(moco_config_set(&config, "augment", "cifar"), MOCO_OK);
    config.image_size = 24;
    config.knn_image_size = 48;
    EXPECT_EQ(policy_of(config, MOCO_POLICY_TRAIN).size, 24);
    EXPECT_EQ(policy_of(config, MOCO_POLICY_TRAIN).count, 4U);
    const moco_augment_policy test = policy_of(config, MOCO_POLICY_EVALUATE);
    EXPECT_EQ(test.size, 48);
    EXPECT_EQ(test.ops[0].kind, MOCO_RESIZE);
    const moco_augment_policy classify = policy_of(config, MOCO_POLICY_CLASSIFY);
    EXPECT_EQ(classify.count, 2U) << "crop and flip";
    EXPECT_EQ(std::memcmp(classify.mean, test.mean, sizeof test.mean), 0);
}

TEST(ConfigPolicy, AnOwnOneNormalisesEverywhere)
{
    Config config;
    ASSERT_EQ(moco_config_set(&config, "policy", kOwn), MOCO_OK);
    ASSERT_EQ(moco_config_check(&config), MOCO_OK) << moco_error_message();
    const moco_augment_policy train = policy_of(config, MOCO_POLICY_TRAIN);
    EXPECT_EQ(train.size, 20);
    ASSERT_EQ(train.count, 3U);
    EXPECT_EQ(train.ops[2].kind, MOCO_AUGMENT_CALLBACK);
    const moco_augment_policy test = policy_of(config, MOCO_POLICY_EVALUATE);
    const moco_augment_policy classify = policy_of(config, MOCO_POLICY_CLASSIFY);
    EXPECT_EQ(test.size, 20);
    EXPECT_EQ(test.ops[0].kind, MOCO_RESIZE);
    EXPECT_EQ(classify.ops[0].kind, MOCO_RANDOM_RESIZED_CROP);
    EXPECT_EQ(classify.ops[0].parameter[0], 0.5);
    EXPECT_EQ(classify.ops[1].kind, MOCO_RANDOM_HFLIP);
    EXPECT_EQ(classify.count, 2U);
    for (const auto &policy : { train, test, classify }) {
        EXPECT_EQ(policy.mean[1], 0.25);
        EXPECT_EQ(policy.std[2], 0.125);
    }
    moco_features_options how = MOCO_FEATURES_OPTIONS_INIT;
    moco_features_options_for(&how, &config, cpu);
    EXPECT_STREQ(how.augment, "eval");
    EXPECT_EQ(how.image_size, 20);
    EXPECT_EQ(how.mean[0], 0.5);
    EXPECT_EQ(how.std[0], 0.5);
    config.image_size = 32;
    EXPECT_EQ(policy_of(config, MOCO_POLICY_TRAIN).size, 32) << "image_size counts, as for presets";

    ASSERT_EQ(moco_config_apply_preset(&config, "v2"), MOCO_OK);
    EXPECT_STREQ(config.policy, "") << "a recipe sets all of itself";
    ASSERT_EQ(moco_config_set(&config, "policy", "Size(3)"), MOCO_OK);
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "policy: ");
    EXPECT_EQ(moco_config_policy(nullptr, &config, MOCO_POLICY_TRAIN), MOCO_EINVALID);
}

TEST(ConfigPolicy, FilesHoldItOnlyIfThereIsOne)
{
    const std::string path = ::testing::TempDir() + "moco_config_policy.yaml";
    Config config;
    const auto saved = [&] {
        EXPECT_EQ(moco_config_save(&config, path.c_str()), MOCO_OK);
        return moco_test::read_file(path);
    };
    EXPECT_EQ(saved().find("policy"), std::string::npos);
    ASSERT_EQ(moco_config_set(&config, "policy", kOwn), MOCO_OK);
    EXPECT_HAS(saved(), "policy:\n- {operation: ");
    Config read;
    ASSERT_EQ(moco_config_load(&read, path.c_str()), MOCO_OK) << moco_error_message();
    EXPECT_STREQ(read.policy, kOwn);
    (void)std::remove(path.c_str());
}

} // namespace
