// Tests checkpoints and weights in memory, and the texts that an application keeps in them.
#include "support/device.hpp"
#include "support/made_model.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensor_values.hpp"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

using moco_test::config_of;
using moco_test::cpu;
using moco_test::message_has;
using moco_test::read_file;
using moco_test::state_of;

namespace {

using Model = moco_test::MadeModel;
using Weights = std::unique_ptr<moco_weights, decltype(&moco_weights_free)>;

moco_status append(const void *bytes, size_t count, void *payload)
{
    static_cast<std::string *>(payload)->append(static_cast<const char *>(bytes), count);
    return MOCO_OK;
}

// Where the data of a tensor begin.
size_t data_of(const std::string &bytes, const std::string &name)
{
    const size_t offsets = bytes.find("data_offsets\":[", bytes.find("\"" + name + "\":"));
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    return sizeof header + header + std::stoull(bytes.substr(offsets + std::strlen("data_offsets\":[")));
}

class CheckpointMemory : public moco_test::WithFolder {
  protected:
    static Model model(uint64_t seed, int64_t queue_size = 16)
    {
        moco_test::ModelOptions options;
        options.encoder.arch = "resnet20";
        options.encoder.dim = 8;
        options.encoder.seed = seed;
        options.queue_size = queue_size;
        return moco_test::make_model(options);
    }
    static std::string saved(const Model &model)
    {
        std::string bytes;
        const moco_config config = config_of(model);
        EXPECT_EQ(moco_checkpoint_save_to(append, &bytes, model.get(), { 3, 1, 2 }, &config), MOCO_OK)
            << moco_error_message();
        return bytes;
    }
    static Weights open(const std::string &bytes)
    {
        moco_weights *made = nullptr;
        EXPECT_EQ(moco_weights_open_bytes(&made, bytes.data(), bytes.size(), "mine"), MOCO_OK) << moco_error_message();
        return { made, moco_weights_free };
    }
};

} // namespace

TEST_F(CheckpointMemory, TheBytesAreThoseOfAFile)
{
    const Model first = model(1);
    const moco_config config = config_of(first);
    ASSERT_EQ(moco_checkpoint_save(path("a").c_str(), first.get(), { 3, 1, 2 }, &config), MOCO_OK);
    EXPECT_TRUE(saved(first) == read_file(path("a")));
}

TEST_F(CheckpointMemory, AModelComesBack)
{
    const Model first = model(1);
    ASSERT_EQ(moco_model_set_metadata(first.get(), "camera", "north, 30°"), MOCO_OK) << moco_error_message();
    const std::string bytes = saved(first);
    const Model second = model(2);
    ASSERT_EQ(moco_model_set_metadata(second.get(), "old", "gone"), MOCO_OK);
    const Weights weights = open(bytes);
    moco_position position = {};
    ASSERT_EQ(moco_checkpoint_load_from(second.get(), &position, weights.get()), MOCO_OK) << moco_error_message();
    EXPECT_EQ(position.step, 3U);
    EXPECT_EQ(position.batch, 2U);
    EXPECT_EQ(state_of(moco_model_query_encoder(second.get())), state_of(moco_model_query_encoder(first.get())));
    EXPECT_STREQ(moco_model_metadata(second.get(), "camera"), "north, 30°");
    EXPECT_EQ(moco_model_metadata(second.get(), "old"), nullptr);
    EXPECT_STREQ(moco_weights_metadata(weights.get(), "app.camera"), "north, 30°");
    EXPECT_TRUE(saved(second) == bytes);

    moco_config config;
    moco_config_init(&config, sizeof config);
    ASSERT_EQ(moco_weights_config(&config, weights.get()), MOCO_OK) << moco_error_message();
    EXPECT_STREQ(config.arch, "resnet20");
}

TEST_F(CheckpointMemory, AnEncoderComesFromBytesOfAnyFormat)
{
    const Model first = model(1);
    const moco_config config = config_of(first);
    ASSERT_EQ(moco_checkpoint_save(path("a.safetensors").c_str(), first.get(), { 0, 0, 0 }, &config), MOCO_OK);
    moco_export_options how = MOCO_EXPORT_OPTIONS_INIT;
    how.format = MOCO_EXPORT_REFERENCE;
    ASSERT_EQ(moco_export(path("b.pth").c_str(), path("a.safetensors").c_str(), &how), MOCO_OK) << moco_error_message();
    for (const std::string name : { "a.safetensors", "b.pth" }) {
        const std::string bytes = " " + read_file(path(name)); // at an odd address
        moco_weights *made = nullptr;
        ASSERT_EQ(moco_weights_open_bytes(&made, bytes.data() + 1, bytes.size() - 1, nullptr), MOCO_OK)
            << moco_error_message();
        const Weights weights = { made, moco_weights_free };
        moco_config found;
        moco_config_init(&found, sizeof found);
        moco_encoder *encoder = nullptr;
        ASSERT_EQ(moco_encoder_from_weights(&encoder, &found, weights.get(), MOCO_QUERY, cpu), MOCO_OK)
            << moco_error_message();
        EXPECT_EQ(state_of(encoder), state_of(moco_model_query_encoder(first.get()))) << name;
        EXPECT_FALSE(moco_encoder_training(encoder));
        EXPECT_STREQ(found.arch, "resnet20");
        moco_encoder_free(encoder);
    }
}

TEST_F(CheckpointMemory, WrongBytesAreRefused)
{
    const Model first = model(1);
    const std::string bytes = saved(first);
    moco_weights *made = nullptr;
    EXPECT_EQ(moco_weights_open_bytes(&made, bytes.data(), bytes.size() - 1, "mine"), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("mine: ")) << moco_error_message();
    EXPECT_EQ(moco_weights_open_bytes(&made, bytes.data(), 0, nullptr), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("memory: ")) << moco_error_message();
    EXPECT_EQ(made, nullptr);

    std::string other;
    const moco_named_tensor one = { "x", moco_queue_keys(moco_model_queue(first.get())) };
    ASSERT_EQ(moco_safetensors_write_to(append, &other, &one, 1, nullptr, 0), MOCO_OK);
    const Weights weights = open(other);
    EXPECT_EQ(moco_checkpoint_load_from(first.get(), nullptr, weights.get()), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("not a checkpoint")) << moco_error_message();
}

TEST_F(CheckpointMemory, ACheckpointThatDoesNotFitChangesNothing)
{
    const Model first = model(1);
    const Model second = model(2);
    ASSERT_EQ(moco_model_set_metadata(second.get(), "mine", "stays"), MOCO_OK);
    const std::string before = saved(second);
    std::string bytes = saved(first);
    moco_position position = { 7, 7, 7 };
    const int64_t beyond = 16;
    std::memcpy(bytes.data() + data_of(bytes, "queue_ptr"), &beyond, sizeof beyond);
    const std::string sum = "\"moco.checksum\":\"moco-crc32:"; // without it, as an earlier version wrote it
    bytes.replace(bytes.find(sum), sum.size(), "\"some.unsummed\":\"here-other:");
    EXPECT_EQ(moco_checkpoint_load_from(second.get(), &position, open(bytes).get()), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("mine: queue_ptr 16")) << moco_error_message();
    bytes = saved(model(1, 32)); // the encoders fit, the queue does not
    EXPECT_EQ(moco_checkpoint_load_from(second.get(), &position, open(bytes).get()), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("\"queue\"")) << moco_error_message();
    EXPECT_EQ(position.step, 7U);
    EXPECT_TRUE(saved(second) == before);
}

TEST_F(CheckpointMemory, AWriteCallbackThatFailsEndsTheWriting)
{
    const Model first = model(1);
    const moco_config config = config_of(first);
    int calls = 0;
    const auto full = [](const void * /*bytes*/, size_t /*count*/, void *payload) {
        return ++*static_cast<int *>(payload) < 3 ? MOCO_OK : moco_error_set(MOCO_EIO, "the radio is off");
    };
    EXPECT_EQ(moco_checkpoint_save_to(full, &calls, first.get(), { 0, 0, 0 }, &config), MOCO_EIO);
    EXPECT_EQ(calls, 3);
    EXPECT_TRUE(message_has("the radio is off")) << moco_error_message();
    EXPECT_EQ(moco_checkpoint_save_to(nullptr, nullptr, first.get(), { 0, 0, 0 }, &config), MOCO_EINVALID);
}

TEST_F(CheckpointMemory, MetadataHasBounds)
{
    const Model first = model(1);
    moco_model *m = first.get();
    EXPECT_EQ(moco_model_set_metadata(m, "", "x"), MOCO_EINVALID);
    EXPECT_EQ(moco_model_set_metadata(m, std::string(101, 'k').c_str(), "x"), MOCO_EINVALID);
    EXPECT_EQ(moco_model_set_metadata(m, "k", std::string(4001, 'v').c_str()), MOCO_EINVALID);
    EXPECT_EQ(moco_model_set_metadata(m, "k", "\xff"), MOCO_EINVALID);
    for (int i = 0; i < 64; ++i) {
        ASSERT_EQ(moco_model_set_metadata(m, std::to_string(i).c_str(), std::string(4000, 'v').c_str()), MOCO_OK);
    }
    EXPECT_EQ(moco_model_set_metadata(m, "another", "x"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("64 keys")) << moco_error_message();
    EXPECT_EQ(moco_model_set_metadata(m, "7", "changed"), MOCO_OK);
    EXPECT_STREQ(moco_model_metadata(m, "7"), "changed");
    EXPECT_EQ(moco_model_set_metadata(m, "7", nullptr), MOCO_OK);
    EXPECT_EQ(moco_model_metadata(m, "7"), nullptr);
    EXPECT_EQ(moco_model_set_metadata(m, "another", "x"), MOCO_OK);
    const std::string bytes = saved(first);
    const Model second = model(2);
    ASSERT_EQ(moco_checkpoint_load_from(second.get(), nullptr, open(bytes).get()), MOCO_OK) << moco_error_message();
    EXPECT_TRUE(saved(second) == bytes);
}
