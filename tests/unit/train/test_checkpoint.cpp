// Tests that checkpoints hold the complete state, and that damaged and foreign ones are refused.
#include "support/all_tests.hpp"
#include "support/device.hpp"
#include "support/kept_warnings.hpp"
#include "support/model_options.hpp"
#include "support/temporary_folder.hpp"

extern "C" {
#include "method/model_internal.h"
#include "train/checkpoint_names_internal.h"
}

#include <cmath>
#include <csignal>
#include <cstring>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;
using moco_test::cpu;
using moco_test::keep_warning;
using moco_test::message_has;
using moco_test::read_file;
using moco_test::write_file;

namespace {

class Checkpoint : public moco_test::WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        moco_config_init(&config_, sizeof config_);
        ASSERT_EQ(moco_config_apply_preset(&config_, "tiny"), MOCO_OK);
        ASSERT_EQ(moco_config_set(&config_, "dim", "8"), MOCO_OK);
        ASSERT_EQ(moco_config_set(&config_, "queue-size", "20"), MOCO_OK);
        ASSERT_EQ(moco_config_set(&config_, "bn-splits", "2"), MOCO_OK);
        ASSERT_EQ(moco_config_set(&config_, "data", "/some/where \"quoted\""), MOCO_OK);
        ASSERT_EQ(moco_config_set(&config_, "seed", "18446744073709551615"), MOCO_OK);
        ASSERT_EQ(moco_config_set(&config_, "out", path("run").c_str()), MOCO_OK);
        fs::create_directories(path("run/checkpoints"));
        const int64_t sizes[] = { 6, 3, 16, 16 };
        ASSERT_EQ(moco_tensor_randn(&images_, nullptr, cpu, sizes, 4, 1), MOCO_OK);
    }
    void TearDown() override
    {
        moco_tensor_free(images_);
        WithFolder::TearDown();
    }
    // A model as the configuration says, with weights of a seed.
    static moco_model *create(uint64_t seed, int64_t queue_size = 20)
    {
        moco_test::ModelOptions options;
        options.encoder.arch = "resnet20";
        options.encoder.dim = 8;
        options.encoder.bn_splits = 2;
        options.encoder.seed = seed;
        options.seed = seed;
        options.queue_size = queue_size;
        moco_model *model = nullptr;
        EXPECT_EQ(moco_model_create(&model, options.get()), MOCO_OK) << moco_error_message();
        return model;
    }
    double step(moco_model *model) const
    {
        moco_step out{};
        double loss = NAN;
        EXPECT_EQ(moco_model_step(&out, model, images_, images_, 0.05, 0.9), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_tensor_item(&loss, out.loss), MOCO_OK);
        return loss;
    }
    std::string checkpoint(uint64_t at) const
    {
        char buffer[MOCO_PATH_MAX];
        EXPECT_EQ(moco_checkpoint_path(buffer, sizeof buffer, path("run").c_str(), at), MOCO_OK);
        return buffer;
    }

    moco_config config_{};
    moco_tensor *images_ = nullptr;
};

} // namespace

TEST_F(Checkpoint, RestoresAllState)
{
    moco_model *first = create(1);
    (void)step(first);
    (void)step(first);
    ASSERT_EQ(moco_checkpoint_save(checkpoint(2).c_str(), first, { 2, 1, 7 }, &config_), MOCO_OK)
        << moco_error_message();

    // Permutations come from the model's seed, which is the configuration's and not of the checkpoint.
    moco_model *second = create(1);
    for (int i = 0; i < 5; ++i) {
        (void)step(second);
    }
    moco_position position{};
    ASSERT_EQ(moco_checkpoint_load(second, &position, checkpoint(2).c_str()), MOCO_OK) << moco_error_message();
    EXPECT_EQ(position.step, 2U);
    EXPECT_EQ(position.epoch, 1U);
    EXPECT_EQ(position.batch, 7U);
    EXPECT_EQ(moco_queue_pointer(moco_model_queue(second)), 12);
    EXPECT_EQ(moco_queue_filled(moco_model_queue(second)), 12);
    EXPECT_EQ(moco__model_shuffles(second), 2U);
    ASSERT_EQ(moco_checkpoint_save(checkpoint(3).c_str(), second, { 2, 1, 7 }, &config_), MOCO_OK);
    EXPECT_TRUE(read_file(checkpoint(2)) == read_file(checkpoint(3))) << "the same state gives the same bytes";

    EXPECT_EQ(step(first), step(second)) << "bit-identical";
    EXPECT_EQ(step(first), step(second));
    moco_model_free(first);
    moco_model_free(second);
}

TEST_F(Checkpoint, KeepsTheConfigurationButNotTheFolder)
{
    moco_model *model = create(1);
    ASSERT_EQ(moco_checkpoint_save(checkpoint(0).c_str(), model, { 0, 0, 0 }, &config_), MOCO_OK);
    moco_config read{};
    moco_config_init(&read, sizeof read);
    moco_position position{};
    ASSERT_EQ(moco_checkpoint_read_config(&read, &position, checkpoint(0).c_str()), MOCO_OK) << moco_error_message();
    EXPECT_STREQ(read.data, config_.data);
    EXPECT_EQ(read.seed, UINT64_MAX);
    EXPECT_STREQ(read.out, "");
    std::memset(config_.out, 0, sizeof config_.out);
    EXPECT_EQ(std::memcmp(&read, &config_, sizeof read), 0);

    moco_encoder *encoder = nullptr;
    ASSERT_EQ(moco_encoder_import(&encoder, &read, checkpoint(0).c_str(), MOCO_QUERY, cpu), MOCO_OK)
        << moco_error_message();
    EXPECT_FALSE(moco_encoder_training(encoder));
    EXPECT_EQ(moco_encoder_dim(encoder), 8);
    moco_encoder_free(encoder);
    moco_model_free(model);
}

TEST_F(Checkpoint, TheSettingsMustDescribeTheModel)
{
    moco_model *model = create(1);
    for (const auto &[name, value] : { std::pair{ "arch", "resnet50" }, std::pair{ "dim", "9" },
                                       std::pair{ "mlp", "true" }, std::pair{ "queue-size", "21" } }) {
        moco_config other = config_;
        ASSERT_EQ(moco_config_set(&other, name, value), MOCO_OK);
        EXPECT_EQ(moco_checkpoint_save(checkpoint(0).c_str(), model, { 0, 0, 0 }, &other), MOCO_EINVALID) << name;
        EXPECT_NE(std::string(moco_error_message()).find("resnet20 of dim 8"), std::string::npos);
    }
    const moco_config zero{};
    EXPECT_EQ(moco_checkpoint_save(checkpoint(0).c_str(), model, { 0, 0, 0 }, &zero), MOCO_EINVALID);
    EXPECT_FALSE(fs::exists(checkpoint(0)));
    moco_model_free(model);
}

TEST_F(Checkpoint, RefusesWhatDoesNotFit)
{
    moco_model *model = create(1);
    ASSERT_EQ(moco_checkpoint_save(checkpoint(0).c_str(), model, { 0, 0, 0 }, &config_), MOCO_OK);
    moco_model *other = create(1, 21);
    EXPECT_EQ(moco_checkpoint_load(other, nullptr, checkpoint(0).c_str()), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("queue")) << moco_error_message();
    moco_model_free(other);

    const moco_named_tensor tensor = { "x", images_ };
    ASSERT_EQ(moco_safetensors_write(path("plain").c_str(), &tensor, 1, nullptr, 0), MOCO_OK);
    EXPECT_EQ(moco_checkpoint_load(model, nullptr, path("plain").c_str()), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("not a checkpoint")) << moco_error_message();
    EXPECT_EQ(moco_checkpoint_load(model, nullptr, path("none").c_str()), MOCO_ENOTFOUND);
    moco_model_free(model);
}

TEST_F(Checkpoint, FindsTheNewestWholeOne)
{
    char found[MOCO_PATH_MAX] = "untouched";
    EXPECT_EQ(moco_checkpoint_find(found, sizeof found, path("run").c_str()), MOCO_ENOTFOUND);
    EXPECT_EQ(moco_checkpoint_find(found, sizeof found, path("nowhere").c_str()), MOCO_ENOTFOUND);
    EXPECT_STREQ(found, "untouched");
    moco_model *model = create(1);
    for (const uint64_t at : { 9U, 10U, 100U }) {
        ASSERT_EQ(moco_checkpoint_save(checkpoint(at).c_str(), model, { at, 0, at }, &config_), MOCO_OK);
    }
    write_file(checkpoint(500), read_file(checkpoint(100)).substr(0, 1000));
    write_file(path("run/checkpoints/step_x.safetensors"), "not a step");
    std::string turned = read_file(checkpoint(100)); // a bit, in the tensors
    turned[turned.size() / 2] ^= '\x10';
    write_file(checkpoint(400), turned);
    std::string warning;
    moco_log_set_callback(keep_warning, &warning);
    ASSERT_EQ(moco_checkpoint_find(found, sizeof found, path("run").c_str()), MOCO_OK);
    EXPECT_EQ(found, checkpoint(400)) << "tensors are not read";
    warning.clear();
    ASSERT_EQ(moco__checkpoint_find_undamaged(found, sizeof found, path("run").c_str()), MOCO_OK);
    moco_log_set_callback(nullptr, nullptr);
    EXPECT_EQ(found, checkpoint(100));
    EXPECT_NE(warning.find("step_0000000500"), std::string::npos) << warning;
    EXPECT_NE(warning.find("step_0000000400.safetensors: damaged since it was written"), std::string::npos) << warning;
    moco_position position;
    EXPECT_EQ(moco_checkpoint_load(model, &position, checkpoint(400).c_str()), MOCO_EFORMAT);
    ASSERT_EQ(moco_checkpoint_find(found, sizeof found, checkpoint(9).c_str()), MOCO_OK);
    EXPECT_EQ(found, checkpoint(9)) << "a file stands for itself";
    moco_model_free(model);
}

// Among all tests, each bit of the header but for the list of tensors.
TEST_F(Checkpoint, FindsEachBitThatTurned)
{
    moco_model *model = create(1);
    ASSERT_EQ(moco_checkpoint_save(checkpoint(1).c_str(), model, { 1, 0, 1 }, &config_), MOCO_OK);
    const std::string whole = read_file(checkpoint(1));
    const size_t header = whole.find("}}") + 2;
    size_t unnoticed = 0;
    const auto flip = [&](size_t at, unsigned bit) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
        moco_weights *weights = nullptr;
        const moco_status status = moco_weights_open_bytes(&weights, damaged.data(), damaged.size(), nullptr);
        unnoticed += status == MOCO_EFORMAT ? 0 : 1;
        EXPECT_EQ(status, MOCO_EFORMAT) << "bit " << bit << " of byte " << at << ": " << whole.substr(at, 20);
        moco_weights_free(weights);
    };
    const size_t metadata = whole.find("\"encoder_q."); // the list of tensors is long, and like itself
    const bool all = moco_test::all_tests();
    for (size_t at = 0; at < header && unnoticed < 5; at += at >= metadata ? 977 : all ? 1 : 7) {
        for (unsigned bit = all ? 0 : at % 8; bit < (all ? 8 : at % 8 + 1); ++bit) {
            flip(at, bit);
        }
    }
    for (size_t at = header; at < whole.size(); at += whole.size() / 20) {
        flip(at, at % 8);
    }
    moco_model_free(model);
}

TEST_F(Checkpoint, AFolderInItsPlaceIsRefused)
{
    moco_model *model = create(1);
    ASSERT_EQ(moco_checkpoint_save(checkpoint(1).c_str(), model, { 1, 0, 1 }, &config_), MOCO_OK);
    fs::create_directories(checkpoint(2));
    char found[MOCO_PATH_MAX] = "";
    EXPECT_EQ(moco_checkpoint_find(found, sizeof found, path("run").c_str()), MOCO_EIO);
    EXPECT_TRUE(message_has("a folder is where a checkpoint belongs")) << moco_error_message();
    moco_model_free(model);
}

TEST_F(Checkpoint, PrunesButKeepsMilestones)
{
    moco_model *model = create(1);
    for (uint64_t epoch = 1; epoch <= 6; ++epoch) {
        ASSERT_EQ(moco_checkpoint_save(checkpoint(10 * epoch).c_str(), model, { 10 * epoch, epoch, 0 }, &config_),
                  MOCO_OK);
    }
    write_file(checkpoint(60) + ".tmp-123", "left over by a killed process");
    ASSERT_EQ(moco_checkpoint_prune(path("run").c_str(), 2, 3), MOCO_OK);
    for (const uint64_t epoch : { 1U, 2U, 4U }) {
        EXPECT_FALSE(fs::exists(checkpoint(10 * epoch))) << epoch;
    }
    for (const uint64_t epoch : { 3U, 5U, 6U }) {
        EXPECT_TRUE(fs::exists(checkpoint(10 * epoch))) << epoch;
    }
    EXPECT_EQ(moco_test::entries_of(path("run/checkpoints")), 3U) << "left-overs go too";
    moco_model_free(model);
}

TEST_F(Checkpoint, SurvivesBeingKilledWhileWriting)
{
    moco_model *model = create(1);
    for (int round = 0; round < 5; ++round) {
        const pid_t child = fork();
        if (child == 0) {
            const bool writes = moco_threads_set(1) == MOCO_OK; // a forked process has no other threads
            for (uint64_t at = 1; writes; ++at) {
                if (moco_checkpoint_save(checkpoint(at % 3).c_str(), model, { at, 0, 0 }, &config_) != MOCO_OK) {
                    _exit(1);
                }
            }
            _exit(1);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(150 + 37 * round));
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        for (const uint64_t at : { 0U, 1U, 2U }) {
            if (fs::exists(checkpoint(at))) {
                EXPECT_EQ(moco_checkpoint_load(model, nullptr, checkpoint(at).c_str()), MOCO_OK)
                    << moco_error_message();
            }
        }
    }
    char found[MOCO_PATH_MAX];
    EXPECT_EQ(moco_checkpoint_find(found, sizeof found, path("run").c_str()), MOCO_OK) << "at least one was written";
    moco_model_free(model);
}
