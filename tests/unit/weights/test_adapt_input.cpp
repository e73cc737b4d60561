// Tests that a first convolution of 3 channels becomes one of others with the numbers of timm 1.0.9: the CRC-32 are of
// its adapt_input_conv(channels, torch.arange(432.) * 37 % 11 / 7 in the shape 16 x 3 x 3 x 3).
#include "support/temporary_folder.hpp"

#include <zlib.h>

#include <utility>
#include <vector>

namespace {

class AdaptInput : public moco_test::WithFolder {
  protected:
    static moco_encoder *encoder(int64_t channels)
    {
        moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
        options.arch = "resnet20";
        options.channels = channels;
        options.seed = static_cast<uint64_t>(channels);
        moco_encoder *made = nullptr;
        EXPECT_EQ(moco_encoder_create(&made, &options), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_encoder_channels(made), channels);
        return made;
    }
    static moco_tensor *first(const moco_encoder *encoder)
    {
        return moco_tensor_list_get(moco_encoder_state(encoder), 0);
    }
    static unsigned long crc(const moco_tensor *tensor)
    {
        std::vector<float> values(static_cast<size_t>(moco_tensor_numel(tensor)));
        EXPECT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), tensor), MOCO_OK);
        return crc32(0, reinterpret_cast<const unsigned char *>(values.data()),
                     static_cast<unsigned>(values.size() * sizeof(float)));
    }
    // Writes a network whose first convolution is of @p channels, with known weights.
    [[nodiscard]] std::string written(int64_t channels) const
    {
        moco_encoder *const source = encoder(channels);
        std::vector<float> values(static_cast<size_t>(moco_tensor_numel(first(source))));
        for (size_t i = 0; i < values.size(); ++i) {
            values[i] = static_cast<float>(i * 37 % 11) / 7;
        }
        moco_tensor *known = nullptr;
        const int64_t sizes[] = { 16, channels, 3, 3 };
        EXPECT_EQ(moco_tensor_from_host(&known, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, sizes, 4, values.data()),
                  MOCO_OK);
        EXPECT_EQ(moco_tensor_copy(first(source), known), MOCO_OK);
        std::vector<moco_named_tensor> rows;
        const char *name = nullptr;
        for (size_t i = 0; (name = moco_encoder_state_name(source, i)) != nullptr; ++i) {
            rows.push_back({ name, moco_tensor_list_get(moco_encoder_state(source), i) });
        }
        EXPECT_EQ(moco_safetensors_write(path("f").c_str(), rows.data(), rows.size(), nullptr, 0), MOCO_OK);
        moco_tensor_free(known);
        moco_encoder_free(source);
        return path("f");
    }
    static moco_status read(moco_encoder *target, const std::string &path)
    {
        moco_weights *weights = nullptr;
        moco_network network{};
        EXPECT_EQ(moco_weights_open(&weights, path.c_str()), MOCO_OK);
        EXPECT_EQ(moco_weights_network(&network, weights, MOCO_QUERY), MOCO_OK) << moco_error_message();
        const moco_status status = moco_weights_read_encoder(target, weights, &network);
        moco_weights_free(weights);
        return status;
    }
};

TEST_F(AdaptInput, AsTimmDoes)
{
    const std::pair<int64_t, unsigned long> cases[] = { { 1, 1357780285 }, { 2, 152541944 },  { 4, 3730152069 },
                                                        { 5, 3466141619 }, { 7, 1413346603 }, { 64, 337404691 } };
    const std::string file = written(3);
    for (const auto &[channels, wanted] : cases) {
        moco_encoder *const target = encoder(channels);
        ASSERT_EQ(read(target, file), MOCO_OK) << moco_error_message();
        EXPECT_EQ(crc(first(target)), wanted) << channels;
        moco_encoder_free(target);
    }
}

TEST_F(AdaptInput, OnlyFromThreeChannels)
{
    const std::string file = written(5);
    moco_encoder *const target = encoder(4);
    const unsigned long before = crc(first(target));
    EXPECT_EQ(read(target, file), MOCO_EFORMAT);
    EXPECT_NE(std::string(moco_error_message()).find("[16, 5, 3, 3]"), std::string::npos) << moco_error_message();
    EXPECT_EQ(crc(first(target)), before);
    moco_encoder_free(target);
}

TEST_F(AdaptInput, ChannelsOfAFileAreFound)
{
    moco_config config;
    moco_encoder *found = nullptr;
    moco_config_init(&config, sizeof config);
    ASSERT_EQ(moco_encoder_import(&found, &config, written(5).c_str(), MOCO_QUERY, { MOCO_CPU, 0 }), MOCO_OK)
        << moco_error_message();
    EXPECT_EQ(config.channels, 5);
    EXPECT_STREQ(config.normalize, "none"); // nobody knows how its images were scaled
    EXPECT_EQ(moco_encoder_channels(found), 5);
    moco_encoder_free(found);
}

} // namespace
