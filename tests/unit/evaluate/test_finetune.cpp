// Tests fine-tuning, and the share of every class that it may learn from.
#include "support/temporary_folder.hpp"
#include "support/toy_dataset.hpp"

#include <cmath>
#include <vector>

using moco_test::message_has;
using moco_test::toy_dataset;

namespace {

using Finetune = moco_test::WithFolder;

moco_encoder *pretrained()
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.mlp = true;
    moco_encoder *encoder = nullptr;
    EXPECT_EQ(moco_encoder_create(&encoder, &options), MOCO_OK);
    return encoder;
}

moco_encoder_options classifier()
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.dim = 4;
    options.seed = 5;
    return options;
}

moco_finetune_options short_tuning()
{
    static moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    static moco_loader_options loader = MOCO_LOADER_OPTIONS_INIT;
    static moco_features_options tests = MOCO_FEATURES_OPTIONS_INIT;
    moco_finetune_options options = MOCO_FINETUNE_OPTIONS_INIT;
    options.policy = &policy;
    options.loader = &loader;
    options.tests = &tests;
    options.epochs = 3;
    options.batch = 16;
    options.encoder_rate = 0.05;
    options.head_rate = 0.1;
    loader.workers = 1;
    tests.workers = 1;
    tests.augment = "plain";
    tests.image_size = moco_test::kToySide;
    EXPECT_EQ(moco_augment_preset(&policy, "plain", moco_test::kToySide), MOCO_OK);
    return options;
}

std::vector<float> values_of(const moco_encoder *encoder, const std::string &name)
{
    for (size_t i = 0; moco_encoder_state_name(encoder, i) != nullptr; ++i) {
        if (name == moco_encoder_state_name(encoder, i)) {
            const auto *tensor = moco_tensor_list_get(moco_encoder_state(encoder), i);
            std::vector<float> values(static_cast<size_t>(moco_tensor_numel(tensor)));
            EXPECT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), tensor), MOCO_OK);
            return values;
        }
    }
    ADD_FAILURE() << "no " << name;
    return {};
}

std::vector<size_t> labels_by_count(const moco_dataset *dataset)
{
    std::vector<size_t> counts(4);
    for (size_t i = 0; i < moco_dataset_count(dataset); ++i) {
        ++counts[static_cast<size_t>(moco_dataset_label(dataset, i))];
    }
    return counts;
}

std::vector<std::string> names_of(const moco_dataset *dataset)
{
    std::vector<std::string> names;
    for (size_t i = 0; i < moco_dataset_count(dataset); ++i) {
        char name[64];
        moco_dataset_name(dataset, i, name, sizeof name);
        names.emplace_back(name);
    }
    return names;
}

} // namespace

TEST_F(Finetune, TheNetworkIsThePretrainedOneButForItsHead)
{
    moco_encoder *source = pretrained();
    moco_encoder *network = nullptr;
    const auto options = classifier();
    ASSERT_EQ(moco_finetune_encoder(&network, source, &options), MOCO_OK) << moco_error_message();
    EXPECT_EQ(values_of(network, "conv1.weight"), values_of(source, "conv1.weight"));
    EXPECT_EQ(values_of(network, "bn1.running_var"), values_of(source, "bn1.running_var"));
    EXPECT_EQ(values_of(network, "fc.bias"), std::vector<float>(4));
    double squares = 0;
    const auto weight = values_of(network, "fc.weight");
    for (const float w : weight) {
        squares += static_cast<double>(w) * static_cast<double>(w);
    }
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(weight.size())), 0.01, 0.002);
    moco_encoder_free(network);
    network = nullptr;
    auto other = options;
    other.arch = "resnet18";
    EXPECT_EQ(moco_finetune_encoder(&network, source, &other), MOCO_EINVALID);
    EXPECT_EQ(network, nullptr);
    moco_encoder_free(source);
}

TEST_F(Finetune, EveryWeightLearnsAndTheBestEpochIsKept)
{
    moco_encoder *source = pretrained();
    moco_encoder *network = nullptr;
    const auto shape = classifier();
    ASSERT_EQ(moco_finetune_encoder(&network, source, &shape), MOCO_OK) << moco_error_message();
    moco_dataset *train = toy_dataset(64);
    moco_dataset *val = toy_dataset(22);
    auto options = short_tuning();
    std::vector<uint64_t> best;
    options.payload = &best;
    options.best = [](const moco_finetune_result *result, const moco_encoder *encoder, void *payload) {
        EXPECT_NE(encoder, nullptr);
        static_cast<std::vector<uint64_t> *>(payload)->push_back(result->best_epoch);
        return MOCO_OK;
    };
    moco_finetune_result result;
    ASSERT_EQ(moco_finetune(&result, network, train, val, &options), MOCO_OK) << moco_error_message();
    EXPECT_GE(result.best.acc1, result.last.acc1);
    ASSERT_FALSE(best.empty());
    EXPECT_EQ(best.front(), 1U);
    EXPECT_EQ(best.back(), result.best_epoch);
    EXPECT_LT(result.train_loss, std::log(4.0));
    EXPECT_FALSE(moco_encoder_training(network));
    for (const char *name : { "conv1.weight", "layer3.2.conv2.weight", "bn1.running_mean" }) {
        EXPECT_NE(values_of(network, name), values_of(source, name)) << name;
    }
    moco_dataset_free(train);
    moco_dataset_free(val);
    moco_encoder_free(network);
    moco_encoder_free(source);
}

TEST_F(Finetune, TheHeadHasARateOfItsOwn)
{
    moco_encoder *source = pretrained();
    moco_encoder *network = nullptr;
    const auto shape = classifier();
    ASSERT_EQ(moco_finetune_encoder(&network, source, &shape), MOCO_OK);
    const auto head = values_of(network, "fc.weight");
    moco_dataset *train = toy_dataset(64);
    auto options = short_tuning();
    options.encoder_rate = 1e-30;
    moco_finetune_result result;
    ASSERT_EQ(moco_finetune(&result, network, train, train, &options), MOCO_OK) << moco_error_message();
    EXPECT_EQ(values_of(network, "conv1.weight"), values_of(source, "conv1.weight"));
    EXPECT_NE(values_of(network, "fc.weight"), head);
    options.encoder_rate = 1e30;
    EXPECT_EQ(moco_finetune(&result, network, train, train, &options), MOCO_EDIVERGED);
    EXPECT_TRUE(message_has("lower the learning rates")) << moco_error_message();
    options.encoder_rate = 0;
    EXPECT_EQ(moco_finetune(&result, network, train, train, &options), MOCO_EINVALID);
    moco_dataset_free(train);
    moco_encoder_free(network);
    moco_encoder_free(source);
}

TEST_F(Finetune, AFractionIsTheSameShareOfEveryClass)
{
    moco_dataset *whole = toy_dataset(203); /* 51, 51, 51, 50 */
    moco_dataset *some = nullptr;
    moco_dataset *again = nullptr;
    moco_dataset *other = nullptr;
    ASSERT_EQ(moco_dataset_fraction(&some, whole, 0.1, 1), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco_dataset_fraction(&again, whole, 0.1, 1), MOCO_OK);
    ASSERT_EQ(moco_dataset_fraction(&other, whole, 0.1, 2), MOCO_OK);
    EXPECT_EQ(labels_by_count(some), (std::vector<size_t>{ 5, 5, 5, 5 }));
    EXPECT_EQ(names_of(some), names_of(again));
    EXPECT_NE(names_of(some), names_of(other));
    moco_image *image = nullptr;
    ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    EXPECT_EQ(moco_dataset_read(some, image, 19), MOCO_OK) << moco_error_message();
    EXPECT_EQ(moco_dataset_read(some, image, 20), MOCO_EINVALID);
    moco_image_free(image);
    for (auto *dataset : { some, again, other }) {
        moco_dataset_free(dataset);
    }
    ASSERT_EQ(moco_dataset_fraction(&some, whole, 0.001, 1), MOCO_OK);
    EXPECT_EQ(labels_by_count(some), (std::vector<size_t>{ 1, 1, 1, 1 })) << "one of each at least";
    moco_dataset_free(some);
    ASSERT_EQ(moco_dataset_fraction(&some, whole, 1, 1), MOCO_OK);
    EXPECT_EQ(names_of(some), names_of(whole));
    moco_dataset_free(some);
    moco_dataset *none = nullptr;
    EXPECT_EQ(moco_dataset_fraction(&none, whole, 0, 1), MOCO_EINVALID);
    EXPECT_EQ(moco_dataset_fraction(&none, whole, 1.5, 1), MOCO_EINVALID);
    moco_dataset *bare = toy_dataset(8, false);
    EXPECT_EQ(moco_dataset_fraction(&none, bare, 0.5, 1), MOCO_EINVALID);
    EXPECT_EQ(none, nullptr);
    moco_dataset_free(bare);
    moco_dataset_free(whole);
}
