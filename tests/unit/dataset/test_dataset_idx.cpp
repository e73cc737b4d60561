// Tests IDX datasets, and Debian's Fashion-MNIST.
#include "support/dataset_files.hpp"

#include <fstream>

namespace fs = std::filesystem;
using namespace moco_test;

namespace {

class DatasetIdx : public DatasetFiles {};

void put32(Bytes &bytes, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<uint8_t>(value >> shift));
    }
}

Bytes idx(uint32_t magic, const std::vector<uint32_t> &sizes, size_t values, uint8_t first = 0)
{
    Bytes bytes;
    put32(bytes, magic);
    for (const uint32_t size : sizes) {
        put32(bytes, size);
    }
    for (size_t i = 0; i < values; ++i) {
        bytes.push_back(static_cast<uint8_t>(first + i));
    }
    return bytes;
}

TEST_F(DatasetIdx, ImagesBesideTheFilesAreCounted)
{
    file("train-images-idx3-ubyte", idx(0x803, { 1, 2, 2 }, 4));
    image("a.png", 1);
    image("more/b.png", 2);
    char text[512];
    EXPECT_EQ(moco_dataset_left_out(open(root_).get(), text, sizeof text), 2U);
    EXPECT_NE(std::string(text).find("left out 2 images or folders beside the data files, like "), std::string::npos);
}

TEST_F(DatasetIdx, FashionMnist)
{
    const fs::path folder = "/usr/share/datasets/fashion-mnist";
    if (!fs::exists(folder)) {
        GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
    }
    const Dataset train = open(folder);
    const Dataset test = open(folder, MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST);
    EXPECT_EQ(moco_dataset_format(train.get()), MOCO_FORMAT_IDX);
    EXPECT_EQ(moco_dataset_count(train.get()), 60000U);
    EXPECT_EQ(moco_dataset_count(test.get()), 10000U);
    EXPECT_EQ(moco_dataset_class_count(train.get()), 10U);
    EXPECT_EQ(moco_dataset_label(train.get(), 0), 9);
    EXPECT_EQ(moco_dataset_label(test.get(), 1), 2);
    EXPECT_STREQ(moco_dataset_class_name(train.get(), 9), "Ankle boot");
    EXPECT_STREQ(moco_dataset_class_name(test.get(), 2), "Pullover");
    // The mean pixel is the published 0.2860.
    const Image image = new_image();
    double sum = 0;
    std::vector<size_t> counts(10);
    for (size_t i = 0; i < 60000; ++i) {
        ASSERT_EQ(moco_dataset_read(train.get(), image.get(), i), MOCO_OK);
        const uint8_t *pixels = moco_image_pixels(image.get());
        for (size_t p = 0; p < 28 * 28; ++p) {
            sum += pixels[3 * p];
        }
        ++counts[static_cast<size_t>(moco_dataset_label(train.get(), i))];
    }
    EXPECT_EQ(moco_image_width(image.get()), 28);
    EXPECT_NEAR(sum / (60000.0 * 784.0 * 255.0), 0.2860, 0.0001);
    EXPECT_EQ(counts, std::vector<size_t>(10, 6000));
}

TEST_F(DatasetIdx, IdxPlainAndPacked)
{
    const Bytes images = idx(0x803, { 3, 2, 4 }, 24, 100);
    const Bytes labels = idx(0x801, { 3 }, 3, 4);
    file("plain/train-images-idx3-ubyte", images);
    file("plain/train-labels-idx1-ubyte", labels);
    fs::create_directories(root_ / "packed");
    packed("packed/train-images-idx3-ubyte.gz", images);
    packed("packed/train-labels-idx1-ubyte.gz", labels);
    fs::create_directories(root_ / "mixed");
    packed("mixed/t10k-images-idx3-ubyte.gz", images);
    file("mixed/t10k-labels-idx1-ubyte", labels);
    file("dotted/train-images.idx3-ubyte", images);
    packed("dotted/train-labels.idx1-ubyte.gz", labels);
    const Dataset sets[] = {
        open(root_ / "plain"),
        open(root_ / "packed"),
        open(root_ / "mixed", MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST),
        open(root_ / "dotted"),
        open(root_ / "plain/train-images-idx3-ubyte"),
        open(root_ / "mixed/t10k-images-idx3-ubyte.gz"),
    };
    for (const Dataset &dataset : sets) {
        EXPECT_EQ(moco_dataset_format(dataset.get()), MOCO_FORMAT_IDX);
        EXPECT_EQ(moco_dataset_class_count(dataset.get()), 7U);
        EXPECT_EQ(content(dataset), (Content{ { 100, 4 }, { 108, 5 }, { 116, 6 } }));
    }
    const Image image = new_image();
    ASSERT_EQ(moco_dataset_read(sets[0].get(), image.get(), 2), MOCO_OK);
    EXPECT_EQ(moco_image_width(image.get()), 4);
    EXPECT_EQ(moco_image_height(image.get()), 2);
    EXPECT_EQ(moco_image_pixels(image.get())[3 * 7 + 2], 123) << "grey is replicated";
    EXPECT_EQ(name_of(sets[0], 2), (root_ / "plain/train-images-idx3-ubyte").string() + "[2]");
    refuse(root_ / "plain", MOCO_ENOTFOUND, "t10k", MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST);
    refuse(root_ / "plain/train-labels-idx1-ubyte", MOCO_EFORMAT, "idx3");
}

TEST_F(DatasetIdx, IdxClassesAreNamedByTheirFirstLabels)
{
    const std::vector<std::pair<Bytes, const char *>> known = {
        { { 9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9, 1, 0, 6, 4 }, "Trouser" },
        { { 5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9 }, "1" },
        { { 5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 8 }, nullptr },
    };
    for (const auto &[labels, name] : known) {
        Bytes bytes = idx(0x801, { 20 }, 0);
        bytes.insert(bytes.end(), labels.begin(), labels.end());
        for (const char *folder : { "some", "Fashion_MNIST" }) {
            file(std::string(folder) + "/train-images-idx3-ubyte", idx(0x803, { 20, 2, 4 }, 160));
            file(std::string(folder) + "/train-labels-idx1-ubyte", bytes);
        }
        EXPECT_STREQ(moco_dataset_class_name(open(root_ / "some").get(), 1), name);
    }
    EXPECT_STREQ(moco_dataset_class_name(open(root_ / "Fashion_MNIST").get(), 1), "Trouser") << "by its path";
}

TEST_F(DatasetIdx, IdxWithoutLabels)
{
    file("train-images-idx3-ubyte", idx(0x803, { 3, 2, 4 }, 24));
    file("odd-name", idx(0x803, { 1, 2, 4 }, 8));
    EXPECT_EQ(moco_dataset_class_count(open(root_).get()), 0U);
    EXPECT_EQ(content(open(root_ / "odd-name")), (Content{ { 0, -1 } }));
}

TEST_F(DatasetIdx, IdxHostileHeaders)
{
    const std::string name = "train-images-idx3-ubyte";
    const uint32_t most = 0xffffffffU;
    const std::vector<Bytes> hostile = {
        {},
        { 0, 0, 8 },
        idx(0x803, { 3, 2 }, 0),                // header cut short
        idx(0x803, { 3, 2, 4 }, 23),            // one byte short
        idx(0x803, { 3, 2, 4 }, 25),            // one byte too many
        idx(0x803, { 0, 2, 4 }, 0),             // no image
        idx(0x803, { 3, 0, 4 }, 0),             // no height
        idx(0x803, { 3, 2, 0 }, 0),             // no width
        idx(0x803, { most, most, most }, 24),   // beyond any memory
        idx(0x803, { most, 65535, 65535 }, 24), // just below 2^64
        idx(0x803, { 0x40000000, 1, 4 }, 24),   // 2^32 bytes
        idx(0xd03, { 3, 2, 4 }, 96),            // floats
        idx(0x804, { 3, 2, 4, 1 }, 24),         // four dimensions
        idx(0x03080000, { 3, 2, 4 }, 24),       // little-endian
    };
    for (size_t i = 0; i < hostile.size(); ++i) {
        SCOPED_TRACE(i);
        file(name, hostile[i]);
        refuse(root_, MOCO_EFORMAT, name);
        fs::remove(root_ / name);
        packed(name + ".gz", hostile[i]);
        refuse(root_, MOCO_EFORMAT, name);
        fs::remove(root_ / (name + ".gz"));
    }
}

TEST_F(DatasetIdx, IdxDamagedArchive)
{
    const std::string name = "train-images-idx3-ubyte.gz";
    packed(name, idx(0x803, { 300, 2, 4 }, 2400));
    std::ifstream stream(root_ / name, std::ios::binary);
    const Bytes whole{ std::istreambuf_iterator<char>(stream), {} };
    for (size_t length = 11; length < whole.size(); length += 7) {
        file(name, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
        refuse(root_, MOCO_EFORMAT, name);
    }
    Bytes flipped = whole;
    flipped[whole.size() - 6] ^= 1; // the checksum
    file(name, flipped);
    refuse(root_, MOCO_EFORMAT, name);
    file(name, whole);
    EXPECT_EQ(moco_dataset_count(open(root_).get()), 300U);
}

// zlib's gzread gives all values without a word where the end of the file is lost, behind them.
TEST_F(DatasetIdx, IdxArchiveWithoutItsEnd)
{
    const std::string name = "train-images-idx3-ubyte.gz";
    for (const uint32_t images : { 2046U, 5000U }) { // with the header 16,384 bytes, and more
        packed(name, idx(0x803, { images, 2, 4 }, 8 * static_cast<size_t>(images)));
        const std::string whole = read_file(root_ / name);
        for (size_t lost = 1; lost <= 10; ++lost) {
            write_file(root_ / name, whole.substr(0, whole.size() - lost));
            refuse(root_, MOCO_EFORMAT, name);
        }
    }
}

TEST_F(DatasetIdx, IdxLabelsMustFit)
{
    file("train-images-idx3-ubyte", idx(0x803, { 3, 2, 4 }, 24));
    const std::string name = "train-labels-idx1-ubyte";
    for (const auto &labels : { idx(0x801, { 2 }, 2), idx(0x801, { 3 }, 2), idx(0x803, { 3 }, 3), Bytes{} }) {
        file(name, labels);
        refuse(root_, MOCO_EFORMAT, name);
    }
}

} // namespace
