// Tests the loader over folders of JPEG files: broken files, any number of workers, resuming, and memory.
#include <gtest/gtest.h>
#include <moco.h>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "synth_jpeg.h"
#include "unit/loader/sampler_fixture.hpp"
#include "unit/loader/warning_lines.hpp"

using loader_test::collect_warnings;
using loader_test::sampler_of;
using loader_test::SamplerHandle;
using loader_test::warning_lines;

namespace {

using Dataset = std::unique_ptr<moco_dataset, decltype(&moco_dataset_free)>;
using Handle = std::unique_ptr<moco_loader, decltype(&moco_loader_free)>;

constexpr std::int32_t side = 16;

std::string small_jpeg(std::uint64_t index)
{
    synth_image image = synth_photo(3, index, static_cast<int>(index % 5));
    image.width = 20 + static_cast<int>(index * 7 % 45);
    image.height = 20 + static_cast<int>(index * 11 % 41);
    image.progressive = index % 11 == 0;
    image.grey = index % 13 == 0;
    std::size_t size = 0;
    unsigned char *bytes = synth_jpeg(&size, &image);
    std::string file(reinterpret_cast<char *>(bytes), size);
    free(bytes);
    return file;
}

// Where a marker's segment starts.
std::size_t find_marker(const std::string &file, char code)
{
    const char marker[] = { '\xFF', code, '\0' };
    return file.find(marker, 2, 2);
}

// Breaks a file in one of five ways.
std::string broken(std::string file, std::uint64_t index)
{
    const std::size_t frame = std::min(find_marker(file, '\xC0'), find_marker(file, '\xC2'));
    switch (index % 5) {
    case 0: // cut at random
        return file.substr(0, 4 + index * 7919 % (file.size() - 300));
    case 1: // the counts of a Huffman table are changed
        std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(find_marker(file, '\xC4')) + 5, 16, '\xEE');
        return file;
    case 2: // another kind of file under the name
        return "%PDF-1.4 this is no picture";
    case 3:
        return "";
    default: // huge
        std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(frame) + 5, 4, '\xFF');
        return file;
    }
}

class LoaderJpeg : public moco_test::WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        options_.workers = 2;
        ASSERT_EQ(moco_augment_preset(&policy_, "v2", side), MOCO_OK);
    }
    // Files 000000.jpg and so on; of these the odd ones are broken.
    void write_files(std::uint64_t count, bool odd_are_broken) const
    {
        for (std::uint64_t i = 0; i < count; ++i) {
            std::string name = std::to_string(i);
            name = std::string(6 - name.size(), '0') + name + ".jpg";
            moco_test::write_file(path(name),
                                  odd_are_broken && i % 2 == 1 ? broken(small_jpeg(i), i / 2) : small_jpeg(i));
        }
    }
    Dataset open() const
    {
        moco_dataset *made = nullptr;
        EXPECT_EQ(moco_dataset_open(&made, folder_.c_str(), nullptr), MOCO_OK) << moco_error_message();
        return { made, moco_dataset_free };
    }
    static SamplerHandle sampler(const Dataset &images, bool shuffle, std::size_t batch = 50)
    {
        moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
        order.count = moco_dataset_count(images.get());
        order.batch = batch;
        order.shuffle = shuffle;
        return sampler_of(order);
    }
    Handle loader(const Dataset &images, const SamplerHandle &order) const
    {
        moco_loader *made = nullptr;
        EXPECT_EQ(moco_loader_create(&made, images.get(), order.get(), &policy_, nullptr, &options_), MOCO_OK);
        return { made, moco_loader_free };
    }

    void expect_thousand_skipped();

    moco_loader_options options_ = MOCO_LOADER_OPTIONS_INIT;
    moco_augment_policy policy_ = MOCO_AUGMENT_POLICY_INIT;
};

void LoaderJpeg::expect_thousand_skipped()
{
    write_files(2000, true);
    const Dataset images = open();
    ASSERT_EQ(moco_dataset_count(images.get()), 2000U);
    options_.skip_broken = true;
    warning_lines.clear();
    moco_log_set_callback(collect_warnings, nullptr);
    const SamplerHandle order = sampler(images, true);
    std::set<std::size_t> delivered;
    {
        const Handle made = loader(images, order);
        for (int i = 0; i < 40; ++i) {
            moco_batch batch;
            ASSERT_EQ(moco_loader_next(made.get(), &batch), MOCO_OK) << moco_error_message();
            delivered.insert(batch.indices, batch.indices + batch.count);
        }
        EXPECT_EQ(moco_dataset_skipped(images.get(), nullptr, 0), 1000U);
    }
    moco_log_set_callback(nullptr, nullptr);
    EXPECT_EQ(delivered.size(), 1000U);
    EXPECT_TRUE(std::all_of(delivered.begin(), delivered.end(), [](std::size_t index) { return index % 2 == 0; }));
    EXPECT_EQ(warning_lines.size(), 1000U);
    const std::set<std::string> different(warning_lines.begin(), warning_lines.end());
    EXPECT_EQ(different.size(), 1000U) << "each is named once";
    for (const auto &line : different) {
        EXPECT_NE(line.find(".jpg: "), std::string::npos) << line;
    }
}

TEST_F(LoaderJpeg, SkipsAThousandBrokenFilesAmongAThousandGoodOnes)
{
    expect_thousand_skipped();
}

TEST_F(LoaderJpeg, SkipsTheSameFilesWhereItIsFast)
{
    options_.fast = true;
    expect_thousand_skipped();
}

TEST_F(LoaderJpeg, NamesTheFirstBrokenFile)
{
    write_files(60, true);
    const Dataset images = open();
    const SamplerHandle order = sampler(images, false);
    const Handle made = loader(images, order);
    moco_batch batch;
    EXPECT_EQ(moco_loader_next(made.get(), &batch), MOCO_EFORMAT);
    EXPECT_NE(std::string(moco_error_message()).find("/000001.jpg: "), std::string::npos) << moco_error_message();
}

// Returns the bytes of the queries and keys of `count` batches, from a batch of the first epoch on.
std::vector<std::vector<float>> take(const Handle &loader, int count)
{
    std::vector<std::vector<float>> all;
    for (int i = 0; i < count; ++i) {
        moco_batch batch;
        EXPECT_EQ(moco_loader_next(loader.get(), &batch), MOCO_OK) << moco_error_message();
        for (const moco_tensor *view : { batch.query, batch.key }) {
            std::vector<float> values(batch.count * 3 * side * side);
            EXPECT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), view), MOCO_OK)
                << moco_error_message();
            all.push_back(std::move(values));
        }
    }
    return all;
}

TEST_F(LoaderJpeg, OutputDependsNeitherOnTheWorkersNorOnAResume)
{
    write_files(230, false);
    const Dataset images = open();
    std::vector<std::vector<float>> expected;
    for (const std::int32_t workers : { 1, 2, 4 }) {
        options_.workers = workers;
        const SamplerHandle order = sampler(images, true);
        const auto got = take(loader(images, order), 8);
        expected = expected.empty() ? got : expected;
        EXPECT_EQ(got, expected) << workers << " workers";
    }
    const SamplerHandle order = sampler(images, true);
    ASSERT_EQ(moco_sampler_seek(order.get(), 0, 3), MOCO_OK);
    EXPECT_EQ(take(loader(images, order), 5),
              std::vector<std::vector<float>>(expected.begin() + std::ptrdiff_t{ 3 } * 2, expected.end()));
}

// KiB that the process holds now.
long resident()
{
    std::ifstream file("/proc/self/statm");
    long pages = 0;
    file >> pages >> pages;
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

TEST_F(LoaderJpeg, MemoryStaysFlatOverTwentyThousandFiles)
{
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "AddressSanitizer keeps freed memory";
#endif
    write_files(1000, false);
    const Dataset images = open();
    const SamplerHandle order = sampler(images, true);
    const Handle made = loader(images, order);
    long early = 0;
    for (int i = 0; i < 400; ++i) {
        moco_batch batch;
        ASSERT_EQ(moco_loader_next(made.get(), &batch), MOCO_OK) << moco_error_message();
        early = i == 40 ? resident() : early; // after 2,000 files each buffer has seen the largest one
    }
    const long late = resident();
    RecordProperty("kib_early", std::to_string(early));
    RecordProperty("kib_late", std::to_string(late));
    EXPECT_LT(late - early, 2048) << "KiB: " << early << " after 2,000 files, " << late << " after 20,000";
}

// Beside the batches in flight: four workers with their images and scratch, on photographs of the usual size.
TEST_F(LoaderJpeg, TakesLessThanFiftyMegabytesOverTheBatches)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers take memory beside what is allocated";
#endif
    for (std::uint64_t i = 0; i < 48; ++i) {
        const synth_image image = synth_photo(4, i, static_cast<int>(i % 10));
        std::size_t size = 0;
        unsigned char *bytes = synth_jpeg(&size, &image);
        moco_test::write_file(path(std::to_string(100 + i) + ".jpg"), { reinterpret_cast<char *>(bytes), size });
        free(bytes);
    }
    const Dataset images = open();
    ASSERT_EQ(moco_augment_preset(&policy_, "v2", 224), MOCO_OK);
    options_.workers = 4;
    for (const bool fast : { false, true }) {
        options_.fast = fast;
        const SamplerHandle order = sampler(images, true, 16);
        const long before = resident();
        long largest = 0;
        const Handle made = loader(images, order);
        for (int i = 0; i < 18; ++i) {
            moco_batch batch;
            ASSERT_EQ(moco_loader_next(made.get(), &batch), MOCO_OK) << moco_error_message();
            largest = std::max(largest, resident());
        }
        const long in_flight = (options_.prefetch + 1) * 2L * 16 * 3 * 224 * 224 * 4 / 1024;
        std::printf("%s: %ld KiB, %ld of them in flight\n", fast ? "fast" : "exact", largest - before, in_flight);
        EXPECT_LT(largest - before - in_flight, 50 * 1000) << (fast ? "fast" : "exact");
    }
}

} // namespace
