// Datasets of every layout, from files that the tests write, and Debian's Fashion-MNIST.
#include <gtest/gtest.h>
#include <moco.h>
#include <zlib.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

using Handle = std::unique_ptr<moco_dataset, decltype(&moco_dataset_free)>;
using Image = std::unique_ptr<moco_image, decltype(&moco_image_free)>;
using Bytes = std::vector<uint8_t>;

std::vector<std::string> warnings;

void collect(moco_log_level level, const char *message, void *)
{
    if (level >= MOCO_LOG_WARNING) {
        warnings.emplace_back(message);
    }
}

class Dataset : public ::testing::Test {
  protected:
    void SetUp() override
    {
        before_ = moco_live_handles();
        std::string name = (fs::temp_directory_path() / "moco-dataset-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        root_ = name;
        warnings.clear();
        moco_log_set_callback(collect, nullptr);
    }
    void TearDown() override
    {
        moco_log_set_callback(nullptr, nullptr);
        fs::remove_all(root_);
        EXPECT_EQ(moco_live_handles(), before_);
    }

    // Writes an image of one colour, whose red value tells images apart.
    void image(const std::string &name, uint8_t red) const
    {
        const fs::path path = root_ / name;
        fs::create_directories(path.parent_path());
        moco_image *made = nullptr;
        ASSERT_EQ(moco_image_create(&made), MOCO_OK);
        const uint8_t pixel[12] = { red, 1, 2, red, 1, 2, red, 1, 2, red, 1, 2 };
        EXPECT_EQ(moco_image_set(made, 2, 2, 3, pixel), MOCO_OK);
        // The content is PNG whatever the name says: decoding goes by content.
        const fs::path png = root_ / ".made.png";
        EXPECT_EQ(moco_image_write_png(made, png.c_str()), MOCO_OK) << moco_error_message();
        fs::rename(png, path);
        moco_image_free(made);
    }
    void file(const std::string &name, const Bytes &bytes) const
    {
        const fs::path path = root_ / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    void packed(const std::string &name, const Bytes &bytes) const
    {
        gzFile stream = gzopen((root_ / name).c_str(), "wb");
        ASSERT_NE(stream, nullptr);
        ASSERT_EQ(gzwrite(stream, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
        ASSERT_EQ(gzclose(stream), Z_OK);
    }

    static Handle open(const fs::path &path, moco_format format = MOCO_FORMAT_AUTO, moco_split split = MOCO_SPLIT_TRAIN)
    {
        moco_dataset *dataset = nullptr;
        moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
        options.format = format;
        options.split = split;
        EXPECT_EQ(moco_dataset_open(&dataset, path.c_str(), &options), MOCO_OK) << moco_error_message();
        return { dataset, moco_dataset_free };
    }
    // Expects a refusal whose message has a part of a text.
    static void refuse(const fs::path &path, moco_status status, const std::string &part,
                       moco_format format = MOCO_FORMAT_AUTO, moco_split split = MOCO_SPLIT_TRAIN)
    {
        moco_dataset *dataset = nullptr;
        moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
        options.format = format;
        options.split = split;
        EXPECT_EQ(moco_dataset_open(&dataset, path.c_str(), &options), status) << moco_error_message();
        EXPECT_EQ(dataset, nullptr);
        EXPECT_NE(std::string(moco_error_message()).find(part), std::string::npos) << moco_error_message();
        moco_dataset_free(dataset);
    }

    fs::path root_;

  private:
    size_t before_ = 0;
};

Image new_image()
{
    moco_image *image = nullptr;
    EXPECT_EQ(moco_image_create(&image), MOCO_OK);
    return { image, moco_image_free };
}

std::string name_of(const Handle &dataset, size_t index)
{
    char name[4096];
    moco_dataset_name(dataset.get(), index, name, sizeof name);
    return name;
}

// Red values of all images and their labels, in order.
std::vector<std::pair<int, int64_t>> content(const Handle &dataset)
{
    std::vector<std::pair<int, int64_t>> out;
    const Image image = new_image();
    for (size_t i = 0; i < moco_dataset_count(dataset.get()); ++i) {
        EXPECT_EQ(moco_dataset_read(dataset.get(), image.get(), i), MOCO_OK) << moco_error_message();
        out.emplace_back(moco_image_pixels(image.get())[0], moco_dataset_label(dataset.get(), i));
    }
    return out;
}

using Content = std::vector<std::pair<int, int64_t>>;

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

// ---- Trees of files ----

TEST_F(Dataset, ClassFoldersAsTorchvision)
{
    image("b/two.PNG", 20);
    image("b/one.jpeg", 10);
    image("a-x/only.webp", 30);
    image("a/z.bmp", 40);
    image("a/sub/deep.tif", 50);
    image("a/sub-2/deep.TIFF", 60);
    image("a/10.jpg", 70);
    image("a/9.jpg", 80);
    image("a/.hidden.jpg", 90);
    image(".cache/no.jpg", 91);
    file("a/notes.txt", { 1, 2, 3 });
    file("a/jpg", { 1, 2, 3 });
    const Handle dataset = open(root_);
    EXPECT_EQ(moco_dataset_format(dataset.get()), MOCO_FORMAT_FOLDER);
    ASSERT_EQ(moco_dataset_class_count(dataset.get()), 3U);
    EXPECT_STREQ(moco_dataset_class_name(dataset.get(), 0), "a");
    EXPECT_STREQ(moco_dataset_class_name(dataset.get(), 1), "a-x");
    EXPECT_STREQ(moco_dataset_class_name(dataset.get(), 2), "b");
    EXPECT_EQ(moco_dataset_class_name(dataset.get(), 3), nullptr);
    // ImageFolder's samples: files of a folder before those of folders below it, names bytewise.
    EXPECT_EQ(content(dataset),
              (Content{ { 70, 0 }, { 80, 0 }, { 40, 0 }, { 50, 0 }, { 60, 0 }, { 30, 1 }, { 10, 2 }, { 20, 2 } }));
    EXPECT_EQ(name_of(dataset, 3), (root_ / "a/sub/deep.tif").string());
    EXPECT_EQ(moco_dataset_label(dataset.get(), 8), -1);
    EXPECT_TRUE(warnings.empty());
}

TEST_F(Dataset, FlatTreeHasNoLabels)
{
    image("c.jpg", 3);
    image("2021/a.jpg", 1);
    image("2022/b.jpg", 2);
    const Handle dataset = open(root_);
    EXPECT_EQ(moco_dataset_format(dataset.get()), MOCO_FORMAT_FLAT);
    EXPECT_EQ(moco_dataset_class_count(dataset.get()), 0U);
    EXPECT_EQ(moco_dataset_class_name(dataset.get(), 0), nullptr);
    EXPECT_EQ(content(dataset), (Content{ { 3, -1 }, { 1, -1 }, { 2, -1 } }));
}

TEST_F(Dataset, OneFolderOfImagesIsFlat)
{
    image("photos/a.jpg", 1);
    image("photos/b.jpg", 2);
    EXPECT_EQ(moco_dataset_format(open(root_).get()), MOCO_FORMAT_FLAT);
    const Handle forced = open(root_, MOCO_FORMAT_FOLDER);
    EXPECT_EQ(moco_dataset_class_count(forced.get()), 1U);
}

TEST_F(Dataset, ForcedFormat)
{
    image("a/1.jpg", 1);
    image("b/2.jpg", 2);
    image("stray.jpg", 3);
    EXPECT_EQ(content(open(root_, MOCO_FORMAT_FLAT)).size(), 3U);
    EXPECT_EQ(content(open(root_, MOCO_FORMAT_FOLDER)), (Content{ { 1, 0 }, { 2, 1 } }));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("1 images directly in"), std::string::npos);
    refuse(root_ / "a", MOCO_EFORMAT, "no classes", MOCO_FORMAT_FOLDER);
    refuse(root_, MOCO_ENOTFOUND, "train-images-idx3-ubyte", MOCO_FORMAT_IDX);
    refuse(root_, MOCO_ENOTFOUND, "data_batch_1.bin", MOCO_FORMAT_CIFAR);
    refuse(root_, MOCO_EINVALID, "format 77", static_cast<moco_format>(77));
}

TEST_F(Dataset, SplitsByFolder)
{
    image("train/a/1.jpg", 1);
    image("train/b/2.jpg", 2);
    image("val/a/3.jpg", 3);
    image("val/b/4.jpg", 4);
    EXPECT_EQ(content(open(root_)), (Content{ { 1, 0 }, { 2, 1 } }));
    EXPECT_EQ(content(open(root_, MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST)), (Content{ { 3, 0 }, { 4, 1 } }));
    fs::rename(root_ / "val", root_ / "test");
    EXPECT_EQ(content(open(root_, MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST)), (Content{ { 3, 0 }, { 4, 1 } }));
    // Without the other half, "train" is a class as any other.
    fs::rename(root_ / "test", root_ / "bus");
    const Handle vehicles = open(root_);
    EXPECT_EQ(moco_dataset_class_count(vehicles.get()), 2U);
    EXPECT_STREQ(moco_dataset_class_name(vehicles.get(), 1), "train");
}

TEST_F(Dataset, EmptyClassKeepsItsNumber)
{
    image("a/1.jpg", 1);
    fs::create_directories(root_ / "b");
    image("c/2.jpg", 2);
    const Handle dataset = open(root_);
    EXPECT_EQ(moco_dataset_class_count(dataset.get()), 3U);
    EXPECT_EQ(content(dataset), (Content{ { 1, 0 }, { 2, 2 } }));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("/b has no images"), std::string::npos);
}

TEST_F(Dataset, LinksAreFollowedWithoutLoops)
{
    image("real/1.jpg", 1);
    image("other/2.jpg", 2);
    fs::create_directory_symlink(root_ / "real", root_ / "linked");
    fs::create_directory_symlink("..", root_ / "real" / "up");
    fs::create_directory_symlink(".", root_ / "real" / "self");
    fs::create_symlink(root_ / "other/2.jpg", root_ / "other/again.jpg");
    const Handle dataset = open(root_);
    EXPECT_EQ(content(dataset), (Content{ { 1, 0 }, { 2, 1 }, { 2, 1 }, { 1, 2 } }));
}

TEST_F(Dataset, BrokenFilesAreNamedWhenRead)
{
    image("a/1.jpg", 1);
    file("b/broken.jpg", { 0xff, 0xd8, 0xff });
    fs::create_symlink(root_ / "nowhere.jpg", root_ / "b/dangling.jpg");
    const Handle dataset = open(root_);
    ASSERT_EQ(moco_dataset_count(dataset.get()), 3U);
    const Image made = new_image();
    EXPECT_NE(moco_dataset_read(dataset.get(), made.get(), 1), MOCO_OK);
    EXPECT_NE(std::string(moco_error_message()).find("b/broken.jpg"), std::string::npos);
    EXPECT_NE(moco_dataset_read(dataset.get(), made.get(), 2), MOCO_OK);
    EXPECT_NE(std::string(moco_error_message()).find("b/dangling.jpg"), std::string::npos);
    EXPECT_EQ(moco_dataset_read(dataset.get(), made.get(), 3), MOCO_EINVALID);
}

TEST_F(Dataset, RefusesWhatIsNotThere)
{
    refuse(root_ / "missing", MOCO_ENOTFOUND, "missing");
    refuse("", MOCO_ENOTFOUND, "\"\"");
    refuse(root_, MOCO_EFORMAT, "nothing usable");
    file("text.txt", { 'h', 'i' });
    refuse(root_, MOCO_EFORMAT, "nothing usable");
    refuse(root_ / "text.txt", MOCO_EFORMAT, "neither an IDX file");
    refuse(root_ / "text.txt" / "below", MOCO_ENOTFOUND, "below");
    refuse("/dev/null", MOCO_EFORMAT, "regular file");
    fs::create_directories(root_ / "a");
    refuse(root_, MOCO_EFORMAT, "nothing usable", MOCO_FORMAT_FOLDER);
    moco_dataset *dataset = nullptr;
    EXPECT_EQ(moco_dataset_open(nullptr, "x", nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_dataset_open(&dataset, nullptr, nullptr), MOCO_EINVALID);
    moco_dataset_free(nullptr);
}

TEST_F(Dataset, UnreadableFolderIsAnError)
{
    image("a/1.jpg", 1);
    image("b/2.jpg", 2);
    fs::permissions(root_, fs::perms::all);
    fs::permissions(root_ / "b", fs::perms::none);
    // Root reads everything, so it becomes nobody for a while.
    const uid_t user = geteuid();
    ASSERT_EQ(user == 0 ? seteuid(65534) : 0, 0);
    refuse(root_, MOCO_EIO, "/b");
    ASSERT_EQ(seteuid(user), 0);
    fs::permissions(root_ / "b", fs::perms::owner_all);
}

// ---- IDX ----

TEST_F(Dataset, FashionMnist)
{
    const fs::path folder = "/usr/share/datasets/fashion-mnist";
    if (!fs::exists(folder)) {
        GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
    }
    const Handle train = open(folder);
    const Handle test = open(folder, MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST);
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

TEST_F(Dataset, IdxPlainAndPacked)
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
    const Handle sets[] = {
        open(root_ / "plain"),
        open(root_ / "packed"),
        open(root_ / "mixed", MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST),
        open(root_ / "dotted"),
        open(root_ / "plain/train-images-idx3-ubyte"),
        open(root_ / "mixed/t10k-images-idx3-ubyte.gz"),
    };
    for (const Handle &dataset : sets) {
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

TEST_F(Dataset, IdxClassesHaveTheNamesThatTheirLabelsTell)
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

TEST_F(Dataset, IdxWithoutLabels)
{
    file("train-images-idx3-ubyte", idx(0x803, { 3, 2, 4 }, 24));
    file("odd-name", idx(0x803, { 1, 2, 4 }, 8));
    EXPECT_EQ(moco_dataset_class_count(open(root_).get()), 0U);
    EXPECT_EQ(content(open(root_ / "odd-name")), (Content{ { 0, -1 } }));
}

TEST_F(Dataset, IdxHostileHeaders)
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

TEST_F(Dataset, IdxDamagedArchive)
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

TEST_F(Dataset, IdxLabelsMustFit)
{
    file("train-images-idx3-ubyte", idx(0x803, { 3, 2, 4 }, 24));
    const std::string name = "train-labels-idx1-ubyte";
    for (const auto &labels : { idx(0x801, { 2 }, 2), idx(0x801, { 3 }, 2), idx(0x803, { 3 }, 3), Bytes{} }) {
        file(name, labels);
        refuse(root_, MOCO_EFORMAT, name);
    }
}

// ---- CIFAR ----

// Records whose image n is red n, green 50, blue 60.
Bytes cifar(size_t count, uint8_t first, size_t label_bytes)
{
    Bytes bytes;
    for (size_t i = 0; i < count; ++i) {
        if (label_bytes == 2) {
            bytes.push_back(7);
        }
        bytes.push_back(static_cast<uint8_t>(i));
        bytes.insert(bytes.end(), 1024, static_cast<uint8_t>(first + i));
        bytes.insert(bytes.end(), 1024, 50);
        bytes.insert(bytes.end(), 1024, 60);
    }
    return bytes;
}

TEST_F(Dataset, Cifar10)
{
    for (int i = 1; i <= 5; ++i) {
        file("data_batch_" + std::to_string(i) + ".bin", cifar(2, static_cast<uint8_t>(10 * i), 1));
    }
    file("test_batch.bin", cifar(3, 90, 1));
    std::ofstream(root_ / "batches.meta.txt")
        << "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";
    const Handle train = open(root_);
    EXPECT_EQ(moco_dataset_format(train.get()), MOCO_FORMAT_CIFAR);
    EXPECT_EQ(content(train), (Content{ { 10, 0 },
                                        { 11, 1 },
                                        { 20, 0 },
                                        { 21, 1 },
                                        { 30, 0 },
                                        { 31, 1 },
                                        { 40, 0 },
                                        { 41, 1 },
                                        { 50, 0 },
                                        { 51, 1 } }));
    EXPECT_EQ(moco_dataset_class_count(train.get()), 10U);
    EXPECT_STREQ(moco_dataset_class_name(train.get(), 9), "truck");
    EXPECT_EQ(name_of(train, 3), (root_ / "data_batch_2.bin").string() + "[1]");
    const Image image = new_image();
    ASSERT_EQ(moco_dataset_read(train.get(), image.get(), 9), MOCO_OK);
    EXPECT_EQ(moco_image_width(image.get()), 32);
    const uint8_t *last = moco_image_pixels(image.get()) + 3 * 1023;
    EXPECT_EQ((std::vector<int>{ last[0], last[1], last[2] }), (std::vector<int>{ 51, 50, 60 }));
    EXPECT_EQ(content(open(root_, MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST)), (Content{ { 90, 0 }, { 91, 1 }, { 92, 2 } }));
    EXPECT_EQ(content(open(root_ / "data_batch_2.bin")), (Content{ { 20, 0 }, { 21, 1 } }));
    fs::remove(root_ / "data_batch_4.bin");
    refuse(root_, MOCO_ENOTFOUND, "data_batch_4.bin");
}

TEST_F(Dataset, Cifar100)
{
    file("train.bin", cifar(4, 10, 2));
    file("test.bin", cifar(2, 20, 2));
    const Handle train = open(root_);
    EXPECT_EQ(moco_dataset_class_count(train.get()), 100U);
    EXPECT_EQ(content(train), (Content{ { 10, 0 }, { 11, 1 }, { 12, 2 }, { 13, 3 } }));
    EXPECT_STREQ(moco_dataset_class_name(train.get(), 0), "apple") << "the published names";
    EXPECT_STREQ(moco_dataset_class_name(train.get(), 99), "worm");
    EXPECT_EQ(content(open(root_ / "test.bin")), (Content{ { 20, 0 }, { 21, 1 } }));
    std::ofstream(root_ / "fine_label_names.txt") << "apple\r\naquarium_fish\r\n";
    const Handle named = open(root_);
    EXPECT_STREQ(moco_dataset_class_name(named.get(), 1), "aquarium_fish");
    EXPECT_EQ(moco_dataset_class_name(named.get(), 2), nullptr);
    EXPECT_EQ(warnings.size(), 1U);
}

TEST_F(Dataset, CifarDamaged)
{
    Bytes bytes = cifar(12, 0, 1);
    file("test_batch.bin", bytes);
    refuse(root_, MOCO_EFORMAT, "label 10", MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST);
    bytes.resize(2 * 3073 - 1);
    file("test_batch.bin", bytes);
    refuse(root_, MOCO_EFORMAT, "6145 bytes", MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST);
    file("test_batch.bin", {});
    refuse(root_, MOCO_EFORMAT, "0 bytes", MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST);
    refuse(root_, MOCO_ENOTFOUND, "data_batch_1.bin");
}

// ---- Callbacks ----

struct Source {
    int closed = 0;
};

moco_status read_square(moco_image *image, size_t index, void *)
{
    if (index == 3) {
        return moco_error_set(MOCO_EIO, "the camera is off");
    }
    if (index == 4) {
        return static_cast<moco_status>(7);
    }
    if (index == 5) {
        return MOCO_OK; // without pixels
    }
    const uint8_t pixel = static_cast<uint8_t>(index);
    return moco_image_set(image, 1, 1, 1, &pixel);
}

int64_t label_square(size_t index, void *)
{
    return static_cast<int64_t>(index);
}

void close_source(void *payload)
{
    ++static_cast<Source *>(payload)->closed;
}

TEST_F(Dataset, Callbacks)
{
    Source source;
    moco_dataset *made = nullptr;
    moco_dataset_callbacks callbacks = { sizeof callbacks, read_square, label_square, close_source };
    ASSERT_EQ(moco_dataset_from_callbacks(&made, 6, 2, &callbacks, &source), MOCO_OK);
    {
        const Handle dataset{ made, moco_dataset_free };
        const Image image = new_image();
        EXPECT_EQ(moco_dataset_format(made), MOCO_FORMAT_AUTO);
        EXPECT_EQ(name_of(dataset, 2), "image[2]");
        EXPECT_EQ(moco_dataset_read(made, image.get(), 3), MOCO_EIO);
        EXPECT_STREQ(moco_error_message(), "the camera is off");
        EXPECT_EQ(moco_dataset_read(made, image.get(), 4), MOCO_EIO) << "an unknown status becomes a known one";
        EXPECT_NE(std::string(moco_error_message()).find("image[4]"), std::string::npos);
        EXPECT_EQ(moco_dataset_read(made, image.get(), 5), MOCO_EFORMAT);
        EXPECT_EQ(moco_dataset_read(made, image.get(), 2), MOCO_OK);
        EXPECT_EQ(moco_image_pixels(image.get())[0], 2);
        EXPECT_EQ(moco_dataset_label(made, 1), 1);
        EXPECT_EQ(moco_dataset_label(made, 2), -1) << "beyond the classes";
        EXPECT_EQ(source.closed, 0);
    }
    EXPECT_EQ(source.closed, 1);
}

TEST_F(Dataset, CallbacksRefused)
{
    moco_dataset *made = nullptr;
    moco_dataset_callbacks callbacks = { sizeof callbacks, read_square, nullptr, nullptr };
    EXPECT_EQ(moco_dataset_from_callbacks(&made, 0, 0, &callbacks, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_dataset_from_callbacks(&made, 1, 2, &callbacks, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_dataset_from_callbacks(&made, 1, 0, nullptr, nullptr), MOCO_EINVALID);
    callbacks.read = nullptr;
    EXPECT_EQ(moco_dataset_from_callbacks(&made, 1, 0, &callbacks, nullptr), MOCO_EINVALID);
    callbacks = { 0, read_square, nullptr, nullptr };
    EXPECT_EQ(moco_dataset_from_callbacks(&made, 1, 0, &callbacks, nullptr), MOCO_EINVALID);
    EXPECT_EQ(made, nullptr);
}

} // namespace
