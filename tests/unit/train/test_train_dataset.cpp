// Tests runs on an application's dataset, with its policy, order and texts: recorded, continued exactly, and refused.
#include "support/temporary_folder.hpp"
#include "support/toy_dataset.hpp"

#include <atomic>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace fs = std::filesystem;
using moco_test::message_has;
using moco_test::read_file;
using moco_test::toy_dataset;

namespace {

constexpr size_t kImages = 32;
constexpr uint64_t kSteps = 8; // two epochs of four

class TrainDataset : public moco_test::WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        dataset_ = toy_dataset(kImages);
        val_ = toy_dataset(12);
        moco_config_init(&config_, sizeof config_);
        ASSERT_EQ(moco_config_apply_preset(&config_, "tiny"), MOCO_OK);
        for (const auto &[name, value] :
             { std::pair{ "arch", "resnet20" }, std::pair{ "dim", "8" }, std::pair{ "batch", "8" },
               std::pair{ "epochs", "2" }, std::pair{ "queue-size", "16" }, std::pair{ "image-size", "12" },
               std::pair{ "knn-every", "2" }, std::pair{ "knn-k", "5" }, std::pair{ "workers", "2" },
               std::pair{ "threads", "1" }, std::pair{ "plots", "false" }, std::pair{ "tensorboard", "false" },
               std::pair{ "device", "cpu" }, std::pair{ "bn-splits", "2" }, std::pair{ "precision", "fp32" } }) {
            ASSERT_EQ(moco_config_set(&config_, name, value), MOCO_OK) << moco_error_message();
        }
        options_.dataset = dataset_;
        options_.val_dataset = val_;
        options_.progress = [](const moco_progress *progress, void *payload) -> int {
            return progress->step == *static_cast<uint64_t *>(payload) ? 1 : 0;
        };
        options_.payload = &last_;
    }
    void TearDown() override
    {
        moco_dataset_free(val_);
        moco_dataset_free(dataset_);
        WithFolder::TearDown();
    }
    moco_status train(const std::string &run, uint64_t last = UINT64_MAX)
    {
        last_ = last;
        std::snprintf(config_.out, sizeof config_.out, "%s", path(run).c_str());
        return moco_train(&config_, &options_);
    }
    moco_status resume(const std::string &run)
    {
        last_ = UINT64_MAX; // a test precedes the first step, so that 0 would stop there
        return moco_resume(path(run).c_str(), &options_);
    }
    [[nodiscard]] std::string last_checkpoint(const std::string &run) const
    {
        char file[MOCO_PATH_MAX];
        EXPECT_EQ(moco_checkpoint_path(file, sizeof file, path(run).c_str(), kSteps), MOCO_OK);
        return read_file(file);
    }
    // Trains a run at once, and one that is stopped after three steps and continued.
    void expect_exact()
    {
        ASSERT_EQ(train("whole"), MOCO_OK) << moco_error_message();
        ASSERT_EQ(train("broken", 3), MOCO_ESTOPPED) << moco_error_message();
        ASSERT_EQ(resume("broken"), MOCO_OK) << moco_error_message();
        EXPECT_FALSE(last_checkpoint("whole").empty());
        EXPECT_TRUE(last_checkpoint("whole") == last_checkpoint("broken"));
    }
    // Takes away the last line of features, as of a run that was killed before it.
    void forget_features(const std::string &run)
    {
        std::string lines = read_file(path(run + "/metrics.jsonl"));
        const size_t begin = lines.rfind('\n', lines.rfind("\"lidar\"")) + 1;
        lines.erase(begin, lines.find('\n', begin) + 1 - begin);
        std::ofstream(path(run + "/metrics.jsonl")) << lines;
    }
    // The steps and values of a metric, one after the other.
    [[nodiscard]] std::vector<std::pair<double, double>> values_of(const std::string &run, const char *metric) const
    {
        moco_series series = {};
        std::vector<std::pair<double, double>> found;
        EXPECT_EQ(moco_series_read(&series, path(run).c_str(), metric), MOCO_OK);
        for (size_t i = 0; i < series.count; ++i) {
            found.emplace_back(series.steps[i], series.values[i]);
        }
        moco_series_free(&series);
        return found;
    }
    moco_status try_resume(const std::string &run, const std::string &says)
    {
        const moco_status status = resume(run);
        EXPECT_TRUE(message_has(says)) << moco_error_message();
        return status;
    }

    moco_dataset *dataset_ = nullptr;
    moco_dataset *val_ = nullptr;
    moco_config config_{};
    moco_train_options options_ = MOCO_TRAIN_OPTIONS_INIT;
    uint64_t last_ = 0;
};

moco_status negative(moco_image *image, const double /*parameter*/[4], const double random[4], void *payload)
{
    ++*static_cast<std::atomic<int> *>(payload);
    const uint8_t *pixels = moco_image_pixels(image);
    const size_t count =
        size_t{ 3 } * static_cast<size_t>(moco_image_width(image)) * static_cast<size_t>(moco_image_height(image));
    std::vector<uint8_t> changed(pixels, pixels + count);
    for (uint8_t &value : changed) {
        value = static_cast<uint8_t>(random[0] < 0.5 ? 255 - value : value);
    }
    return moco_image_set(image, MOCO_FRAME_RGB, moco_image_width(image), moco_image_height(image), 0, changed.data());
}

moco_status by_epoch(int64_t *order, size_t count, uint64_t epoch, void * /*payload*/)
{
    for (size_t i = 0; i < count; ++i) {
        order[i] = static_cast<int64_t>((i * 5 + epoch) % count);
    }
    return MOCO_OK;
}

} // namespace

TEST_F(TrainDataset, IsRecordedAndContinuedExactly)
{
    const moco_metadata texts[] = { { "camera", "north" }, { "operator", "A" } };
    options_.metadata = texts;
    options_.metadata_count = 2;
    expect_exact();
    const std::string checkpoint = last_checkpoint("whole");
    for (const char *part : { R"("app.camera":"north")", R"("data.source":"application")", R"("data.images":"32")",
                              R"("data.classes":"4")" }) {
        EXPECT_NE(checkpoint.find(part), std::string::npos) << part;
    }
    EXPECT_EQ(checkpoint.find("config.policy"), std::string::npos);
    EXPECT_NE(read_file(path("whole/metrics.jsonl")).find("knn_acc1"), std::string::npos) << "the monitor ran";
    EXPECT_NE(read_file(path("whole/train.log")).find("32 images of the application's dataset"), std::string::npos);

    // Texts stay without being given again, and can be changed.
    ASSERT_EQ(train("texts", 3), MOCO_ESTOPPED);
    const moco_metadata changed = { "operator", "B" };
    options_.metadata = &changed;
    options_.metadata_count = 1;
    ASSERT_EQ(resume("texts"), MOCO_OK) << moco_error_message();
    EXPECT_NE(last_checkpoint("texts").find(R"("app.camera":"north","app.operator":"B")"), std::string::npos);
}

TEST_F(TrainDataset, ContinuesOnTheSameDatasetAlone)
{
    ASSERT_EQ(train("run", 3), MOCO_ESTOPPED) << moco_error_message();
    moco_dataset *other = toy_dataset(kImages + 1);
    moco_dataset *unlabelled = toy_dataset(kImages, false);
    options_.val_dataset = nullptr;
    options_.dataset = nullptr;
    EXPECT_EQ(try_resume("run", "an application's dataset of 32 images and 4 classes"), MOCO_EINVALID);
    options_.dataset = other;
    EXPECT_EQ(try_resume("run", "trained on 32 images of 4 classes, but options->dataset has 33 of 4"), MOCO_EINVALID);
    options_.dataset = unlabelled;
    EXPECT_EQ(try_resume("run", "has 32 of 0"), MOCO_EINVALID);
    options_.dataset = dataset_;
    EXPECT_EQ(resume("run"), MOCO_OK) << moco_error_message() << ": the monitor's images may be left out";
    moco_dataset_free(unlabelled);
    moco_dataset_free(other);
}

// A checkpoint comes before the measurement, so a run that is killed has the one without the other.
TEST_F(TrainDataset, MakesUpForALackingMeasurement)
{
    config_.monitor_every = 1;
    config_.lidar = true;
    ASSERT_EQ(train("whole"), MOCO_OK) << moco_error_message();
    ASSERT_EQ(train("broken", 4), MOCO_ESTOPPED) << moco_error_message();
    for (int kills = 0; kills < 2; ++kills) { // after the first epoch, and at the end
        forget_features("broken");
        ASSERT_EQ(resume("broken"), MOCO_OK) << moco_error_message();
    }
    for (const char *name : { "pooled_rankme", "output_alpha", "lidar" }) {
        EXPECT_EQ(values_of("broken", name), values_of("whole", name)) << name;
        EXPECT_EQ(values_of("whole", name).size(), 3U) << name << " before training, and after each epoch";
    }
}

TEST_F(TrainDataset, AMemoryBankHasARowForEachImage)
{
    ASSERT_EQ(moco_config_set(&config_, "mechanism", "memory-bank"), MOCO_OK);
    ASSERT_EQ(train("bank", 3), MOCO_ESTOPPED) << moco_error_message();
    moco_dataset *other = toy_dataset(kImages + 1);
    options_.dataset = other;
    options_.data_changed = true;
    EXPECT_EQ(try_resume("bank", "its memory bank holds a feature of each of the old ones"), MOCO_EINVALID);
    moco_dataset_free(other);
}

TEST_F(TrainDataset, ARestartedJobContinues)
{
    ASSERT_EQ(train("run", 3), MOCO_ESTOPPED);
    options_.resume_existing = true;
    ASSERT_EQ(train("run"), MOCO_OK) << moco_error_message();
    EXPECT_FALSE(last_checkpoint("run").empty());
}

TEST_F(TrainDataset, KeepsAnOwnPolicyWithACallback)
{
    std::atomic<int> calls{ 0 };
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    const std::string text = "Size(12) RandomResizedCrop(0.5, 1, 0.75, 1.25) Callback() @ 0.5 "
                             "Normalize(0.25, 0.25, 0.25, 0.5, 0.5, 0.5)";
    ASSERT_EQ(moco_augment_parse(&policy, text.c_str()), MOCO_OK) << moco_error_message();
    policy.callback = negative;
    policy.payload = &calls;
    options_.policy = &policy;
    config_.image_size = 28; // the policy's size counts
    expect_exact();
    EXPECT_GT(calls, 0);
    EXPECT_NE(read_file(path("whole/config.yaml")).find("image_size: 12\n"), std::string::npos);
    EXPECT_NE(last_checkpoint("whole").find("\"config.policy\":\"" + text + "\""), std::string::npos);

    ASSERT_EQ(train("other", 3), MOCO_ESTOPPED);
    options_.policy = nullptr;
    EXPECT_EQ(try_resume("other", "has a callback"), MOCO_EINVALID);
    moco_augment_policy changed = policy;
    changed.ops[1].probability = 0.25;
    options_.policy = &changed;
    EXPECT_EQ(try_resume("other", "not \"Size(12)"), MOCO_EINVALID);

    // Evaluations normalise as the training did.
    moco_config found;
    moco_config_init(&found, sizeof found);
    char file[MOCO_PATH_MAX];
    ASSERT_EQ(moco_checkpoint_find(file, sizeof file, path("whole").c_str()), MOCO_OK);
    ASSERT_EQ(moco_checkpoint_read_config(&found, nullptr, file), MOCO_OK) << moco_error_message();
    moco_features_options how = MOCO_FEATURES_OPTIONS_INIT;
    moco_features_options_for(&how, &found, { MOCO_CPU, 0 });
    EXPECT_EQ(how.mean[0], 0.25);
    EXPECT_EQ(how.image_size, 12);

    // So they do after an export.
    moco_export_options format = MOCO_EXPORT_OPTIONS_INIT;
    format.format = MOCO_EXPORT_SAFETENSORS;
    ASSERT_EQ(moco_export(path("e").c_str(), file, &format), MOCO_OK) << moco_error_message();
    moco_weights *exported = nullptr;
    ASSERT_EQ(moco_weights_open(&exported, path("e").c_str()), MOCO_OK);
    EXPECT_EQ(moco_weights_config(&found, exported), MOCO_OK);
    moco_weights_free(exported);
    EXPECT_EQ(found.policy, text);
}

TEST_F(TrainDataset, TakesAnOrderOfTheApplication)
{
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.order = by_epoch;
    options_.order = &order;
    expect_exact();
    ASSERT_EQ(train("other", 3), MOCO_ESTOPPED);
    options_.order = nullptr;
    EXPECT_EQ(try_resume("other", "in an order by a callback; give the same again"), MOCO_EINVALID);
}

TEST_F(TrainDataset, TakesWeights)
{
    std::vector<double> weights(kImages, 1);
    weights[3] = 10;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.weights = weights.data();
    options_.order = &order;
    expect_exact();
    ASSERT_EQ(train("other", 3), MOCO_ESTOPPED);
    weights[4] = 10;
    EXPECT_EQ(try_resume("other", "in an order by weights; give the same, not another one, again"), MOCO_EINVALID);
    options_.order = nullptr;
    ASSERT_EQ(train("plain", 3), MOCO_ESTOPPED);
    options_.order = &order;
    EXPECT_EQ(try_resume("plain", "the run shuffles its images"), MOCO_EINVALID);
}

TEST_F(TrainDataset, RefusesWhatDoesNotFit)
{
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    options_.order = &order;
    EXPECT_EQ(train("run"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("neither weights nor order")) << moco_error_message();
    const double few[] = { 1, 1 };
    order.count = 2;
    order.weights = few;
    EXPECT_EQ(train("run"), MOCO_EINVALID) << "and reads no weight beyond them";
    EXPECT_TRUE(message_has("options->order is for 2 images")) << moco_error_message();
    const std::vector<double> none(kImages, 0);
    order.count = kImages;
    order.weights = none.data();
    EXPECT_EQ(train("run"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("have the sum 0")) << moco_error_message();
    options_.order = nullptr;
    options_.dataset = nullptr;
    EXPECT_EQ(train("run"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("val_dataset needs options->dataset")) << moco_error_message();
    options_.dataset = dataset_;
    options_.data = "/images";
    EXPECT_EQ(train("run"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("places of files, and options->dataset is given too")) << moco_error_message();
    options_.data = nullptr;
    options_.metadata_count = 1;
    EXPECT_EQ(train("run"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("options->metadata is NULL")) << moco_error_message();
    moco_metadata wrong = { "", "x" };
    options_.metadata = &wrong;
    EXPECT_EQ(train("run"), MOCO_EINVALID);
    wrong.key = nullptr;
    EXPECT_EQ(train("run"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("options->metadata[0].key is NULL")) << moco_error_message();
    options_.metadata_count = 0;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    policy.count = 1;
    policy.ops[0] = { MOCO_AUGMENT_CALLBACK, 1, { 0, 0, 0, 0 } };
    options_.policy = &policy;
    EXPECT_EQ(train("run"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("the policy's callback is NULL")) << moco_error_message();
    options_.policy = nullptr;
    ASSERT_EQ(moco_config_set(&config_, "policy", "Size(12) Callback() CenterCrop() Normalize(0, 0, 0, 1, 1, 1)"),
              MOCO_OK);
    EXPECT_EQ(train("run"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("operation 0 is a callback")) << moco_error_message();
    ASSERT_EQ(moco_config_set(&config_, "policy", ""), MOCO_OK);
    config_.batch = 64;
    EXPECT_EQ(train("run"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("the application's dataset has 32 images")) << moco_error_message();
    EXPECT_FALSE(fs::exists(path("run"))) << "a mistake leaves nothing behind";
}
