// Tests trees of image files, and datasets of callbacks.
#include "support/dataset_files.hpp"

#include <unistd.h>

#include <fstream>

namespace fs = std::filesystem;
using namespace moco_test;

namespace {

class DatasetFolder : public DatasetFiles {};

TEST_F(DatasetFolder, ClassFoldersAsTorchvision)
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
    const Dataset dataset = open(root_);
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

TEST_F(DatasetFolder, FlatTreeHasNoLabels)
{
    image("c.jpg", 3);
    image("2021/a.jpg", 1);
    image("2022/b.jpg", 2);
    const Dataset dataset = open(root_);
    EXPECT_EQ(moco_dataset_format(dataset.get()), MOCO_FORMAT_FLAT);
    EXPECT_EQ(moco_dataset_class_count(dataset.get()), 0U);
    EXPECT_EQ(moco_dataset_class_name(dataset.get(), 0), nullptr);
    EXPECT_EQ(content(dataset), (Content{ { 3, -1 }, { 1, -1 }, { 2, -1 } }));
}

TEST_F(DatasetFolder, OneFolderOfImagesIsFlat)
{
    image("photos/a.jpg", 1);
    image("photos/b.jpg", 2);
    EXPECT_EQ(moco_dataset_format(open(root_).get()), MOCO_FORMAT_FLAT);
    const Dataset forced = open(root_, MOCO_FORMAT_FOLDER);
    EXPECT_EQ(moco_dataset_class_count(forced.get()), 1U);
}

TEST_F(DatasetFolder, ForcedFormat)
{
    image("a/1.jpg", 1);
    image("b/2.jpg", 2);
    image("stray.jpg", 3);
    EXPECT_EQ(content(open(root_, MOCO_FORMAT_FLAT)).size(), 3U);
    EXPECT_EQ(content(open(root_, MOCO_FORMAT_FOLDER)), (Content{ { 1, 0 }, { 2, 1 } }));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("left out 1 image outside of the class folders"), std::string::npos);
    refuse(root_ / "a", MOCO_EFORMAT, "no classes", MOCO_FORMAT_FOLDER);
    refuse(root_, MOCO_ENOTFOUND, "train-images-idx3-ubyte", MOCO_FORMAT_IDX);
    refuse(root_, MOCO_ENOTFOUND, "data_batch_1.bin", MOCO_FORMAT_CIFAR);
    refuse(root_, MOCO_EINVALID, "format 77", static_cast<moco_format>(77));
}

TEST_F(DatasetFolder, SplitsByFolder)
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
    const Dataset vehicles = open(root_);
    EXPECT_EQ(moco_dataset_class_count(vehicles.get()), 2U);
    EXPECT_STREQ(moco_dataset_class_name(vehicles.get(), 1), "train");
}

TEST_F(DatasetFolder, EmptyClassKeepsItsNumber)
{
    image("a/1.jpg", 1);
    fs::create_directories(root_ / "b");
    image("c/2.jpg", 2);
    const Dataset dataset = open(root_);
    EXPECT_EQ(moco_dataset_class_count(dataset.get()), 3U);
    EXPECT_EQ(content(dataset), (Content{ { 1, 0 }, { 2, 2 } }));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("/b has no images"), std::string::npos);
}

TEST_F(DatasetFolder, LinksAreFollowedWithoutLoops)
{
    image("real/1.jpg", 1);
    image("other/2.jpg", 2);
    fs::create_directory_symlink(root_ / "real", root_ / "linked");
    fs::create_directory_symlink("..", root_ / "real" / "up");
    fs::create_directory_symlink(".", root_ / "real" / "self");
    fs::create_symlink(root_ / "other/2.jpg", root_ / "other/again.jpg");
    const Dataset dataset = open(root_);
    EXPECT_EQ(content(dataset), (Content{ { 1, 0 }, { 2, 1 }, { 2, 1 }, { 1, 2 } }));
}

// They are listed by several threads, in batches.
TEST_F(DatasetFolder, ManyFoldersAreListedInTheirOrder)
{
    std::vector<std::string> expected;
    std::vector<std::string> classes;
    for (int i = 0; i < 600; ++i) {
        classes.push_back("c" + std::to_string(i));
    }
    for (const std::string &name : classes) {
        file(name + "/b.jpg", { 1 });
        file(name + "/a.jpg", { 1 });
        file(name + "/.hidden.jpg", { 1 });
        file(name + "/deep/1.jpg", { 1 });
        file(name + "/deep/er/0.jpg", { 1 });
        fs::create_directory_symlink("..", root_ / name / "deep" / "loop");
    }
    std::sort(classes.begin(), classes.end());
    for (const std::string &name : classes) {
        for (const char *file : { "a.jpg", "b.jpg", "deep/1.jpg", "deep/er/0.jpg" }) {
            expected.push_back((root_ / name / file).string());
        }
    }
    const Dataset dataset = open(root_);
    ASSERT_EQ(moco_dataset_count(dataset.get()), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(name_of(dataset, i), expected[i]);
        ASSERT_EQ(moco_dataset_label(dataset.get(), i), static_cast<int64_t>(i / 4));
    }
    char left_out[1024];
    EXPECT_EQ(moco_dataset_left_out(dataset.get(), left_out, sizeof left_out), 1200U);
    EXPECT_STREQ(left_out,
                 "left out 600 hidden entries, like c0/.hidden.jpg, 600 links to folders that contain them, like "
                 "c0/deep/loop");
}

TEST_F(DatasetFolder, BrokenFilesAreNamedWhenRead)
{
    image("a/1.jpg", 1);
    file("b/broken.jpg", { 0xff, 0xd8, 0xff });
    fs::create_symlink(root_ / "nowhere.jpg", root_ / "b/dangling.jpg");
    const Dataset dataset = open(root_);
    ASSERT_EQ(moco_dataset_count(dataset.get()), 3U);
    const Image made = new_image();
    EXPECT_NE(moco_dataset_read(dataset.get(), made.get(), 1), MOCO_OK);
    EXPECT_NE(std::string(moco_error_message()).find("b/broken.jpg"), std::string::npos);
    EXPECT_NE(moco_dataset_read(dataset.get(), made.get(), 2), MOCO_OK);
    EXPECT_NE(std::string(moco_error_message()).find("b/dangling.jpg"), std::string::npos);
    EXPECT_EQ(moco_dataset_read(dataset.get(), made.get(), 3), MOCO_EINVALID);
}

TEST_F(DatasetFolder, RefusesWhatIsNotThere)
{
    refuse(root_ / "missing", MOCO_ENOTFOUND, "missing");
    refuse("", MOCO_ENOTFOUND, "\"\"");
    refuse(root_, MOCO_EFORMAT, "nothing usable");
    file("text.dat", { 'h', 'i' });
    refuse(root_, MOCO_EFORMAT, "nothing usable");
    refuse(root_ / "text.dat", MOCO_EFORMAT,
           "is a text. It is neither a CIFAR binary file nor an IDX file nor a tar shard");
    file("one.JPG", { 'h', 'i' });
    refuse(root_ / "one.JPG", MOCO_EFORMAT, "is one image; give its folder");
    fs::remove(root_ / "one.JPG");
    refuse(root_ / "text.dat" / "below", MOCO_ENOTFOUND, "below");
    refuse("/dev/null", MOCO_EFORMAT, "regular file");
    fs::create_directories(root_ / "a");
    refuse(root_, MOCO_EFORMAT, "nothing usable", MOCO_FORMAT_FOLDER);
    moco_dataset *dataset = nullptr;
    EXPECT_EQ(moco_dataset_open(nullptr, "x", nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_dataset_open(&dataset, nullptr, nullptr), MOCO_EINVALID);
    moco_dataset_free(nullptr);
}

TEST_F(DatasetFolder, UnreadableFoldersAreLeftOutAndNamed)
{
    image("a/1.jpg", 1);
    image("b/2.jpg", 2);
    image("lost+found/3.jpg", 3);
    fs::permissions(root_, fs::perms::all);
    fs::permissions(root_ / "lost+found", fs::perms::none);
    // Root reads everything, so it becomes nobody for a while.
    const uid_t user = geteuid();
    ASSERT_EQ(user == 0 ? seteuid(65534) : 0, 0);
    const Dataset dataset = open(root_);
    EXPECT_EQ(content(dataset), (Content{ { 1, 0 }, { 2, 1 } }));
    ASSERT_EQ(seteuid(user), 0);
    fs::permissions(root_ / "lost+found", fs::perms::owner_all);
    ASSERT_EQ(warnings.size(), 2U);
    EXPECT_NE(warnings[1].find("left out 1 folder that cannot be read: lost+found"), std::string::npos) << warnings[1];
    fs::permissions(root_, fs::perms::none);
    ASSERT_EQ(user == 0 ? seteuid(65534) : 0, 0);
    refuse(root_, MOCO_EIO, root_.string());
    ASSERT_EQ(seteuid(user), 0);
    fs::permissions(root_, fs::perms::owner_all);
}

TEST_F(DatasetFolder, WhatIsLeftOutIsCountedAndNamed)
{
    image("a/1.jpg", 1);
    image("b/2.PPM", 2);
    image("c.png", 3);
    file(".DS_Store", { 1 });
    file("a/._1.jpg", { 1 });
    file("a/notes.txt", { 1 });
    file("b/3.gif", { 1 });
    fs::create_directories(root_ / "a/none");
    fs::create_directory_symlink("..", root_ / "b" / "up");
    char text[512];
    Dataset dataset = open(root_, MOCO_FORMAT_FOLDER);
    EXPECT_EQ(moco_dataset_left_out(dataset.get(), text, sizeof text), 7U);
    const std::string said = text;
    for (const char *part :
         { "left out 1 image outside of the class folders: c.png", "1 file that is not an image: a/notes.txt",
           "1 image whose format or name is not taken: b/3.gif", "2 hidden entries, like .DS_Store",
           "1 folder without images: a/none", "1 link to a folder that contains it: b/up" }) {
        EXPECT_NE(said.find(part), std::string::npos) << part << " is not in: " << said;
    }
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find(said), std::string::npos) << warnings[0];
    EXPECT_EQ(moco_dataset_left_out(nullptr, text, sizeof text), 0U);
    EXPECT_STREQ(text, "");
    EXPECT_EQ(moco_dataset_left_out(dataset.get(), nullptr, 0), 7U);
}

TEST_F(DatasetFolder, AnImageBesideClassesTakesTheirLabelsAndIsTold)
{
    image("a/1.jpg", 1);
    image("b/2.jpg", 2);
    image("cover.jpg", 3);
    EXPECT_EQ(moco_dataset_format(open(root_).get()), MOCO_FORMAT_FLAT);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("has 1 image beside 2 folders of images"), std::string::npos) << warnings[0];
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
    return moco_image_set(image, MOCO_FRAME_GREY, 1, 1, 0, &pixel);
}

int64_t label_square(size_t index, void *)
{
    return static_cast<int64_t>(index);
}

void close_source(void *payload)
{
    ++static_cast<Source *>(payload)->closed;
}

TEST_F(DatasetFolder, Callbacks)
{
    Source source;
    moco_dataset *made = nullptr;
    moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
    callbacks.read = read_square;
    callbacks.label = label_square;
    callbacks.close = close_source;
    ASSERT_EQ(moco_dataset_from_callbacks(&made, 6, 2, &callbacks, &source), MOCO_OK);
    {
        const Dataset dataset{ made, moco_dataset_free };
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
        EXPECT_EQ(moco_dataset_read(made, image.get(), 5), MOCO_EFORMAT) << "the last image is not this one";
        EXPECT_NE(std::string(moco_error_message()).find("image[5] empty"), std::string::npos) << moco_error_message();
        EXPECT_EQ(moco_dataset_label(made, 1), 1);
        EXPECT_EQ(moco_dataset_label(made, 2), -1) << "beyond the classes";
        EXPECT_NE(std::string(moco_error_message()).find("image[2] has label 2, but there are 2 classes"),
                  std::string::npos)
            << moco_error_message();
        moco_dataset *half = nullptr;
        EXPECT_EQ(moco_dataset_fraction(&half, made, 0.5, 1), MOCO_EINVALID) << "where labels are used";
        EXPECT_EQ(source.closed, 0);
    }
    EXPECT_EQ(source.closed, 1);
}

TEST_F(DatasetFolder, CallbacksNameTheirImages)
{
    moco_dataset *made = nullptr;
    moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
    callbacks.read = read_square;
    callbacks.name = [](size_t index, char *buffer, size_t size, void *) {
        (void)snprintf(buffer, size, "camera 2, frame %zu", index);
    };
    ASSERT_EQ(moco_dataset_from_callbacks(&made, 6, 0, &callbacks, nullptr), MOCO_OK);
    const Dataset dataset{ made, moco_dataset_free };
    EXPECT_EQ(name_of(dataset, 2), "camera 2, frame 2");
}

TEST_F(DatasetFolder, CallbacksRefused)
{
    moco_dataset *made = nullptr;
    moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
    callbacks.read = read_square;
    EXPECT_EQ(moco_dataset_from_callbacks(&made, 0, 0, &callbacks, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_dataset_from_callbacks(&made, 1, 2, &callbacks, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_dataset_from_callbacks(&made, 1, 0, nullptr, nullptr), MOCO_EINVALID);
    callbacks.read = nullptr;
    EXPECT_EQ(moco_dataset_from_callbacks(&made, 1, 0, &callbacks, nullptr), MOCO_EINVALID);
    callbacks.read = read_square;
    callbacks.struct_size = 0;
    EXPECT_EQ(moco_dataset_from_callbacks(&made, 1, 0, &callbacks, nullptr), MOCO_EINVALID);
    EXPECT_EQ(made, nullptr);
}

} // namespace
