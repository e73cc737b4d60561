// Tests which folders are splits, whether two datasets fit together, and how images and datasets are told apart.
#include "support/dataset_files.hpp"
#include "support/toy_dataset.hpp"

#include "dataset/dataset_identity_internal.h"

#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace moco_test;

namespace {

class Split : public DatasetFiles {
  protected:
    // Classes of two images each.
    void classes(const std::string &folder, const std::vector<std::string> &names, uint8_t red = 10) const
    {
        for (const std::string &name : names) {
            image(folder + "/" + name + "/1.png", red);
            image(folder + "/" + name + "/2.png", static_cast<uint8_t>(red + 1));
        }
    }
    // A set, a link to it, and another set with a link to one of its images.
    void linked_classes() const
    {
        classes("set", { "a", "b" });
        fs::create_directory_symlink(root_ / "set", root_ / "link");
        fs::create_directories(root_ / "some/a");
        fs::create_directories(root_ / "some/b");
        fs::create_symlink(root_ / "set/a/1.png", root_ / "some/a/x.png");
    }
    static std::string description(const Dataset &dataset)
    {
        char text[8192];
        moco_dataset_describe(dataset.get(), text, sizeof text);
        return text;
    }
    [[nodiscard]] bool warned_of(const std::string &part) const
    {
        return warnings.size() == 1 && warnings[0].find(part) != std::string::npos;
    }
    static moco_status pair(const Dataset &train, const Dataset &test)
    {
        return moco_dataset_check_pair(train.get(), test.get());
    }
    static size_t overlap(const Dataset &train, const Dataset &test)
    {
        size_t count = SIZE_MAX;
        EXPECT_EQ(moco_dataset_overlap(&count, train.get(), test.get()), MOCO_OK) << moco_error_message();
        return count;
    }
};

TEST_F(Split, NamesOfSplitsInAnyCase)
{
    const char *const pairs[][2] = { { "train", "val" },        { "Train", "Test" }, { "TRAIN", "valid" },
                                     { "train", "Validation" }, { "train", "DEV" },  { "train", "eval" },
                                     { "Train", "VAL" } };
    int number = 0;
    for (const auto &names : pairs) {
        const std::string set = std::to_string(number++) + "/";
        classes(set + names[0], { "a", "b", "c" });
        classes(set + names[1], { "a", "b", "c" }, 50);
        const Dataset train = open(root_ / set);
        const Dataset test = open(root_ / set, MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST);
        EXPECT_EQ(moco_dataset_class_count(train.get()), 3U) << names[1];
        EXPECT_EQ(content(train)[0].first, 10) << names[1];
        EXPECT_EQ(content(test)[0].first, 50) << names[1];
        EXPECT_NE(description(train).find(std::string("/") + names[0] + ": 3 classes, format folder, split train"),
                  std::string::npos)
            << description(train);
        EXPECT_NE(description(train).find(std::string("beside it: ") + names[1]), std::string::npos);
        const moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
        EXPECT_TRUE(moco_dataset_has_split((root_ / set).c_str(), &options));
    }
    EXPECT_TRUE(warnings.empty()) << warnings[0];
}

TEST_F(Split, OfSeveralToTestOnValidationComesFirst)
{
    classes("train", { "a", "b" });
    classes("test", { "a", "b" }, 50);
    classes("Valid", { "a", "b" }, 90);
    const Dataset test = open(root_, MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST);
    EXPECT_EQ(content(test)[0].first, 90);
    EXPECT_NE(description(test).find("beside it: train, test"), std::string::npos) << description(test);
}

TEST_F(Split, NamesThatLookLikeSplitsAreNamed)
{
    const std::vector<std::vector<std::string>> sets = { { "train2017", "val2017" },
                                                         { "training", "testing" },
                                                         { "val", "test" },
                                                         { "Train_set", "holdout", "other" },
                                                         { "seg_train", "seg_test", "seg_pred" },
                                                         { "trainset", "TestImages" },
                                                         { "trainA", "testA", "trainB", "testB" },
                                                         { "fold1", "fold2", "fold_3" },
                                                         { "train", "pred" } };
    int number = 0;
    for (const auto &names : sets) {
        const std::string set = std::to_string(number++);
        classes(set, names);
        warnings.clear();
        const Dataset dataset = open(root_ / set);
        EXPECT_EQ(moco_dataset_format(dataset.get()), MOCO_FORMAT_FOLDER);
        EXPECT_TRUE(warned_of("have the names of splits")) << set;
    }
    classes("wrapped/set/train", { "a", "b" });
    classes("wrapped/set/val", { "a", "b" });
    warnings.clear();
    (void)open(root_ / "wrapped");
    EXPECT_TRUE(warned_of("wrapped/set has splits"));
    // A class of CIFAR-100 is called train; of many classes several may have such a word.
    classes("cifar", { "train", "tank", "trout", "valley" });
    classes("many", { "bus", "car", "cat", "dog", "elk", "fox", "ship", "steam_train", "tape_test" });
    warnings.clear();
    (void)open(root_ / "cifar");
    (void)open(root_ / "many");
    EXPECT_TRUE(warnings.empty()) << warnings[0];
}

TEST_F(Split, PairsMustHaveTheSameClasses)
{
    classes("three", { "a", "b", "c" });
    classes("same", { "a", "b", "c" });
    classes("fewer", { "b", "c" });
    classes("renamed", { "a", "b", "d" });
    image("flat/1.png", 1);
    const Dataset three = open(root_ / "three");
    EXPECT_EQ(pair(three, open(root_ / "same")), MOCO_OK) << moco_error_message();
    EXPECT_EQ(pair(three, open(root_ / "fewer")), MOCO_EINVALID);
    EXPECT_TRUE(message_has("has 3 classes") && message_has("only the first has 'a'")) << moco_error_message();
    EXPECT_EQ(pair(open(root_ / "fewer"), three), MOCO_EINVALID);
    EXPECT_EQ(pair(three, open(root_ / "renamed")), MOCO_EINVALID);
    EXPECT_TRUE(message_has("'c'") && message_has("'d'")) << moco_error_message();
    EXPECT_EQ(pair(three, open(root_ / "flat")), MOCO_EINVALID);
    EXPECT_TRUE(message_has("flat has no labels")) << moco_error_message();
    EXPECT_EQ(pair(open(root_ / "flat"), three), MOCO_EINVALID);
    EXPECT_EQ(moco_dataset_check_pair(nullptr, three.get()), MOCO_EINVALID);
}

TEST_F(Split, EveryImageOfAPairHasALabel)
{
    moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
    callbacks.read = [](moco_image * /*image*/, size_t /*index*/, void * /*payload*/) { return MOCO_EIO; };
    callbacks.label = [](size_t index, void * /*payload*/) { return index == 3 ? int64_t{ -1 } : int64_t{ 0 }; };
    moco_dataset *holes = nullptr;
    ASSERT_EQ(moco_dataset_from_callbacks(&holes, 5, 2, &callbacks, nullptr), MOCO_OK);
    const Dataset owner(holes, moco_dataset_free);
    EXPECT_EQ(pair(owner, owner), MOCO_EINVALID);
    EXPECT_TRUE(message_has("image[3] has no label")) << moco_error_message();
}

TEST_F(Split, OverlapIsOfFilesWhateverLeadsToThem)
{
    linked_classes();
    classes("copy", { "a", "b" });
    fs::copy_file(root_ / "set/b/1.png", root_ / "some/b/y.png");
    const Dataset set = open(root_ / "set");
    EXPECT_EQ(overlap(set, set), 4U);
    EXPECT_EQ(overlap(set, open((root_ / "set/../set/").string())), 4U);
    EXPECT_EQ(overlap(set, open(root_ / "link")), 4U);
    EXPECT_EQ(overlap(set, open(root_ / "copy")), 0U);
    EXPECT_EQ(overlap(set, open(root_ / "some")), 1U);
    moco_dataset *toys = toy_dataset(8);
    const Dataset owner(toys, moco_dataset_free);
    EXPECT_EQ(overlap(owner, owner), 0U);
}

// The lists of folders have the numbers of the files, so that none is asked for: on a network disk that takes minutes.
TEST_F(Split, OverlapIsKnownFromTheLists)
{
    linked_classes();
    fs::create_hard_link(root_ / "set/b/1.png", root_ / "some/b/y.png");
    const Dataset set = open(root_ / "set");
    const Dataset link = open(root_ / "link");
    const Dataset some = open(root_ / "some");
    const size_t indices[2] = { 3, 0 };
    moco_dataset *made = nullptr;
    ASSERT_EQ(moco_dataset_subset(&made, set.get(), indices, 2), MOCO_OK);
    const Dataset subset(made, moco_dataset_free);
    const moco_dataset *const parts[2] = { some.get(), subset.get() };
    ASSERT_EQ(moco_dataset_concat(&made, parts, 2), MOCO_OK);
    const Dataset both(made, moco_dataset_free);
    fs::rename(root_ / "set", root_ / "moved");
    EXPECT_EQ(overlap(set, link), 4U);
    EXPECT_EQ(overlap(link, some), 2U);
    EXPECT_EQ(overlap(link, subset), 2U);
    EXPECT_EQ(overlap(link, both), 4U);
}

TEST_F(Split, AFingerprintIsOfNamesSizesAndClasses)
{
    classes("set", { "a", "b" });
    const uint64_t first = moco__dataset_fingerprint(open(root_ / "set").get());
    EXPECT_EQ(moco__dataset_fingerprint(open((root_ / "set/").string()).get()), first);
    fs::rename(root_ / "set", root_ / "moved");
    EXPECT_EQ(moco__dataset_fingerprint(open(root_ / "moved").get()), first);
    fs::rename(root_ / "moved/a/1.png", root_ / "moved/a/0.png");
    EXPECT_NE(moco__dataset_fingerprint(open(root_ / "moved").get()), first);
    fs::rename(root_ / "moved/a/0.png", root_ / "moved/a/1.png");
    EXPECT_EQ(moco__dataset_fingerprint(open(root_ / "moved").get()), first);
    std::ofstream(root_ / "moved/b/2.png", std::ios::app) << "more";
    EXPECT_NE(moco__dataset_fingerprint(open(root_ / "moved").get()), first);
}

} // namespace
