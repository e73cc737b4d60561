// A file whose network does not fit changes no tensor of the encoder.
#include "support/temporary_folder.hpp"

#include <vector>

namespace {

class WeightsFit : public moco_test::WithFolder {
  protected:
    static moco_encoder *encoder(uint64_t seed)
    {
        moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
        options.arch = "resnet20";
        options.seed = seed;
        moco_encoder *made = nullptr;
        EXPECT_EQ(moco_encoder_create(&made, &options), MOCO_OK);
        return made;
    }
    static std::vector<float> first_tensor(const moco_encoder *encoder)
    {
        const moco_tensor *const tensor = moco_tensor_list_get(moco_encoder_state(encoder), 0);
        std::vector<float> values(static_cast<size_t>(moco_tensor_numel(tensor)));
        EXPECT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), tensor), MOCO_OK);
        return values;
    }
    // Writes all tensors of an encoder, but for one if it is named.
    [[nodiscard]] std::string file_of(const moco_encoder *encoder, const std::string &without = "") const
    {
        std::vector<moco_named_tensor> rows;
        const char *name = nullptr;
        for (size_t i = 0; (name = moco_encoder_state_name(encoder, i)) != nullptr; ++i) {
            if (name != without) {
                rows.push_back({ name, moco_tensor_list_get(moco_encoder_state(encoder), i) });
            }
        }
        EXPECT_EQ(moco_safetensors_write(path("f").c_str(), rows.data(), rows.size(), nullptr, 0), MOCO_OK);
        return path("f");
    }
};

TEST_F(WeightsFit, OrNothingChanges)
{
    moco_encoder *const source = encoder(1);
    moco_encoder *const target = encoder(2);
    moco_weights *weights = nullptr;
    moco_network network{};
    ASSERT_EQ(moco_weights_open(&weights, file_of(source, "layer3.2.bn2.bias").c_str()), MOCO_OK);
    ASSERT_EQ(moco_weights_network(&network, weights, MOCO_QUERY), MOCO_OK) << moco_error_message();
    const auto before = first_tensor(target);
    EXPECT_EQ(moco_weights_read_encoder(target, weights, &network), MOCO_EFORMAT);
    EXPECT_EQ(before, first_tensor(target));
    moco_weights_free(weights);
    moco_encoder_free(target);
    moco_encoder_free(source);
}

TEST_F(WeightsFit, WholeNumbersAreNoWeights)
{
    moco_encoder *const source = encoder(1);
    std::string bytes = moco_test::read_file(file_of(source));
    bytes.replace(bytes.find("F32", bytes.find("\"conv1.weight\"")), 3, "I32");
    moco_weights *weights = nullptr;
    moco_network network{};
    ASSERT_EQ(moco_weights_open_bytes(&weights, bytes.data(), bytes.size(), nullptr), MOCO_OK) << moco_error_message();
    const moco_status found = moco_weights_network(&network, weights, MOCO_QUERY);
    EXPECT_EQ(found == MOCO_OK ? moco_weights_read_encoder(source, weights, &network) : found, MOCO_EFORMAT);
    EXPECT_TRUE(moco_test::message_has("\"conv1.weight\"") && moco_test::message_has("whole numbers"))
        << moco_error_message();
    moco_weights_free(weights);
    moco_encoder_free(source);
}

TEST_F(WeightsFit, DamageThatIsFoundLateChangesNothing)
{
    moco_encoder *const source = encoder(1);
    moco_encoder *const target = encoder(2);
    moco_export_options how = MOCO_EXPORT_OPTIONS_INIT;
    how.format = MOCO_EXPORT_TORCHVISION;
    ASSERT_EQ(moco_export(path("f.pth").c_str(), file_of(source).c_str(), &how), MOCO_OK) << moco_error_message();
    std::string bytes = moco_test::read_file(path("f.pth"));
    bytes[bytes.size() / 10 * 9] ^= 1;
    moco_weights *weights = nullptr;
    moco_network network{};
    ASSERT_EQ(moco_weights_open_bytes(&weights, bytes.data(), bytes.size(), nullptr), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco_weights_network(&network, weights, MOCO_QUERY), MOCO_OK) << moco_error_message();
    const auto before = first_tensor(target);
    EXPECT_EQ(moco_weights_read_encoder(target, weights, &network), MOCO_EFORMAT);
    EXPECT_TRUE(moco_test::message_has("checksum")) << moco_error_message();
    EXPECT_EQ(before, first_tensor(target));
    moco_weights_free(weights);
    moco_encoder_free(target);
    moco_encoder_free(source);
}

} // namespace
