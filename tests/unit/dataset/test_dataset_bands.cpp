// Tests datasets of images that are not 8-bit RGB: their statistics, arrays beside other images, shards, and loaders.
#include "support/temporary_folder.hpp"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

namespace {

class DatasetBands : public moco_test::WithFolder {
  protected:
    // Writes an array of floats, 2 bands of 4 x 4: base + 0, 1, .. 15, and the base alone.
    void write_array(const std::string &name, float base) const
    {
        const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4, 4), }";
        std::string bytes("\x93NUMPY\x01\x00", 8);
        bytes.append({ static_cast<char>(header.size() + 1), '\0' }).append(header).append("\n");
        for (int i = 0; i < 32; ++i) {
            const float value = base + (i < 16 ? static_cast<float>(i) : 0.0F);
            char raw[sizeof value];
            std::memcpy(raw, &value, sizeof value);
            bytes.append(raw, sizeof value);
        }
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary) << bytes;
    }
    void write_arrays(int count) const
    {
        for (int i = 0; i < count; ++i) {
            write_array("data/" + std::string(i % 2 == 0 ? "even/" : "odd/") + std::to_string(i) + ".npy",
                        static_cast<float>(100 * i));
        }
    }
    [[nodiscard]] moco_dataset *open(const std::string &name) const
    {
        moco_dataset *dataset = nullptr;
        EXPECT_EQ(moco_dataset_open(&dataset, path(name).c_str(), nullptr), MOCO_OK) << moco_error_message();
        return dataset;
    }
};

TEST_F(DatasetBands, StatisticsDoNotDependOnThreads)
{
    write_arrays(10);
    moco_dataset *dataset = open("data");
    moco_statistics found{};
    ASSERT_EQ(moco_dataset_statistics(&found, dataset, 2, 0, 1, false), MOCO_OK) << moco_error_message();
    double mean = 0;
    double squares = 0;
    for (int i = 0; i < 10; ++i) {
        for (int k = 0; k < 16; ++k) {
            mean += (100 * i + k) / 160.0;
            squares += (100.0 * i + k) * (100.0 * i + k) / 160.0;
        }
    }
    EXPECT_NEAR(found.mean[0], mean, 1e-9);
    EXPECT_NEAR(found.std[0], std::sqrt(squares - mean * mean), 1e-9);
    EXPECT_NEAR(found.mean[1], 450, 1e-9);
    moco_statistics again{};
    ASSERT_EQ(moco_dataset_statistics(&again, dataset, 2, MOCO_STATISTICS_IMAGES, 4, false), MOCO_OK);
    EXPECT_EQ(std::memcmp(&found, &again, sizeof found), 0);
    ASSERT_EQ(moco_dataset_statistics(&again, dataset, 2, 5, 2, false), MOCO_OK); // 0, 4, 8, 3 and 7
    EXPECT_NEAR(again.mean[1], 440, 1e-9);
    EXPECT_EQ(moco_dataset_statistics(&again, dataset, 5, 0, 1, false), MOCO_EFORMAT);
    EXPECT_NE(std::string(moco_error_message()).find("even/0.npy"), std::string::npos) << moco_error_message();
    EXPECT_EQ(moco_dataset_statistics(&again, dataset, 65, 0, 1, false), MOCO_EINVALID);
    moco_dataset_free(dataset);
}

TEST_F(DatasetBands, StatisticsLeaveOutBrokenFiles)
{
    write_arrays(4);
    std::ofstream(path("data/even/zz.npy")) << "none";
    moco_dataset *dataset = open("data");
    moco_statistics found{};
    EXPECT_EQ(moco_dataset_statistics(&found, dataset, 2, 0, 2, false), MOCO_EFORMAT);
    ASSERT_EQ(moco_dataset_statistics(&found, dataset, 2, 0, 2, true), MOCO_OK) << moco_error_message();
    EXPECT_NEAR(found.mean[1], 150, 1e-9);
    EXPECT_EQ(moco_dataset_skipped(dataset, nullptr, 0), 1U);
    moco_dataset_free(dataset);
}

TEST_F(DatasetBands, StatisticsOfRgb)
{
    moco_image *image = nullptr;
    ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    std::filesystem::create_directories(path("rgb"));
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(moco_image_fill(image, 8 << i, 8, i == 0 ? 0xFF0000 : 0xFF3300), MOCO_OK);
        ASSERT_EQ(moco_image_write_png(image, path("rgb/" + std::to_string(i) + ".png").c_str()), MOCO_OK);
    }
    moco_image_free(image);
    moco_dataset *dataset = open("rgb");
    moco_statistics found{};
    ASSERT_EQ(moco_dataset_statistics(&found, dataset, 3, 0, 1, false), MOCO_OK);
    EXPECT_NEAR(found.mean[0], 1, 1e-12);
    EXPECT_EQ(found.std[0], 1); // no image differs, so that nothing is divided by 0
    EXPECT_NEAR(found.mean[1], 0.1, 1e-12);
    EXPECT_NEAR(found.std[1], 0.1, 1e-12);
    moco_dataset_free(dataset);
}

TEST_F(DatasetBands, ArraysBesideImagesAreNoImages)
{
    write_arrays(4);
    moco_image *image = nullptr;
    ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    ASSERT_EQ(moco_image_fill(image, 8, 8, 0), MOCO_OK);
    ASSERT_EQ(moco_image_write_png(image, path("data/even/a.png").c_str()), MOCO_OK);
    moco_image_free(image);
    moco_dataset *dataset = open("data");
    char text[512];
    EXPECT_EQ(moco_dataset_count(dataset), 1U);
    EXPECT_EQ(moco_dataset_left_out(dataset, text, sizeof text), 5U) << text; // and the empty folder
    EXPECT_NE(std::string(text).find("4 .npy arrays beside image files, like even/0.npy"), std::string::npos) << text;
    moco_dataset_free(dataset);
}

TEST_F(DatasetBands, ArePackedAndLoaded)
{
    write_arrays(6);
    moco_dataset *folder = open("data");
    moco_pack_options pack = MOCO_PACK_OPTIONS_INIT;
    ASSERT_EQ(moco_shards_pack(folder, path("a.tar").c_str(), &pack), MOCO_OK) << moco_error_message();
    moco_dataset *shard = open("a.tar");
    ASSERT_EQ(moco_dataset_count(shard), 6U);
    moco_image *images[2] = {};
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(moco_image_create(&images[i]), MOCO_OK);
        moco_image_set_channels(images[i], 2);
    }
    for (size_t i = 0; i < 6; ++i) {
        ASSERT_EQ(moco_dataset_read(folder, images[0], i), MOCO_OK) << moco_error_message();
        ASSERT_EQ(moco_dataset_read(shard, images[1], i), MOCO_OK) << moco_error_message();
        EXPECT_EQ(std::memcmp(moco_image_bands(images[0]), moco_image_bands(images[1]), 32 * sizeof(float)), 0);
    }
    pack.short_side = 2; // copies would be JPEG files
    EXPECT_NE(moco_shards_pack(folder, path("b.tar").c_str(), &pack), MOCO_OK);
    for (moco_image *image : images) {
        moco_image_free(image);
    }
    moco_dataset_free(shard);
    moco_dataset_free(folder);
}

TEST_F(DatasetBands, FillBatches)
{
    write_arrays(6);
    moco_dataset *dataset = open("data");
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    ASSERT_EQ(moco_augment_preset(&policy, "v2", 4), MOCO_OK);
    policy.channels = 2;
    policy.statistics.std[0] = policy.statistics.std[1] = 100;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    moco_sampler_options_for(&order, dataset, 0);
    order.batch = 6;
    std::vector<float> first;
    for (const int workers : { 1, 3 }) {
        moco_sampler *sampler = nullptr;
        moco_loader *loader = nullptr;
        moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
        options.workers = workers;
        ASSERT_EQ(moco_sampler_create(&sampler, &order), MOCO_OK);
        ASSERT_EQ(moco_loader_create(&loader, dataset, sampler, &policy, nullptr, &options), MOCO_OK)
            << moco_error_message();
        EXPECT_EQ(moco_loader_channels(loader), 2);
        moco_batch batch;
        ASSERT_EQ(moco_loader_next(loader, &batch), MOCO_OK) << moco_error_message();
        ASSERT_EQ(moco_tensor_size(batch.query, 1), 2);
        std::vector<float> values(6 * 2 * 4 * 4);
        ASSERT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), batch.key), MOCO_OK);
        EXPECT_TRUE(first.empty() || values == first);
        first = values;
        moco_loader_free(loader);
        moco_sampler_free(sampler);
    }
    moco_dataset_free(dataset);
}

} // namespace
