// Tests the loader with fast augmentation.
#include "unit/image/fast_fixture.hpp"

#include <cstdio>
#include <cstring>

using namespace fast_test;

namespace {

// All values of a batch, in the order of memory.
std::vector<std::uint8_t> bytes_of(const moco_batch &batch, moco_dtype dtype)
{
    std::vector<std::uint8_t> all;
    for (const moco_tensor *tensor : { batch.query, batch.key }) {
        std::vector<std::uint8_t> bytes(batch.count * 3 * 24 * 24 * moco_dtype_size(dtype));
        EXPECT_EQ(moco_tensor_dtype(tensor), dtype);
        EXPECT_EQ(moco_tensor_to_host(bytes.data(), bytes.size(), tensor), MOCO_OK) << moco_error_message();
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
}

class FastLoader : public Fast {
  protected:
    void SetUp() override
    {
        Fast::SetUp();
        std::filesystem::create_directories(path("class"));
        for (std::uint64_t i = 0; i < 40; ++i) {
            synth_image image = synth_photo(15, i, static_cast<int>(i % 10));
            image.width /= 3;
            image.height /= 3;
            moco_test::write_file(path("class/" + std::to_string(100 + i) + ".jpg"), jpeg_of(image));
        }
    }
    std::vector<std::uint8_t> load(const moco_loader_options &options)
    {
        moco_dataset *images = nullptr;
        moco_sampler *sampler = nullptr;
        moco_loader *loader = nullptr;
        moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
        const moco_augment_policy policy = preset("v2", 24);
        moco_batch batch;
        EXPECT_EQ(moco_dataset_open(&images, folder_.c_str(), nullptr), MOCO_OK) << moco_error_message();
        order.count = moco_dataset_count(images);
        order.batch = 20;
        EXPECT_EQ(moco_sampler_create(&sampler, &order), MOCO_OK);
        EXPECT_EQ(moco_loader_create(&loader, images, sampler, &policy, nullptr, &options), MOCO_OK);
        std::vector<std::uint8_t> all;
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(moco_loader_next(loader, &batch), MOCO_OK) << moco_error_message();
            const auto bytes = bytes_of(batch, options.dtype);
            all.insert(all.end(), bytes.begin(), bytes.end());
        }
        moco_loader_free(loader);
        moco_sampler_free(sampler);
        moco_dataset_free(images);
        return all;
    }
};

TEST_F(FastLoader, DoesNotDependOnTheWorkers)
{
    moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
    options.fast = true;
    options.workers = 1;
    const auto one = load(options);
    options.workers = 3;
    EXPECT_EQ(load(options), one);
    options.fast = false;
    EXPECT_NE(load(options), one);
}

// Rounding as the processor's own conversion does it, of exact and fast batches and both orders in memory.
TEST_F(FastLoader, RoundsToBfloat16AsTensorsDo)
{
    for (const bool fast : { false, true }) {
        for (const moco_layout layout : { MOCO_NCHW, MOCO_NHWC }) {
            moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
            options.fast = fast;
            options.layout = layout;
            const auto floats = load(options);
            options.dtype = MOCO_BFLOAT16;
            const auto halves = load(options);
            ASSERT_EQ(halves.size() * 2, floats.size());
            const auto count = static_cast<std::int64_t>(floats.size() / 4);
            moco_scope *scope = nullptr;
            moco_tensor *wide = nullptr;
            moco_tensor *narrow = nullptr;
            ASSERT_EQ(moco_scope_create(&scope), MOCO_OK);
            ASSERT_EQ(moco_tensor_from_host(&wide, scope, MOCO_FLOAT32, { MOCO_CPU, 0 }, &count, 1, floats.data()),
                      MOCO_OK);
            ASSERT_EQ(moco_tensor_empty(&narrow, scope, MOCO_BFLOAT16, { MOCO_CPU, 0 }, &count, 1), MOCO_OK);
            ASSERT_EQ(moco_tensor_copy(narrow, wide), MOCO_OK);
            std::vector<std::uint8_t> expected(halves.size());
            ASSERT_EQ(moco_tensor_to_host(expected.data(), expected.size(), narrow), MOCO_OK);
            EXPECT_EQ(halves, expected);
            moco_scope_free(scope);
        }
    }
}

} // namespace
