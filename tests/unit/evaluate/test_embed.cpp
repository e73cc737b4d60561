// Tests features in files of numpy and safetensors, and their principal components.
#include "base/tensor_internal.h"
#include "support/device.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensor_values.hpp"
#include "support/toy_dataset.hpp"
#include "unit/evaluate/matrix.hpp"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

namespace fs = std::filesystem;
using moco_test::cpu;
using moco_test::message_has;
using moco_test::read_file;
using moco_test::toy_dataset;
using moco_test::values_of;

namespace {

using Embed = moco_test::WithFolder;

moco_tensor *matrix_of(const std::vector<float> &values, int64_t rows)
{
    return matrix_test::matrix(values, rows).release();
}

moco_features *toy_features(const moco_dataset *dataset, bool raw = false, size_t limit = 0)
{
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    options.kind = MOCO_FEATURE_PIXELS;
    options.batch = 7;
    options.workers = 1;
    options.raw = raw;
    options.limit = limit;
    return moco_test::toy_features(dataset, options);
}

} // namespace

TEST_F(Embed, NpyIsWhatNumpyExpects)
{
    const std::vector<float> values{ 1, 2, 3, 4, 5, 6.5F };
    moco_tensor *tensor = matrix_of(values, 2);
    ASSERT_EQ(moco_npy_write(path("a.npy").c_str(), tensor), MOCO_OK) << moco_error_message();
    const std::string bytes = read_file(path("a.npy"));
    ASSERT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
    const size_t header = static_cast<unsigned char>(bytes[8]) + 256U * static_cast<unsigned char>(bytes[9]);
    EXPECT_EQ((10 + header) % 64, 0U);
    const std::string text = bytes.substr(10, header);
    EXPECT_EQ(text.substr(0, text.find("}") + 1), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, ), }");
    EXPECT_EQ(text.back(), '\n');
    ASSERT_EQ(bytes.size(), 10 + header + sizeof(float) * values.size());
    EXPECT_EQ(std::memcmp(bytes.data() + 10 + header, values.data(), sizeof(float) * values.size()), 0);

    moco_tensor *transposed = nullptr;
    ASSERT_EQ(moco_tensor_transpose(&transposed, nullptr, tensor), MOCO_OK);
    ASSERT_EQ(moco_npy_write(path("b.npy").c_str(), transposed), MOCO_OK);
    float second = 0;
    std::memcpy(&second, read_file(path("b.npy")).data() + 10 + header + sizeof(float), sizeof second);
    EXPECT_EQ(second, 4) << "row-major, for any memory order of the tensor";
    moco_tensor_free(transposed);
    moco_tensor_free(tensor);

    const int64_t none = 0;
    ASSERT_EQ(moco_tensor_zeros(&tensor, nullptr, MOCO_BFLOAT16, cpu, &none, 1), MOCO_OK);
    EXPECT_EQ(moco_npy_write(path("c.npy").c_str(), tensor), MOCO_EINVALID);
    EXPECT_TRUE(message_has("bfloat16")) << moco_error_message();
    moco_tensor_free(tensor);
    EXPECT_EQ(moco_test::entries_of(folder_), 2U) << "no left-over";
}

TEST_F(Embed, NpyHasEveryTypeOfNumpys)
{
    const std::vector<float> values{ 0, 1, 2, 3 };
    moco_tensor *floats = matrix_of(values, 2);
    for (const auto &[dtype, name] :
         { std::pair{ MOCO_FLOAT64, "<f8" }, std::pair{ MOCO_FLOAT16, "<f2" }, std::pair{ MOCO_INT64, "<i8" },
           std::pair{ MOCO_INT32, "<i4" }, std::pair{ MOCO_UINT8, "|u1" }, std::pair{ MOCO_BOOL, "|b1" } }) {
        moco_tensor *tensor = nullptr;
        ASSERT_EQ(moco_tensor_cast(&tensor, nullptr, floats, dtype), MOCO_OK);
        ASSERT_EQ(moco_npy_write(path("t.npy").c_str(), tensor), MOCO_OK) << moco_error_message();
        const std::string bytes = read_file(path("t.npy"));
        EXPECT_EQ(bytes.find(std::string("{'descr': '") + name + "'"), 10U) << name;
        const std::string elements = bytes.substr(bytes.size() - 4 * moco_dtype_size(dtype));
        std::vector<char> expected(elements.size());
        ASSERT_EQ(moco_tensor_to_host(expected.data(), expected.size(), tensor), MOCO_OK);
        EXPECT_EQ(elements, std::string(expected.begin(), expected.end())) << name;
        moco_tensor_free(tensor);
    }
    moco_tensor_free(floats);
}

TEST_F(Embed, NumpyReadsIt)
{
    const char *named = std::getenv("MOCO_PYTHON");
    const std::string python = named != nullptr ? named : "python3";
    if (std::system(("'" + python + "' -c 'import numpy' 2>/dev/null").c_str()) != 0) {
        GTEST_SKIP() << "needs a Python with numpy";
    }
    moco_dataset *dataset = toy_dataset(10);
    moco_features *features = toy_features(dataset);
    moco_tensor *labels = nullptr;
    ASSERT_EQ(moco_features_label_tensor(&labels, nullptr, features), MOCO_OK);
    ASSERT_EQ(moco_npy_write(path("f.npy").c_str(), moco_features_matrix(features)), MOCO_OK);
    ASSERT_EQ(moco_npy_write(path("l.npy").c_str(), labels), MOCO_OK);
    const std::string check = "cd '" + folder_.string() + "' && '" + python +
                              "' -c \"import numpy as n; f = n.load('f.npy'); l = n.load('l.npy'); "
                              "assert f.shape == (10, 432) and f.dtype == n.float32 and f.flags.c_contiguous; "
                              "assert n.allclose((f * f).sum(1), 1); assert l.tolist() == [i % 4 for i in range(10)]\"";
    EXPECT_EQ(std::system(check.c_str()), 0);
    moco_tensor_free(labels);
    moco_features_free(features);
    moco_dataset_free(dataset);
}

TEST_F(Embed, RawFeaturesAreTheSameButForTheirNorm)
{
    moco_dataset *dataset = toy_dataset(20);
    moco_features *unit = toy_features(dataset);
    moco_features *raw = toy_features(dataset, true);
    const auto before = values_of(moco_features_matrix(raw));
    EXPECT_NE(before, values_of(moco_features_matrix(unit)));
    size_t row = 0;
    EXPECT_EQ(moco_nearest(&row, nullptr, 1, raw, unit, 0), MOCO_EINVALID);
    EXPECT_TRUE(message_has("raw")) << moco_error_message();
    ASSERT_EQ(moco_features_normalize(raw), MOCO_OK);
    EXPECT_EQ(values_of(moco_features_matrix(raw)), values_of(moco_features_matrix(unit))) << "bit-identical";
    double cosine = 0;
    ASSERT_EQ(moco_nearest(&row, &cosine, 1, raw, unit, 3), MOCO_OK);
    EXPECT_NEAR(cosine, 1, 1e-5);
    const auto time = moco_features_time(raw);
    EXPECT_GT(time.total, 0);
    EXPECT_GE(time.waiting, 0);
    moco_features_free(raw);
    moco_features_free(unit);
    moco_dataset_free(dataset);
}

TEST_F(Embed, ProgressCountsRowsAndStops)
{
    moco_dataset *dataset = toy_dataset(20);
    std::vector<size_t> seen;
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    options.kind = MOCO_FEATURE_PIXELS;
    options.augment = "plain";
    options.batch = 8;
    options.payload = &seen;
    options.progress = [](size_t done, size_t count, void *payload) {
        static_cast<std::vector<size_t> *>(payload)->push_back(done);
        return count == 20 ? 0 : 1;
    };
    moco_features *features = nullptr;
    ASSERT_EQ(moco_features_extract(&features, dataset, nullptr, &options), MOCO_OK);
    EXPECT_EQ(seen, (std::vector<size_t>{ 8, 16, 20 }));
    moco_features_free(features);
    features = nullptr;
    options.limit = 19; // another count: the callback ends it
    EXPECT_EQ(moco_features_extract(&features, dataset, nullptr, &options), MOCO_ESTOPPED);
    EXPECT_EQ(features, nullptr);
    moco_dataset_free(dataset);
}

TEST_F(Embed, SafetensorsHoldLabelsAndNamesAreLines)
{
    moco_dataset *dataset = toy_dataset(9);
    moco_features *features = toy_features(dataset, false, 5);
    const moco_metadata metadata = { "arch", "none" };
    ASSERT_EQ(moco_features_write(path("f.safetensors").c_str(), features, &metadata, 1), MOCO_OK);
    ASSERT_EQ(moco_features_write_names(path("f.txt").c_str(), features, dataset), MOCO_OK);
    moco_weights *file = nullptr;
    ASSERT_EQ(moco_weights_open(&file, path("f.safetensors").c_str()), MOCO_OK) << moco_error_message();
    ASSERT_NE(moco_weights_find(file, "features"), nullptr);
    EXPECT_EQ(moco_weights_find(file, "features")->sizes[0], 5);
    ASSERT_NE(moco_weights_find(file, "labels"), nullptr);
    EXPECT_STREQ(moco_weights_metadata(file, "arch"), "none");
    moco_weights_free(file);
    std::string expected;
    for (size_t row = 0; row < 5; ++row) {
        char name[64];
        moco_dataset_name(dataset, moco_features_index(features, row), name, sizeof name);
        expected += std::string(name) + "\n";
    }
    EXPECT_EQ(read_file(path("f.txt")), expected);
    moco_features_free(features);
    moco_dataset_free(dataset);

    moco_dataset *bare = toy_dataset(4, false);
    features = toy_features(bare);
    ASSERT_EQ(moco_features_write(path("g.safetensors").c_str(), features, nullptr, 0), MOCO_OK);
    ASSERT_EQ(moco_weights_open(&file, path("g.safetensors").c_str()), MOCO_OK);
    EXPECT_EQ(moco_weights_find(file, "labels"), nullptr) << "there are none";
    moco_weights_free(file);
    moco_features_free(features);
    moco_dataset_free(bare);
}

TEST_F(Embed, PcaFindsKnownDirections)
{
    // Points along (3, 4) / 5 with deviation 10, along (-4, 3) / 5 with 1, around (100, -50); more than one chunk.
    std::mt19937 generator(1);
    std::normal_distribution<double> normal;
    const int64_t rows = 5000;
    std::vector<float> points;
    std::vector<std::array<double, 2>> drawn;
    double sum[2] = { 0, 0 };
    double squares[2] = { 0, 0 };
    for (int64_t i = 0; i < rows; ++i) {
        const double a = 10 * normal(generator);
        const double b = normal(generator);
        drawn.push_back({ a, b });
        points.push_back(static_cast<float>(100 + 0.6 * a - 0.8 * b));
        points.push_back(static_cast<float>(-50 + 0.8 * a + 0.6 * b));
        for (int d = 0; d < 2; ++d) {
            sum[d] += drawn.back()[static_cast<size_t>(d)] / static_cast<double>(rows);
            squares[d] += std::pow(drawn.back()[static_cast<size_t>(d)], 2) / static_cast<double>(rows);
        }
    }
    moco_tensor *matrix = matrix_of(points, rows);
    moco_tensor *map = nullptr;
    double shares[2] = { 0, 0 };
    ASSERT_EQ(moco__tensor_pca(&map, shares, nullptr, matrix, 2), MOCO_OK) << moco_error_message();
    const double variances[2] = { squares[0] - sum[0] * sum[0], squares[1] - sum[1] * sum[1] };
    EXPECT_NEAR(shares[0], variances[0] / (variances[0] + variances[1]), 1e-3);
    EXPECT_NEAR(shares[0] + shares[1], 1, 1e-9);
    const auto places = values_of(map);
    for (size_t i = 0; i < 50; ++i) {
        EXPECT_NEAR(places[2 * i], drawn[i][0] - sum[0], 0.1) << "the largest entry, 0.8, is positive";
        EXPECT_NEAR(std::abs(places[2 * i + 1]), std::abs(drawn[i][1] - sum[1]), 0.8);
    }
    moco_tensor_free(map);
    EXPECT_EQ(moco__tensor_pca(&map, nullptr, nullptr, matrix, 3), MOCO_EINVALID);
    moco_tensor_free(matrix);
}

TEST_F(Embed, PcaOfEqualRowsIsThePointZero)
{
    moco_tensor *matrix = matrix_of(std::vector<float>(12, 2.5F), 4);
    moco_tensor *map = nullptr;
    double shares[2] = { -1, -1 };
    ASSERT_EQ(moco__tensor_pca(&map, shares, nullptr, matrix, 2), MOCO_OK);
    EXPECT_EQ(values_of(map), std::vector<float>(8, 0.0F));
    EXPECT_EQ(shares[0], 0);
    moco_tensor_free(map);
    moco_tensor_free(matrix);
}

TEST_F(Embed, MapHasAColourForEachClass)
{
    for (const bool labels : { true, false }) {
        moco_dataset *dataset = toy_dataset(40, labels);
        moco_features *features = toy_features(dataset);
        ASSERT_EQ(moco_plot_map(path("map.png").c_str(), dataset, features, nullptr), MOCO_OK) << moco_error_message();
        moco_image *image = nullptr;
        ASSERT_EQ(moco_image_create(&image), MOCO_OK);
        ASSERT_EQ(moco_image_read(image, path("map.png").c_str()), MOCO_OK);
        const uint8_t *pixels = moco_image_pixels(image);
        const int32_t count = moco_image_width(image) * moco_image_height(image);
        for (const uint32_t colour : { 0x332288U, 0xCC6677U, 0x117733U, 0xDDCC77U }) {
            int32_t found = 0;
            for (int32_t i = 0; i < count; ++i) {
                const uint8_t *p = pixels + 3 * static_cast<ptrdiff_t>(i);
                found += (static_cast<uint32_t>(p[0]) << 16 | static_cast<uint32_t>(p[1]) << 8 | p[2]) == colour;
            }
            EXPECT_EQ(found > 50, labels) << colour;
        }
        moco_image_free(image);
        moco_features_free(features);
        moco_dataset_free(dataset);
    }
}
