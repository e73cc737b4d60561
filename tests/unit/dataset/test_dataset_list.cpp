// Tests lists of image files.
#include "support/dataset_files.hpp"

namespace fs = std::filesystem;
using namespace moco_test;

namespace {

class DatasetList : public DatasetFiles {
  protected:
    void SetUp() override
    {
        DatasetFiles::SetUp();
        image("a/1.jpg", 1);
        image("a/my cat.jpg", 2);
        image("b/3.PNG", 3);
    }
    // Writes a list and returns its path.
    [[nodiscard]] fs::path list(const std::string &text, const std::string &name = "files.txt") const
    {
        write_file((root_ / name).string(), text);
        return root_ / name;
    }
};

} // namespace

TEST_F(DatasetList, GivesTheFilesInItsOrder)
{
    const Dataset dataset = open(list("b/3.PNG\na/my cat.jpg\n\na/1.jpg\nb/3.PNG"));
    EXPECT_EQ(moco_dataset_format(dataset.get()), MOCO_FORMAT_LIST);
    EXPECT_EQ(content(dataset), (Content{ { 3, -1 }, { 2, -1 }, { 1, -1 }, { 3, -1 } }));
    EXPECT_EQ(moco_dataset_class_count(dataset.get()), 0U);
    EXPECT_EQ(name_of(dataset, 1), (root_ / "a/my cat.jpg").string());
    char text[4096];
    moco_dataset_describe(dataset.get(), text, sizeof text);
    EXPECT_NE(std::string(text).find("no labels, format list, no splits"), std::string::npos) << text;
}

TEST_F(DatasetList, TakesNumbersAsClasses)
{
    const Dataset dataset = open(list("a/1.jpg 2\r\na/my cat.jpg\t0\r\n" + (root_ / "b/3.PNG").string() + "  2 \r\n"));
    EXPECT_EQ(content(dataset), (Content{ { 1, 2 }, { 2, 0 }, { 3, 2 } }));
    EXPECT_EQ(moco_dataset_class_count(dataset.get()), 3U);
    EXPECT_EQ(moco_dataset_class_name(dataset.get(), 0), nullptr);
}

TEST_F(DatasetList, NumbersNamesOfClassesInTheirOrder)
{
    const Dataset dataset = open(list("\xEF\xBB\xBF"
                                      "a/1.jpg\tred fox\na/my cat.jpg cat\nb/3.PNG\tred fox\n"));
    EXPECT_EQ(content(dataset), (Content{ { 1, 1 }, { 2, 0 }, { 3, 1 } }));
    EXPECT_STREQ(moco_dataset_class_name(dataset.get(), 0), "cat");
    EXPECT_STREQ(moco_dataset_class_name(dataset.get(), 1), "red fox");
}

TEST_F(DatasetList, ErrorsNameTheLine)
{
    refuse(list("a/1.jpg\n\na/2.jpg\n"), MOCO_ENOTFOUND, "files.txt:3: " + (root_ / "a/2.jpg").string());
    refuse(list("a/1.jpg 0\na/my cat.jpg\n"), MOCO_EFORMAT, "files.txt:2: this line has no class, but line 1 has one");
    refuse(list("a/1.jpg\na/my cat.jpg 1\n"), MOCO_EFORMAT, "files.txt:2: this line has a class, but line 1 has none");
    refuse(list("a/1.jpg\nnotes\n"), MOCO_EFORMAT, "files.txt:2: \"notes\" does not end as an image file does");
    refuse(list("a/1.jpg 99999999\n"), MOCO_EFORMAT, "files.txt:1: the class 99999999 is too large");
    refuse(list("a/1.jpg 99999999999999999999999\n"), MOCO_EFORMAT, "too large");
    refuse(list(std::string("a/1.jpg\0\n", 9)), MOCO_EFORMAT, "files.txt:1: the line has a NUL byte");
    refuse(list("a/1.jpg \xFF\n"), MOCO_EFORMAT, "files.txt:1: the class is not valid UTF-8");
    fs::create_directories(root_ / "folder.jpg");
    refuse(list("folder.jpg\n"), MOCO_EFORMAT, "files.txt:1: ");
    refuse(list("\n\n"), MOCO_EFORMAT, "the list is empty");
    refuse(list(std::string(5000, 'x').append(".jpg\n")), MOCO_EIO, "files.txt:1: the path is longer");
}

TEST_F(DatasetList, MissingFilesEndTheOpeningUnlessBrokenOnesAreSkipped)
{
    const fs::path path = list("a/1.jpg 0\na/2.jpg 1\nb/3.PNG 1\n");
    refuse(path, MOCO_ENOTFOUND, "Mend the line, or use skip_broken to leave such images out");
    moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
    options.skip_broken = true;
    moco_dataset *opened = nullptr;
    ASSERT_EQ(moco_dataset_open(&opened, path.c_str(), &options), MOCO_OK) << moco_error_message();
    const Dataset dataset(opened, moco_dataset_free);
    ASSERT_EQ(moco_dataset_count(opened), 3U);
    EXPECT_EQ(moco_dataset_label(opened, 2), 1);
    moco_image *read = nullptr;
    ASSERT_EQ(moco_image_create(&read), MOCO_OK);
    EXPECT_EQ(moco_dataset_read(opened, read, 1), MOCO_ENOTFOUND);
    const std::string message = moco_error_message();
    EXPECT_EQ(message.find((root_ / "a/2.jpg").string() + ": "), 0U) << message;
    EXPECT_NE(message.find("(line 2 of " + path.string() + ")"), std::string::npos) << message;
    moco_image_free(read);
}

// A list knows its files from its opening; no call to the system is needed to compare it.
TEST_F(DatasetList, OverlapIsKnownFromTheOpening)
{
    const Dataset some = open(list("a/1.jpg 0\nb/3.PNG 1\n"));
    const Dataset folder = open(root_);
    fs::rename(root_ / "a", root_ / "moved");
    fs::rename(root_ / "b", root_ / "moved too");
    size_t count = 0;
    EXPECT_EQ(moco_dataset_overlap(&count, folder.get(), some.get()), MOCO_OK);
    EXPECT_EQ(count, 2U);
}

TEST_F(DatasetList, ListsOfSplitsAreTakenIfAskedFor)
{
    (void)list("a/1.jpg 0\na/my cat.jpg 1\n", "train.txt");
    (void)list("b/3.PNG 1\n", "valid.txt");
    moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
    EXPECT_FALSE(moco_dataset_has_split(root_.c_str(), &options)) << "a folder of images stays one";
    EXPECT_EQ(moco_dataset_format(open(root_).get()), MOCO_FORMAT_FOLDER);
    options.format = MOCO_FORMAT_LIST;
    options.split = MOCO_SPLIT_TEST;
    EXPECT_TRUE(moco_dataset_has_split(root_.c_str(), &options));
    EXPECT_EQ(content(open(root_, MOCO_FORMAT_LIST)), (Content{ { 1, 0 }, { 2, 1 } }));
    EXPECT_EQ(content(open(root_, MOCO_FORMAT_LIST, MOCO_SPLIT_TEST)), (Content{ { 3, 1 } }));
    refuse(root_ / "a", MOCO_ENOTFOUND, "there is no list train.txt in ", MOCO_FORMAT_LIST);
}
