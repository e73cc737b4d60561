// Tests the options channels and normalize, and the policies and files that they give.
#include "support/temporary_folder.hpp"

#include <string>

namespace {

class ConfigNormalize : public moco_test::WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        moco_config_init(&config, sizeof config);
    }
    moco_status set(const char *channels, const char *normalize)
    {
        EXPECT_EQ(moco_config_set(&config, "channels", channels), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_config_set(&config, "normalize", normalize), MOCO_OK) << moco_error_message();
        return moco_config_check(&config);
    }
    moco_augment_policy policy()
    {
        moco_augment_policy made = MOCO_AUGMENT_POLICY_INIT;
        EXPECT_EQ(moco_config_policy(&made, &config, MOCO_POLICY_TRAIN), MOCO_OK) << moco_error_message();
        return made;
    }

    moco_config config;
};

TEST_F(ConfigNormalize, TakesListsForAllChannels)
{
    ASSERT_EQ(set("5", "1,2,3,4,-5e3/0.5"), MOCO_OK) << moco_error_message();
    const moco_augment_policy made = policy();
    EXPECT_EQ(made.channels, 5);
    EXPECT_EQ(moco_augment_mean(&made)[4], -5000);
    EXPECT_EQ(moco_augment_std(&made)[3], 0.5);
    moco_features_options features = MOCO_FEATURES_OPTIONS_INIT;
    moco_features_options_for(&features, &config, { MOCO_CPU, 0 });
    EXPECT_EQ(features.channels, 5);
    EXPECT_EQ(features.statistics.mean[1], 2);
    ASSERT_EQ(set("3", "0.1,0.2,0.3/1,2,4"), MOCO_OK);
    EXPECT_EQ(policy().mean[2], 0.3);
    EXPECT_EQ(policy().std[2], 4);
}

TEST_F(ConfigNormalize, KnowsNames)
{
    ASSERT_EQ(moco_config_set(&config, "augment", "cifar"), MOCO_OK);
    ASSERT_EQ(set("3", ""), MOCO_OK);
    EXPECT_EQ(policy().mean[0], 0.4914); // the augmentation's own
    ASSERT_EQ(set("3", "imagenet"), MOCO_OK);
    EXPECT_EQ(policy().mean[0], 0.485);
    ASSERT_EQ(set("1", "none"), MOCO_OK);
    const moco_augment_policy made = policy();
    EXPECT_EQ(moco_augment_mean(&made)[0], 0);
    EXPECT_EQ(moco_augment_std(&made)[0], 1);
}

TEST_F(ConfigNormalize, RefusesWhatDoesNotFit)
{
    for (const char *wrong :
         { "imagenet", "0.5", "0.5/", "1,2/1", "1,2,3,4/1", "1/0", "1/-1", "a/b", "1/1,", "nan/1", "1/1/1", "1 /1" }) {
        EXPECT_EQ(set("5", wrong), MOCO_EINVALID) << wrong;
        EXPECT_NE(std::string(moco_error_message()).find("normalize: "), std::string::npos) << moco_error_message();
    }
    moco_augment_policy made = MOCO_AUGMENT_POLICY_INIT;
    ASSERT_EQ(set("5", ""), MOCO_OK); // a run will measure it
    EXPECT_EQ(moco_config_policy(&made, &config, MOCO_POLICY_TRAIN), MOCO_EINVALID);
    EXPECT_EQ(moco_config_set(&config, "channels", "65"), MOCO_EINVALID);
    EXPECT_EQ(moco_config_set(&config, "channels", "0"), MOCO_EINVALID);
}

TEST_F(ConfigNormalize, IsOnlyInFilesOfOtherImages)
{
    ASSERT_EQ(moco_config_save(&config, path("rgb").c_str()), MOCO_OK);
    EXPECT_EQ(moco_test::read_file(path("rgb")).find("channels"), std::string::npos);
    EXPECT_EQ(moco_test::read_file(path("rgb")).find("normalize"), std::string::npos);
    ASSERT_EQ(set("2", "0.5,1/2"), MOCO_OK);
    ASSERT_EQ(moco_config_save(&config, path("two").c_str()), MOCO_OK);
    moco_config read;
    moco_config_init(&read, sizeof read);
    ASSERT_EQ(moco_config_load(&read, path("two").c_str()), MOCO_OK) << moco_error_message();
    EXPECT_EQ(read.channels, 2);
    EXPECT_STREQ(read.normalize, "0.5,1/2");
}

} // namespace
