// Tests the loader with broken images: they fail by name, or are skipped and counted.
#include "unit/loader/loader_fixture.hpp"
#include "unit/loader/warning_lines.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace fs = std::filesystem;

using namespace loader_test;

namespace {

TEST_F(Loader, BrokenImageFailsItsBatchByName)
{
    source_.broken = { 13, 11, 30 };
    source_.delay = std::chrono::microseconds(50);
    const Dataset images = dataset();
    for (const int32_t workers : { 1, 3 }) {
        options_.workers = workers;
        const SamplerHandle order = sampler(10, true, false);
        const Handle made = loader(images, order);
        moco_batch untouched = {};
        EXPECT_EQ(next(made).indices[0], 0U);
        EXPECT_EQ(moco_loader_next(made.get(), &untouched), MOCO_EFORMAT);
        EXPECT_EQ(untouched.query, nullptr);
        EXPECT_STREQ(moco_error_message(),
                     "loader: image[11]: it is scratched; use skip_broken to leave such images out")
            << "the first of the batch";
        EXPECT_EQ(next(made).indices[0], 20U) << "batches after it are complete";
        EXPECT_EQ(moco_loader_next(made.get(), &untouched), MOCO_EFORMAT);
        EXPECT_EQ(next(made).indices[0], 40U);
        EXPECT_EQ(moco_dataset_skipped(images.get(), nullptr, 0), 0U);
    }
}

TEST_F(Loader, BrokenFileIsNamedOnce)
{
    std::string name = (fs::temp_directory_path() / "moco-loader-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    std::ofstream(fs::path(name) / "holiday.jpg") << "no picture";
    moco_dataset *made = nullptr;
    ASSERT_EQ(moco_dataset_open(&made, name.c_str(), nullptr), MOCO_OK);
    {
        const Dataset images{ made, moco_dataset_free };
        const SamplerHandle order = sampler(1, true, true, 1);
        const Handle owner = loader(images, order);
        moco_batch batch = {};
        EXPECT_NE(moco_loader_next(owner.get(), &batch), MOCO_OK);
        const std::string message = moco_error_message();
        const size_t at = message.find(name + "/holiday.jpg");
        ASSERT_NE(at, std::string::npos) << message;
        EXPECT_EQ(message.find(name + "/holiday.jpg", at + 1), std::string::npos) << message;
    }
    fs::remove_all(name);
}

TEST_F(Loader, SkipsBrokenImages)
{
    source_.broken = { 3, 4, 13, 49 };
    source_.delay = std::chrono::microseconds(50);
    options_.skip_broken = true;
    std::vector<Batch> expected;
    for (const int32_t workers : { 1, 4 }) {
        const Dataset images = dataset(); // logs each image once
        warning_lines.clear();
        moco_log_set_callback(collect_warnings, nullptr);
        options_.workers = workers;
        const SamplerHandle order = sampler(10, true, false);
        {
            const Handle made = loader(images, order);
            const auto got = take(made, 15); // three epochs
            EXPECT_EQ(got[0].indices, (std::vector<size_t>{ 0, 1, 2, 5, 5, 5, 6, 7, 8, 9 }));
            EXPECT_EQ(got[1].indices[3], 14U);
            EXPECT_EQ(got[4].indices[9], 0U) << "after the last comes the first";
            // A replacement has other draws than the same image in its own place.
            const size_t floats = 3 * 12 * 12;
            const auto &query = got[0].query;
            EXPECT_FALSE(
                std::equal(query.begin() + 3 * floats, query.begin() + 4 * floats, query.begin() + 5 * floats));
            if (expected.empty()) {
                expected = got;
            }
            EXPECT_EQ(got, expected);
            EXPECT_EQ(moco_dataset_skipped(images.get(), nullptr, 0), 4U);
        }
        moco_log_set_callback(nullptr, nullptr);
        EXPECT_EQ(warning_lines.size(), 4U) << "each broken image once";
        for (const auto &line : warning_lines) {
            EXPECT_NE(line.find("image["), std::string::npos);
            EXPECT_NE(line.find("it is scratched"), std::string::npos);
        }
    }
}

TEST_F(Loader, TooManyBrokenImagesAreAnError)
{
    for (size_t i = 0; i < image_count; ++i) {
        source_.broken.insert(i);
    }
    options_.skip_broken = true;
    const Dataset images = dataset();
    const SamplerHandle order = sampler(10);
    const Handle made = loader(images, order);
    moco_batch batch = {};
    EXPECT_EQ(moco_loader_next(made.get(), &batch), MOCO_EFORMAT);
    EXPECT_NE(std::string(moco_error_message()).find("50 images in a row are broken"), std::string::npos)
        << moco_error_message();
    EXPECT_NE(std::string(moco_error_message()).find("it is scratched"), std::string::npos);
}

TEST_F(Loader, OnlyBrokenFilesAreSkipped)
{
    options_.skip_broken = true;
    source_.broken = { 0 };
    const Dataset images = dataset();
    for (const moco_status failure :
         { MOCO_ENOMEM, MOCO_ESTOPPED, MOCO_EIO, MOCO_EINVALID, MOCO_ETORCH, MOCO_EINTERNAL }) {
        source_.failure = failure;
        const SamplerHandle order = sampler(10, true, false);
        const Handle made = loader(images, order);
        moco_batch batch = {};
        EXPECT_EQ(moco_loader_next(made.get(), &batch), failure);
        EXPECT_STREQ(moco_error_message(), "loader: image[0]: it is scratched") << "no hint at skip_broken";
        EXPECT_EQ(moco_dataset_skipped(images.get(), nullptr, 0), 0U);
    }
}

TEST_F(Loader, PolicyThatDoesNotFitTheImages)
{
    policy_.count = 0;
    options_.skip_broken = true;
    const Dataset images = dataset();
    const SamplerHandle order = sampler(10, true, false);
    const Handle made = loader(images, order);
    moco_batch batch = {};
    EXPECT_EQ(moco_loader_next(made.get(), &batch), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("image[0]: augment: the policy makes"), std::string::npos)
        << moco_error_message();
}

} // namespace
