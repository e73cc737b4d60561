// Tests datasets that are made of others: subsets, joined datasets, shares of classes.
#include "support/dataset_files.hpp"
#include "support/toy_dataset.hpp"

#include <memory>
#include <set>
#include <vector>

using namespace moco_test;

namespace {

class Join : public DatasetFiles {
  protected:
    Dataset subset(const Dataset &whole, const std::vector<size_t> &indices)
    {
        moco_dataset *made = nullptr;
        EXPECT_EQ(moco_dataset_subset(&made, whole.get(), indices.data(), indices.size()), MOCO_OK)
            << moco_error_message();
        return Dataset(made, moco_dataset_free);
    }
    Dataset concat(const std::vector<const moco_dataset *> &parts)
    {
        moco_dataset *made = nullptr;
        EXPECT_EQ(moco_dataset_concat(&made, parts.data(), parts.size()), MOCO_OK) << moco_error_message();
        return Dataset(made, moco_dataset_free);
    }
    // A folder with an image of each brightness, in a class each.
    Dataset folder(const std::string &name, const std::vector<std::string> &classes, uint8_t first)
    {
        for (size_t i = 0; i < classes.size(); ++i) {
            image(name + "/" + classes[i] + "/x.png", static_cast<uint8_t>(first + 10 * i));
        }
        return open(root_ / name);
    }
};

TEST_F(Join, ASubsetKeepsOrderRepeatsLabelsAndNames)
{
    const Dataset whole = folder("data", { "a", "b", "c" }, 10);
    const Dataset part = subset(whole, { 2, 0, 2 });
    EXPECT_EQ(content(part), (Content{ { 30, 2 }, { 10, 0 }, { 30, 2 } }));
    EXPECT_EQ(moco_dataset_class_count(part.get()), 3U);
    EXPECT_STREQ(moco_dataset_class_name(part.get(), 2), "c");
    EXPECT_EQ(name_of(part, 0), (root_ / "data/c/x.png").string());
}

TEST_F(Join, SubsetsAreRefused)
{
    const Dataset whole = folder("data", { "a", "b" }, 10);
    moco_dataset *made = nullptr;
    const size_t beyond[] = { 0, 2 };
    EXPECT_EQ(moco_dataset_subset(&made, whole.get(), beyond, 2), MOCO_EINVALID);
    EXPECT_TRUE(message_has("indices[1] is 2, beyond the 2 images")) << moco_error_message();
    EXPECT_EQ(moco_dataset_subset(&made, whole.get(), beyond, 0), MOCO_EINVALID);
    EXPECT_EQ(moco_dataset_subset(&made, whole.get(), nullptr, 1), MOCO_EINVALID);
    EXPECT_EQ(made, nullptr);
}

TEST_F(Join, JoinedDatasetsFollowEachOther)
{
    const Dataset first = folder("first", { "a", "b" }, 10);
    const Dataset second = folder("second", { "a", "b", "c" }, 50);
    moco_dataset *unlabelled = toy_dataset(3, false);
    const Dataset all = concat({ first.get(), second.get(), first.get() });
    EXPECT_EQ(content(all), (Content{ { 10, 0 }, { 20, 1 }, { 50, 0 }, { 60, 1 }, { 70, 2 }, { 10, 0 }, { 20, 1 } }));
    EXPECT_EQ(moco_dataset_class_count(all.get()), 3U);
    EXPECT_STREQ(moco_dataset_class_name(all.get(), 2), "c");
    EXPECT_EQ(name_of(all, 4), (root_ / "second/c/x.png").string());

    const Dataset mixed = concat({ unlabelled, second.get() });
    EXPECT_EQ(moco_dataset_count(mixed.get()), 6U);
    EXPECT_EQ(moco_dataset_label(mixed.get(), 2), -1);
    EXPECT_EQ(moco_dataset_label(mixed.get(), 5), 2);
    moco_dataset_free(unlabelled);
}

TEST_F(Join, OtherNamesOfAClassAreRefused)
{
    const Dataset first = folder("first", { "a", "b" }, 10);
    const Dataset second = folder("second", { "a", "x", "y" }, 50);
    const moco_dataset *parts[] = { first.get(), second.get(), nullptr };
    moco_dataset *made = nullptr;
    EXPECT_EQ(moco_dataset_concat(&made, parts, 2), MOCO_EINVALID);
    EXPECT_TRUE(message_has("class 1 is 'b' in datasets[0] and 'x' in another")) << moco_error_message();
    EXPECT_EQ(moco_dataset_concat(&made, parts, 3), MOCO_EINVALID);
    EXPECT_TRUE(message_has("datasets[2] is NULL")) << moco_error_message();
    EXPECT_EQ(moco_dataset_concat(&made, parts, 0), MOCO_EINVALID);
    EXPECT_EQ(made, nullptr);
}

TEST_F(Join, MoreImagesThanNumbersAreRefused)
{
    moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
    callbacks.read = toy_read;
    moco_dataset *huge = nullptr;
    moco_dataset *made = nullptr;
    ASSERT_EQ(moco_dataset_from_callbacks(&huge, SIZE_MAX, 0, &callbacks, nullptr), MOCO_OK);
    const moco_dataset *parts[] = { huge, huge };
    EXPECT_EQ(moco_dataset_concat(&made, parts, 2), MOCO_EINVALID);
    EXPECT_TRUE(message_has("more images than numbers")) << moco_error_message();
    EXPECT_EQ(made, nullptr);
    moco_dataset_free(huge);
}

TEST_F(Join, AWrongLabelStaysAnError)
{
    moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
    callbacks.read = toy_read;
    callbacks.label = [](size_t /*index*/, void * /*payload*/) -> int64_t { return 99; };
    callbacks.name = [](size_t index, char *buffer, size_t size, void * /*payload*/) {
        (void)snprintf(buffer, size, "frame %zu", index);
    };
    moco_dataset *wrong = nullptr;
    ASSERT_EQ(moco_dataset_from_callbacks(&wrong, 4, 2, &callbacks, nullptr), MOCO_OK);
    const size_t one = 1;
    moco_dataset *part = nullptr;
    ASSERT_EQ(moco_dataset_subset(&part, wrong, &one, 1), MOCO_OK);
    (void)moco_error_set(MOCO_OK, "%s", "");
    EXPECT_EQ(moco_dataset_label(part, 0), -1);
    EXPECT_TRUE(message_has("frame 1 has label 99")) << moco_error_message();
    moco_dataset_free(part);
    moco_dataset_free(wrong);
}

TEST_F(Join, AShareKeepsTheNamesOfClasses)
{
    const Dataset whole = folder("data", { "a", "b" }, 10);
    moco_dataset *share = nullptr;
    ASSERT_EQ(moco_dataset_fraction(&share, whole.get(), 0.5, 1), MOCO_OK);
    EXPECT_STREQ(moco_dataset_class_name(share, 1), "b");
    moco_dataset_free(share);
}

} // namespace
