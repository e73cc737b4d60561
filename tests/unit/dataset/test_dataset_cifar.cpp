// Tests CIFAR-10 and CIFAR-100.
#include "support/dataset_files.hpp"

#include <fstream>

namespace fs = std::filesystem;
using namespace moco_test;

namespace {

class DatasetCifar : public DatasetFiles {};

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

TEST_F(DatasetCifar, Cifar10)
{
    for (int i = 1; i <= 5; ++i) {
        file("data_batch_" + std::to_string(i) + ".bin", cifar(2, static_cast<uint8_t>(10 * i), 1));
    }
    file("test_batch.bin", cifar(3, 90, 1));
    std::ofstream(root_ / "batches.meta.txt")
        << "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";
    const Dataset train = open(root_);
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

TEST_F(DatasetCifar, Cifar100)
{
    file("train.bin", cifar(4, 10, 2));
    file("test.bin", cifar(2, 20, 2));
    const Dataset train = open(root_);
    EXPECT_EQ(moco_dataset_class_count(train.get()), 100U);
    EXPECT_EQ(content(train), (Content{ { 10, 0 }, { 11, 1 }, { 12, 2 }, { 13, 3 } }));
    EXPECT_STREQ(moco_dataset_class_name(train.get(), 0), "apple") << "the published names";
    EXPECT_STREQ(moco_dataset_class_name(train.get(), 99), "worm");
    EXPECT_EQ(content(open(root_ / "test.bin")), (Content{ { 20, 0 }, { 21, 1 } }));
    std::ofstream(root_ / "fine_label_names.txt") << "apple\r\naquarium_fish\r\n";
    const Dataset named = open(root_);
    EXPECT_STREQ(moco_dataset_class_name(named.get(), 1), "aquarium_fish");
    EXPECT_EQ(moco_dataset_class_name(named.get(), 2), nullptr);
    EXPECT_EQ(warnings.size(), 1U);
}

TEST_F(DatasetCifar, CifarDamaged)
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

// What torchvision leaves on disk, and what people download.
TEST_F(DatasetCifar, OtherFormsAreNamed)
{
    const Bytes pickle = { 0x80, 2, '}', 'q', 1, '.' };
    for (const char *name : { "10/cifar-10-batches-py/batches.meta", "10/cifar-10-batches-py/data_batch_1",
                              "10/cifar-10-batches-py/test_batch", "100/cifar-100-python/meta",
                              "100/cifar-100-python/train", "100/cifar-100-python/test", "plain/meta", "plain/test" }) {
        file(name, pickle);
    }
    for (const char *place :
         { "10", "10/cifar-10-batches-py", "10/cifar-10-batches-py/data_batch_1", "10/cifar-10-batches-py/test_batch",
           "100", "100/cifar-100-python", "100/cifar-100-python/train", "plain" }) {
        refuse(root_ / place, MOCO_EFORMAT, "this is CIFAR in its Python version");
        refuse(root_ / place, MOCO_EFORMAT, "get the binary version (cifar-10-binary.tar.gz or");
    }
    refuse(root_ / "10", MOCO_ENOTFOUND, "Python version", MOCO_FORMAT_CIFAR);
    packed("cifar-10-binary.tar.gz", Bytes(1024, 0));
    refuse(root_ / "cifar-10-binary.tar.gz", MOCO_EFORMAT, "in its binary version, packed; unpack it by tar -xf");
    refuse(root_ / "cifar-10-binary.tar.gz", MOCO_EFORMAT, "tar -xf", MOCO_FORMAT_CIFAR);
    packed("10/cifar-10-python.tar.gz", Bytes(1024, 0));
    refuse(root_ / "10/cifar-10-python.tar.gz", MOCO_EFORMAT, "Python version");
    refuse(root_ / "10", MOCO_EFORMAT, "Python version");
    for (int i = 1; i <= 5; ++i) {
        file("bin/cifar-10-batches-bin/data_batch_" + std::to_string(i) + ".bin", cifar(2, 1, 1));
    }
    refuse(root_ / "bin", MOCO_EFORMAT, "is in a folder of it; give that (cifar-10-batches-bin or");
    EXPECT_EQ(moco_dataset_count(open(root_ / "bin/cifar-10-batches-bin").get()), 10U);
    // Others with such names are none.
    file("none/meta", { 'a', 'b' });
    file("none/train", pickle);
    moco_dataset *dataset = nullptr;
    EXPECT_EQ(moco_dataset_open(&dataset, (root_ / "none").c_str(), nullptr), MOCO_EFORMAT);
    EXPECT_EQ(std::string(moco_error_message()).find("CIFAR"), std::string::npos) << moco_error_message();
}

} // namespace
