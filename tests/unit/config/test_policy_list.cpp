// Tests the augmentation of a configuration: as a list in YAML, with other strengths, and different for the two views.
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"

#include <cstring>
#include <fstream>

using namespace config_text;

namespace {

class PolicyList : public moco_test::WithFolder {
  protected:
    std::string load(const std::string &text, moco_config *config)
    {
        std::ofstream(path("c.yaml"), std::ios::binary) << text;
        return moco_config_load(config, path("c.yaml").c_str()) == MOCO_OK ? "" : moco_error_message();
    }
    std::string refused(const std::string &text)
    {
        Config config;
        return load(text, &config);
    }
    std::string save(const moco_config *config)
    {
        EXPECT_EQ(moco_config_save(config, path("s.yaml").c_str()), MOCO_OK) << moco_error_message();
        return moco_test::read_file(path("s.yaml"));
    }
    static std::string text_of(const moco_config *config, moco_policy_use use)
    {
        char text[MOCO_AUGMENT_TEXT_MAX] = "";
        moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
        EXPECT_EQ(moco_config_policy(&policy, config, use), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_augment_format(text, sizeof text, &policy), MOCO_OK) << moco_error_message();
        return text;
    }
    static std::string checked(const moco_config *config)
    {
        return moco_config_check(config) == MOCO_OK ? "" : moco_error_message();
    }
};

const std::string list = "policy:\n"
                         "- {operation: Size, parameters: [32]}\n"
                         "- {operation: RandomResizedCrop, parameters: [0.2, 1, 0.75, 1.25]}\n"
                         "- {operation: RandomGrayscale, probability: 0.2}\n"
                         "- {operation: Normalize, parameters: [0.5, 0.5, 0.5, 0.25, 0.25, 0.25]}\n";
const std::string same = "Size(32) RandomResizedCrop(0.2, 1, 0.75, 1.25) RandomGrayscale() @ 0.2 "
                         "Normalize(0.5, 0.5, 0.5, 0.25, 0.25, 0.25)";

} // namespace

TEST_F(PolicyList, IsReadAndWritten)
{
    Config config;
    EXPECT_EQ(load(list, &config), "");
    EXPECT_EQ(std::string(config.policy), same);
    EXPECT_TRUE(save(&config).find(list) != std::string::npos) << save(&config);
    Config block;
    EXPECT_EQ(load("policy:\n  - operation: Size\n    parameters: 32\n  - probability: 0.5\n"
                   "    operation: RandomHorizontalFlip\n"
                   "  - operation: Normalize\n    parameters: [0, 0, 0, 1, 1, 1]\n",
                   &block),
              "");
    EXPECT_STREQ(block.policy, "Size(32) RandomHorizontalFlip() @ 0.5 Normalize(0, 0, 0, 1, 1, 1)");
}

TEST_F(PolicyList, ErrorsNameTheLineAndWhatMayBeMeant)
{
    EXPECT_TRUE(has(refused("epochs: 3\npolicy:\n- {operation: RandomResizeCrop}\n"),
                    "c.yaml:3: there is no operation 'RandomResizeCrop'; did you mean 'RandomResizedCrop'?"));
    EXPECT_TRUE(has(refused("policy:\n- {operation: Resize, probabilty: 1}\n"),
                    "c.yaml:2: there is no key 'probabilty'; did you mean 'probability'?"));
    EXPECT_TRUE(has(refused("policy:\n- {operation: Resize, probability: often}\n"), ":2: 'often' is not a number"));
    EXPECT_TRUE(has(refused("policy:\n- {operation: Resize, parameters: [.nan]}\n"), ":2: '.nan' is not a number"));
    EXPECT_TRUE(has(refused("policy:\n- {probability: 1}\n"), ":2: there is no operation: NAME"));
    EXPECT_TRUE(has(refused("policy:\n- Resize\n"), ":2: this is not an operation"));
    EXPECT_TRUE(has(refused("policy: []\n"), "does not end with Normalize"));
    EXPECT_TRUE(has(refused("policy:\n- {operation: Resize, parameters: {a: 1}}\n"), ":2: "));
    EXPECT_TRUE(has(refused("data:\n- {operation: Resize}\n"), "data is a list"));
    EXPECT_TRUE(has(refused("policy:\n- {operation: Size, parameters: [32]}\n- {operation: RandomGrayscale, "
                            "probability: 2}\n- {operation: Normalize, parameters: [0, 0, 0, 1, 1, 1]}\n"),
                    "RandomGrayscale): probability 2 must be 0 to 1"));
    Config config;
    EXPECT_EQ(moco_config_set(&config, "policy", "Size(32) ColourJitter(1) Normalize(0, 0, 0, 1, 1, 1)"), MOCO_OK);
    EXPECT_TRUE(has(checked(&config), "did you mean ColorJitter?")) << checked(&config);
}

TEST_F(PolicyList, EveryPresetCanBeWrittenOut)
{
    const char *name = nullptr;
    for (size_t i = 0; (name = moco_config_preset_name(i)) != nullptr; ++i) {
        Config preset;
        ASSERT_EQ(moco_config_apply_preset(&preset, name), MOCO_OK);
        Config out = preset;
        ASSERT_EQ(moco_config_write_out_policy(&out), MOCO_OK) << moco_error_message();
        EXPECT_STRNE(out.policy, "");
        EXPECT_STREQ(out.key_policy, "");
        EXPECT_EQ(checked(&out), "");
        Config again;
        ASSERT_EQ(load(save(&out), &again), "");
        for (const auto use :
             { MOCO_POLICY_TRAIN, MOCO_POLICY_TRAIN_KEY, MOCO_POLICY_EVALUATE, MOCO_POLICY_CLASSIFY }) {
            EXPECT_EQ(text_of(&preset, use), text_of(&again, use)) << name << " " << use;
        }
        EXPECT_TRUE(!has(save(&preset), "policy")) << "files of presets are as before";
    }
}

TEST_F(PolicyList, StrengthsChangeTheAugmentation)
{
    Config config;
    ASSERT_EQ(moco_config_apply_preset(&config, "v2"), MOCO_OK);
    for (const auto &[option, value] : { std::pair{ "crop-min", "0.5" }, { "jitter", "0.5" }, { "blur", "2" } }) {
        ASSERT_EQ(moco_config_set(&config, option, value), MOCO_OK);
    }
    EXPECT_EQ(checked(&config), "");
    const std::string text = text_of(&config, MOCO_POLICY_TRAIN);
    EXPECT_TRUE(has(text, "RandomResizedCrop(0.5, 1, ")) << text;
    EXPECT_TRUE(has(text, "ColorJitter(0.2, 0.2, 0.2, 0.05) @ 0.8")) << text;
    EXPECT_TRUE(has(text, "GaussianBlur(0.2, 4) @ 0.5")) << text;
    Config again;
    EXPECT_EQ(load(save(&config), &again), "");
    EXPECT_EQ(text_of(&again, MOCO_POLICY_TRAIN), text);
    config.jitter = config.blur = 0;
    const std::string none = text_of(&config, MOCO_POLICY_TRAIN);
    EXPECT_TRUE(!has(none, "ColorJitter") && !has(none, "GaussianBlur")) << none;
    config.jitter = 10;
    EXPECT_TRUE(has(checked(&config), "hue must be 0 to 0.5")) << checked(&config);
    ASSERT_EQ(moco_config_apply_preset(&config, "cifar"), MOCO_OK);
    EXPECT_EQ(config.jitter, 1);
    config.blur = 2;
    EXPECT_TRUE(has(checked(&config), "blur: the augmentation has no GaussianBlur")) << checked(&config);
}

TEST_F(PolicyList, TheSecondViewCanDiffer)
{
    Config config;
    ASSERT_EQ(moco_config_apply_preset(&config, "tiny"), MOCO_OK);
    const std::string first = text_of(&config, MOCO_POLICY_TRAIN);
    EXPECT_EQ(text_of(&config, MOCO_POLICY_TRAIN_KEY), first);
    const std::string second = "Size(32) CenterCrop() " + first.substr(first.find("Normalize"));
    ASSERT_EQ(moco_config_set(&config, "key-policy", second.c_str()), MOCO_OK);
    EXPECT_EQ(checked(&config), "");
    EXPECT_EQ(text_of(&config, MOCO_POLICY_TRAIN), first);
    EXPECT_EQ(text_of(&config, MOCO_POLICY_TRAIN_KEY), second);
    EXPECT_TRUE(has(save(&config), "key_policy:\n- {operation: Size, parameters: [32]}")) << save(&config);
    ASSERT_EQ(moco_config_set(&config, "key-policy", "Size(32) CenterCrop() Normalize(0, 0, 0, 1, 1, 1)"), MOCO_OK);
    EXPECT_TRUE(has(checked(&config), "key-policy: its Normalize differs")) << checked(&config);
    config.image_size = 0;
    ASSERT_EQ(moco_config_set(&config, "key-policy", ("Size(64)" + second.substr(8)).c_str()), MOCO_OK);
    EXPECT_TRUE(has(checked(&config), "64 pixels")) << checked(&config);
    ASSERT_EQ(moco_config_set(&config, "key-policy", ("Size(32) Callback()" + second.substr(8)).c_str()), MOCO_OK);
    EXPECT_TRUE(has(checked(&config), "only policy can have a callback")) << checked(&config);
}
