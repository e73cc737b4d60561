// Tests choices on images that are held out of the training set, and the warning of rates that destroy a network.
#include "evaluate/hold_out_internal.h"
#include "support/temporary_folder.hpp"
#include "support/toy_dataset.hpp"

#include <algorithm>
#include <set>
#include <vector>

using moco_test::toy_dataset;

namespace {

using Choice = moco_test::WithFolder;

moco_encoder *network(int64_t dim)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.dim = dim;
    moco_encoder *encoder = nullptr;
    EXPECT_EQ(moco_encoder_create(&encoder, &options), MOCO_OK) << moco_error_message();
    return encoder;
}

// Fine-tuning that takes seconds.
struct Tuning {
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    moco_loader_options loader = MOCO_LOADER_OPTIONS_INIT;
    moco_features_options tests = MOCO_FEATURES_OPTIONS_INIT;
    moco_finetune_options options = MOCO_FINETUNE_OPTIONS_INIT;

    Tuning()
    {
        loader.workers = 1;
        tests.workers = 1;
        tests.augment = "plain";
        tests.image_size = moco_test::kToySide;
        options.policy = &policy;
        options.loader = &loader;
        options.tests = &tests;
        options.epochs = 2;
        EXPECT_EQ(moco_augment_preset(&policy, "plain", moco_test::kToySide), MOCO_OK);
    }
};

std::vector<float> first_weights(const moco_encoder *encoder)
{
    const moco_tensor *tensor = moco_tensor_list_get(moco_encoder_state(encoder), 0);
    std::vector<float> values(static_cast<size_t>(moco_tensor_numel(tensor)));
    EXPECT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), tensor), MOCO_OK);
    return values;
}

} // namespace

TEST_F(Choice, APartOfEveryClassIsHeldOut)
{
    std::vector<int64_t> labels;
    for (const auto &[label, count] : { std::pair{ 0, 50 }, std::pair{ 1, 5 }, std::pair{ 2, 1 } }) {
        labels.insert(labels.end(), static_cast<size_t>(count), label);
    }
    moco__hold_out parts{};
    moco__hold_out again{};
    ASSERT_EQ(moco__hold_out_create(&parts, labels.data(), labels.size(), 3), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco__hold_out_create(&again, labels.data(), labels.size(), 3), MOCO_OK);
    const std::vector<size_t> held(parts.held, parts.held + parts.held_count);
    std::vector<int> of_class(3);
    for (const size_t image : held) {
        of_class[static_cast<size_t>(labels[image])]++;
    }
    EXPECT_EQ(of_class, (std::vector<int>{ 10, 1, 0 })) << "a class of one image is learnt";
    EXPECT_EQ(held, std::vector<size_t>(again.held, again.held + again.held_count));
    std::set<size_t> all(held.begin(), held.end());
    all.insert(parts.learnt, parts.learnt + parts.learnt_count);
    EXPECT_EQ(all.size(), labels.size());
    EXPECT_EQ(parts.learnt_count + parts.held_count, labels.size());
    moco__hold_out_free(&parts);
    moco__hold_out_free(&again);
    const std::vector<int64_t> single{ 0, 1, 2 };
    EXPECT_EQ(moco__hold_out_create(&parts, single.data(), single.size(), 3), MOCO_EINVALID);
    EXPECT_TRUE(moco_test::message_has("no class has two training images")) << moco_error_message();
    const std::vector<int64_t> bare{ 0, 0, -1 };
    EXPECT_EQ(moco__hold_out_create(&parts, bare.data(), bare.size(), 3), MOCO_EINVALID);
}

TEST_F(Choice, FinetuningTriesRatesAndLeavesTheNetworkAsItWas)
{
    moco_encoder *encoder = network(4);
    moco_dataset *train = toy_dataset(96);
    Tuning tuning;
    const auto before = first_weights(encoder);
    moco_finetune_choice choice;
    ASSERT_EQ(moco_finetune_choose(&choice, encoder, train, &tuning.options), MOCO_OK) << moco_error_message();
    EXPECT_EQ(first_weights(encoder), before);
    EXPECT_EQ(choice.count, 4U);
    EXPECT_EQ(choice.held_out, 20U); // a fifth of 24, four times
    EXPECT_EQ(choice.learnt, 76U);
    for (size_t i = 0; i < choice.count; ++i) {
        EXPECT_LE(choice.trials[i].held_out.acc1, choice.trials[choice.best].held_out.acc1);
        EXPECT_EQ(choice.trials[i].head_rate, choice.trials[0].head_rate) << "by the scale of the features";
    }
    EXPECT_DOUBLE_EQ(choice.trials[1].encoder_rate, 0.01 * 16 / 256) << "96 images are learnt in batches of 16";
    // What is given stays.
    tuning.options.encoder_rate = 0.02;
    tuning.options.head_rate = 0.5;
    ASSERT_EQ(moco_finetune_choose(&choice, encoder, train, &tuning.options), MOCO_OK) << moco_error_message();
    EXPECT_EQ(choice.count, 1U);
    EXPECT_EQ(choice.trials[0].encoder_rate, 0.02);
    EXPECT_EQ(choice.trials[0].head_rate, 0.5);
    tuning.options.encoder_rate = tuning.options.head_rate = 1e30;
    EXPECT_EQ(moco_finetune_choose(&choice, encoder, train, &tuning.options), MOCO_EDIVERGED);
    moco_dataset_free(train);
    moco_encoder_free(encoder);
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST_F(Choice, RatesThatDestroyTheNetworkAreTold)
{
    moco_encoder *encoder = network(4);
    moco_dataset *train = toy_dataset(96);
    Tuning tuning;
    std::string log;
    moco_log_set_callback(
        [](moco_log_level level, const char *message, void *payload) {
            *static_cast<std::string *>(payload) += level == MOCO_LOG_WARNING ? message : "";
        },
        &log);
    moco_finetune_result result;
    tuning.options.epochs = 3;
    tuning.options.encoder_rate = 0.01;
    tuning.options.head_rate = 0.01;
    ASSERT_EQ(moco_finetune(&result, encoder, train, train, &tuning.options), MOCO_OK) << moco_error_message();
    EXPECT_EQ(log, "");
    tuning.options.head_rate = 300;
    moco_finetune_choice choice;
    ASSERT_EQ(moco_finetune_choose(&choice, encoder, train, &tuning.options), MOCO_OK) << moco_error_message();
    EXPECT_EQ(log, "") << "rates are tried to find that out";
    ASSERT_EQ(moco_finetune(&result, encoder, train, train, &tuning.options), MOCO_OK) << moco_error_message();
    moco_log_set_callback(nullptr, nullptr);
    EXPECT_NE(log.find("the learning rates, 0.01 of the encoder and 300 of the head, destroy"), std::string::npos)
        << log;
    moco_dataset_free(train);
    moco_encoder_free(encoder);
}

TEST_F(Choice, TheBatchFitsTheImages)
{
    EXPECT_EQ(moco_finetune_auto_batch(0), 16U);
    EXPECT_EQ(moco_finetune_auto_batch(300), 16U);
    EXPECT_EQ(moco_finetune_auto_batch(3100), 64U);
    EXPECT_EQ(moco_finetune_auto_batch(1000000), 256U);
}

TEST_F(Choice, LinearRatesAreChosenWithoutValidationImages)
{
    moco_dataset *train = toy_dataset(80);
    moco_features_options how = MOCO_FEATURES_OPTIONS_INIT;
    how.kind = MOCO_FEATURE_PIXELS;
    how.raw = true;
    moco_features *features = moco_test::toy_features(train, how);
    moco_linear_options heads = MOCO_LINEAR_OPTIONS_INIT;
    heads.dim = moco_tensor_size(moco_features_matrix(features), 1);
    heads.classes = 4;
    heads.rate_count = 3;
    heads.rates[0] = 1e-9;
    heads.rates[1] = 1e-3;
    heads.rates[2] = 1e38;
    moco_linear_train_options options = MOCO_LINEAR_TRAIN_OPTIONS_INIT;
    options.epochs = 10;
    moco_linear_choice choice;
    ASSERT_EQ(moco_linear_choose_cached(&choice, &heads, features, &options), MOCO_OK) << moco_error_message();
    EXPECT_EQ(choice.best, 1U);
    EXPECT_EQ(choice.held_images, 16U);
    EXPECT_EQ(choice.learnt, 64U);
    EXPECT_GT(choice.held_out.outcomes[1].last.acc1, 90);
    EXPECT_TRUE(choice.held_out.outcomes[2].diverged);
    moco_features_free(features);
    moco_dataset_free(train);
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST_F(Choice, LinearRatesAreChosenOnNewCropsToo)
{
    moco_dataset *train = toy_dataset(80);
    moco_encoder *encoder = network(8);
    const Tuning tuning;
    moco_linear_images images = MOCO_LINEAR_IMAGES_INIT;
    images.dataset = train;
    images.encoder = encoder;
    images.policy = &tuning.policy;
    images.loader = &tuning.loader;
    moco_linear_options heads = MOCO_LINEAR_OPTIONS_INIT;
    heads.dim = moco_encoder_feature_dim(encoder);
    heads.classes = 4;
    heads.rate_count = 3;
    heads.rates[0] = 1e-9;
    heads.rates[1] = 0.1;
    heads.rates[2] = 1e38;
    moco_linear_train_options options = MOCO_LINEAR_TRAIN_OPTIONS_INIT;
    options.epochs = 3;
    options.batch = 16;
    const auto before = first_weights(encoder);
    moco_linear_choice choice;
    ASSERT_EQ(moco_linear_choose_images(&choice, &heads, &images, &tuning.tests, &options), MOCO_OK)
        << moco_error_message();
    EXPECT_EQ(choice.best, 1U);
    EXPECT_EQ(choice.held_images, 16U);
    EXPECT_EQ(choice.learnt, 64U);
    EXPECT_TRUE(choice.held_out.outcomes[2].diverged);
    EXPECT_EQ(first_weights(encoder), before);
    images.encoder = nullptr;
    choice.best = 7;
    EXPECT_EQ(moco_linear_choose_images(&choice, &heads, &images, &tuning.tests, &options), MOCO_EINVALID);
    EXPECT_EQ(choice.best, 7U) << "a failure changes nothing";
    moco_encoder_free(encoder);
    moco_dataset_free(train);
    EXPECT_EQ(moco_live_handles(), 0U);
}
