// Tests configurations as YAML files.
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

using namespace config_text;

namespace {

namespace fs = std::filesystem;

class ConfigFile : public moco_test::WithFolder {
  protected:
    // Writes a file and loads it; returns the message, or "" where it is fine.
    std::string load(const std::string &text, moco_config *config = nullptr)
    {
        std::ofstream(path("c.yaml"), std::ios::binary) << text;
        Config fresh;
        const moco_status status = moco_config_load(config != nullptr ? config : &fresh, path("c.yaml").c_str());
        return status == MOCO_OK ? "" : moco_error_message();
    }
};

} // namespace

TEST_F(ConfigFile, EveryOptionRoundTripsThroughYaml)
{
    for (const auto *option : all_options()) {
        for (const auto &value : samples(option)) {
            SCOPED_TRACE(std::string(option->name) + "=" + value);
            Config config;
            ASSERT_EQ(moco_config_set(&config, option->name, value.c_str()), MOCO_OK);
            ASSERT_EQ(moco_config_save(&config, path("c.yaml").c_str()), MOCO_OK) << moco_error_message();
            Config again;
            ASSERT_EQ(moco_config_apply_preset(&again, "tiny"), MOCO_OK);
            ASSERT_EQ(moco_config_load(&again, path("c.yaml").c_str()), MOCO_OK) << moco_error_message();
            for (const auto *other : all_options()) {
                EXPECT_EQ(get(config, other), get(again, other)) << other->name;
            }
        }
    }
}

TEST_F(ConfigFile, LaterSourcesOverrideEarlierOnes)
{
    Config config;
    ASSERT_EQ(moco_config_apply_preset(&config, "tiny"), MOCO_OK);
    EXPECT_EQ(load("epochs: 7\nbatch: 64\n", &config), "");
    ASSERT_EQ(moco_config_set(&config, "batch", "128"), MOCO_OK);
    EXPECT_EQ(config.dim, 64);     // preset
    EXPECT_EQ(config.epochs, 7);   // file
    EXPECT_EQ(config.batch, 128);  // set last
    EXPECT_EQ(config.prefetch, 3); // default
}

TEST_F(ConfigFile, ReadsWhatPeopleWrite)
{
    Config config;
    EXPECT_EQ(load("# a run\n---\nqueue-size: 4096   # K\nmoco_t: 0.2\nmlp: yes\narch: 'resnet18'\n"
                   "out: \"r\\u00e4n\"\nlr: auto\nmilestones: 3,4\n...\n",
                   &config),
              "");
    EXPECT_EQ(config.queue_size, 4096);
    EXPECT_EQ(config.temperature, 0.2);
    EXPECT_TRUE(config.mlp);
    EXPECT_STREQ(config.arch, "resnet18");
    EXPECT_STREQ(config.out, "r\xc3\xa4n");
    EXPECT_STREQ(config.milestones, "3,4");
    EXPECT_EQ(load(""), "");
    EXPECT_EQ(load("# nothing\n"), "");
    EXPECT_EQ(load("{}"), "");
}

TEST_F(ConfigFile, AliasesAreKeys)
{
    for (const auto *option : all_options()) {
        for (const auto &alias : aliases(option)) {
            SCOPED_TRACE(alias);
            std::string key = alias;
            std::replace(key.begin(), key.end(), '-', '_');
            const std::string value = option->kind == MOCO_OPTION_PATH ? "folder" : samples(option).back();
            Config by_name, by_alias;
            EXPECT_EQ(load(std::string(option->name) + ": " + value + "\n", &by_name), "");
            EXPECT_EQ(load(key + ": " + value + "\n", &by_alias), "");
            EXPECT_EQ(std::memcmp(&by_name, &by_alias, sizeof by_name), 0);
        }
    }
}

TEST_F(ConfigFile, RefusesUnknownChoices)
{
    for (const auto *option : all_options()) {
        if (option->choices != nullptr) {
            EXPECT_HAS(load(std::string(option->name) + ": no-such\n"),
                       path("c.yaml") + ":1: " + option->name + ": there is no 'no-such'");
        }
    }
}

TEST_F(ConfigFile, RefusesWithFileAndLine)
{
    const std::string at = path("c.yaml") + ":";
    const std::vector<std::vector<std::string>> cases{
        { "epochs: 3\nbacth: 4\n", "2", "did you mean 'batch'?" },
        { "queue_sise: 4\n", "1", "did you mean 'queue_size'?" },
        { "xyzzy: 4\n", "1", "there is no option 'xyzzy'" },
        { "epochs: 3\nepochs: 3\n", "2", "second time" },
        { "queue-size: 3\nqueue_size: 3\n", "2", "second time" },
        { "moco-k: 3\nqueue_size: 3\n", "2", "second time" },
        { "epochs:\n  a: 3\n", "2", "a nested map" },
        { "epochs: {a: 3}\n", "1", "a nested map" },
        { "milestones: [3, 4]\n", "1", "a list" },
        { "epochs: \"3\"\n", "1", "remove them" },
        { "epochs: three\n", "1", "'three' is not a whole number" },
        { "\n\nepochs: 0\n", "3", "'0' is not a whole number in range" },
        { "epochs:\n", "1", "has no value" },
        { "epochs: ~\n", "1", "has no value" },
        { "epochs: &a 3\nbatch: *a\n", "1", "tag or anchor" },
        { "epochs: 3\nbatch: *a\n", "2", "an alias" },
        { "epochs: !!str 3\n", "1", "tag or anchor" },
        { "- epochs\n", "1", "name: value" },
        { "epochs\n", "1", "name: value" },
        { "epochs: 3\n---\nbatch: 4\n", "2", "second document" },
        { "[a]: 3\n", "1", "a key is a list" },
        { "epochs: 3\n\tbatch: 4\n", "2", "not YAML" },
        { "out: \"abc\n", "", "not YAML" },
        { "out: \"a\\0b\"\n", "1", "NUL" },
        { std::string("out: a\0b\n", 9), "", "not YAML" },
        { "out: \xff\n", "", "not YAML" },
        { "arch: resnet\n", "1", "arch: there is no 'resnet'" },
        { "mlp: maybe\n", "1", "neither true nor false" },
    };
    for (const auto &row : cases) {
        SCOPED_TRACE(row[0]);
        Config config;
        const Config before;
        const std::string message = load(row[0], &config);
        EXPECT_HAS(message, row[1].empty() ? at : at + row[1] + ":");
        EXPECT_HAS(message, row[2]);
        EXPECT_EQ(std::memcmp(&config, &before, sizeof config), 0);
    }
}

TEST_F(ConfigFile, MissingFilesAndFoldersAreErrors)
{
    Config config;
    EXPECT_EQ(moco_config_load(&config, path("none.yaml").c_str()), MOCO_ENOTFOUND);
    EXPECT_HAS(std::string(moco_error_message()), path("none.yaml"));
    EXPECT_NE(moco_config_load(&config, folder_.c_str()), MOCO_OK);
    EXPECT_NE(moco_config_save(&config, path("no/such/folder/c.yaml").c_str()), MOCO_OK);
    EXPECT_NE(std::string(moco_error_message()), "");
}

TEST_F(ConfigFile, SavingLeavesNoTemporaryFile)
{
    const Config config;
    ASSERT_EQ(moco_config_save(&config, path("c.yaml").c_str()), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco_config_save(&config, path("c.yaml").c_str()), MOCO_OK) << moco_error_message();
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

RC_GTEST_FIXTURE_PROP(ConfigFile, AnyBytesAreReadOrRefused, (const std::string &text))
{
    Config config;
    const std::string message = load("epochs: 3\n" + text, &config);
    RC_ASSERT(message.empty() || has(message, "c.yaml"));
}
