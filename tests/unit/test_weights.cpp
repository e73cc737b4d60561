// Reading files of PyTorch: values of any type and strides, both of torch.save's formats, and refusals.
#include <moco.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace {

const std::string kFolder = "tests/data/checkpoints/";

// The generator of the golden numbers: splitmix64 from the 64-bit FNV-1a hash of a name.
float golden_value(const std::string &stream, uint64_t i)
{
    uint64_t state = 0xCBF29CE484222325U;
    for (const char c : stream) {
        state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    }
    uint64_t z = state + (i + 1) * 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    z ^= z >> 31U;
    return static_cast<float>(static_cast<double>(z >> 40U) / 8388608.0 - 1.0);
}

struct Weights {
    explicit Weights(const std::string &path) { status = moco_weights_open(&handle, path.c_str()); }
    Weights(const Weights &) = delete;
    Weights &operator=(const Weights &) = delete;
    ~Weights() { moco_weights_free(handle); }

    [[nodiscard]] std::vector<unsigned char> read(const char *name) const
    {
        const moco_weights_entry *entry = moco_weights_find(handle, name);
        std::vector<unsigned char> bytes(entry != nullptr ? entry->bytes : 0);
        if (entry == nullptr || moco_weights_read(bytes.data(), bytes.size(), handle, name) != MOCO_OK) {
            ADD_FAILURE() << name << ": " << moco_error_message();
        }
        return bytes;
    }

    moco_weights *handle = nullptr;
    moco_status status = MOCO_OK;
};

class WeightsOfBothFormats : public testing::TestWithParam<const char *> {};

TEST_P(WeightsOfBothFormats, FloatsAreTheGeneratorsWhateverTheirStrides)
{
    const Weights file(kFolder + GetParam());
    ASSERT_EQ(file.status, MOCO_OK) << moco_error_message();
    const std::pair<const char *, const char *> tensors[] = {
        { "module.encoder_q.conv1.weight", "encoder_q.conv1.weight" },
        { "module.encoder_q.channels_last", "cl" },
        { "module.encoder_k.fc.2.weight", "encoder_k.fc.2.weight" },
    };
    for (const auto &[name, stream] : tensors) {
        SCOPED_TRACE(name);
        const auto bytes = file.read(name);
        std::vector<float> values(bytes.size() / sizeof(float));
        std::memcpy(values.data(), bytes.data(), bytes.size());
        ASSERT_FALSE(values.empty());
        // Scales differ from kind to kind of tensor: the ratio to the stream is one number.
        const float scale = values[0] / golden_value(stream, 0);
        for (size_t i = 0; i < values.size(); ++i) {
            ASSERT_NEAR(values[i], scale * golden_value(stream, i), 2e-7) << i;
        }
    }
}

TEST_P(WeightsOfBothFormats, MetadataAndMomentumAreThere)
{
    const Weights file(kFolder + GetParam());
    ASSERT_EQ(file.status, MOCO_OK) << moco_error_message();
    EXPECT_STREQ(moco_weights_metadata(file.handle, "epoch"), "3");
    EXPECT_STREQ(moco_weights_metadata(file.handle, "arch"), "resnet18");
    EXPECT_STREQ(moco_weights_metadata(file.handle, "no such key"), nullptr);
    const moco_weights_entry *momentum = moco_weights_find(file.handle, "optimizer.momentum_buffer.0");
    ASSERT_NE(momentum, nullptr);
    EXPECT_EQ(momentum->ndim, 4U);
    int64_t pointer = 0;
    const auto bytes = file.read("module.queue_ptr");
    ASSERT_EQ(bytes.size(), sizeof pointer);
    std::memcpy(&pointer, bytes.data(), sizeof pointer);
    EXPECT_EQ(pointer, 24);
}

INSTANTIATE_TEST_SUITE_P(Formats, WeightsOfBothFormats, testing::Values("zip.pth.tar", "legacy.pth.tar"),
                         [](const auto &info) { return std::string(info.param).substr(0, 3); });

TEST(Weights, BothFormatsHoldTheSameBytes)
{
    const Weights zip(kFolder + "zip.pth.tar");
    const Weights legacy(kFolder + "legacy.pth.tar");
    ASSERT_EQ(zip.status, MOCO_OK);
    ASSERT_EQ(legacy.status, MOCO_OK);
    ASSERT_EQ(moco_weights_count(zip.handle), moco_weights_count(legacy.handle));
    for (size_t i = 0; i < moco_weights_count(zip.handle); ++i) {
        const moco_weights_entry *entry = moco_weights_get(zip.handle, i);
        EXPECT_EQ(zip.read(entry->name), legacy.read(entry->name)) << entry->name;
    }
}

TEST(Weights, TransposedBfloat16IsRowMajor)
{
    const Weights file(kFolder + "zip.pth.tar");
    const moco_weights_entry *entry = moco_weights_find(file.handle, "module.encoder_q.bfloat16_transposed");
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->dtype, MOCO_BFLOAT16);
    ASSERT_EQ(entry->ndim, 2U);
    EXPECT_EQ(entry->sizes[0], 3);
    EXPECT_EQ(entry->sizes[1], 6);
    const auto bytes = file.read(entry->name);
    float scale = 0;
    for (size_t row = 0; row < 3; ++row) {
        for (size_t column = 0; column < 6; ++column) {
            uint16_t half = 0;
            std::memcpy(&half, &bytes[(row * 6 + column) * sizeof half], sizeof half);
            const uint32_t bits = static_cast<uint32_t>(half) << 16U;
            float value = 0;
            std::memcpy(&value, &bits, sizeof value);
            const float expected = golden_value("bf16", column * 3 + row);
            scale = row + column == 0 ? value / expected : scale;
            EXPECT_NEAR(value, scale * expected, 0.02 * std::abs(scale));
        }
    }
}

TEST(Weights, HostileFilesAreRefusedAndRunNothing)
{
    for (const char *name : { "hostile_zip.pth", "hostile_legacy.pth", "hostile_missing_storage.pth" }) {
        SCOPED_TRACE(name);
        const Weights file(kFolder + name);
        EXPECT_EQ(file.status, MOCO_EFORMAT);
        EXPECT_EQ(file.handle, nullptr);
        EXPECT_NE(std::string(moco_error_message()).find(name), std::string::npos);
    }
    EXPECT_FALSE(std::filesystem::exists("PWNED"));
}

TEST(Weights, MissingFilesAreNotFound)
{
    const Weights file("no/such/file.pth");
    EXPECT_EQ(file.status, MOCO_ENOTFOUND);
}

} // namespace
