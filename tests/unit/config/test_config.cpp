// The option table, its texts, presets and checks.
#include "support/config_text.hpp"

#include <rapidcheck/gtest.h>

#include <clocale>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

using namespace config_text;

namespace {

// Collects what the library logs.
struct Log {
    Log() { moco_log_set_callback(add, &lines); }
    ~Log() { moco_log_set_callback(nullptr, nullptr); }
    static void add(moco_log_level, const char *message, void *payload)
    {
        static_cast<std::vector<std::string> *>(payload)->emplace_back(message);
    }
    std::vector<std::string> lines;
};

} // namespace

TEST(Config, TableIsSound)
{
    std::set<std::string> names;
    std::set<size_t> offsets;
    for (const auto *option : all_options()) {
        SCOPED_TRACE(option->name);
        EXPECT_TRUE(names.insert(option->name).second);
        EXPECT_TRUE(offsets.insert(option->offset).second);
        for (const auto &alias : split(option->alias != nullptr ? option->alias : "", '|')) {
            EXPECT_TRUE(names.insert(alias).second) << alias;
            EXPECT_EQ(moco_config_find_option(alias.c_str()), option) << alias;
        }
        EXPECT_EQ(std::string(option->name).find('_'), std::string::npos);
        EXPECT_NE(option->group, nullptr);
        EXPECT_GT(std::strlen(option->help), 5U);
        EXPECT_EQ(option->argument == nullptr, option->kind == MOCO_OPTION_BOOL);
        EXPECT_EQ(option->choices != nullptr, option->kind == MOCO_OPTION_CHOICE);
        EXPECT_LE(option->offset + option->size, sizeof(moco_config));
        if (option->kind == MOCO_OPTION_INT || option->kind == MOCO_OPTION_REAL) {
            EXPECT_LT(option->min, option->max);
            EXPECT_EQ(option->size, 8U);
        }
    }
    EXPECT_EQ(moco_config_option(names.size()), nullptr);
}

TEST(Config, TableCoversTheStruct)
{
    size_t sum = sizeof(size_t);
    for (const auto *option : all_options()) {
        sum += option->size;
    }
    // What is left is padding after bools.
    EXPECT_LE(sizeof(moco_config) - sum, 8U * 8U);
    EXPECT_NE(moco_config_find_option("knn_images"), nullptr);
}

TEST(Config, EveryOptionRoundTripsAsText)
{
    for (const auto *option : all_options()) {
        for (const auto &value : samples(option)) {
            SCOPED_TRACE(std::string(option->name) + "=" + value);
            Config config;
            ASSERT_EQ(moco_config_set(&config, option->name, value.c_str()), MOCO_OK) << moco_error_message();
            const std::string text = get(config, option);
            if (option->kind != MOCO_OPTION_REAL) {
                EXPECT_EQ(text, value);
            }
            Config again;
            ASSERT_EQ(moco_config_set(&again, option->name, text.c_str()), MOCO_OK) << moco_error_message();
            EXPECT_EQ(std::memcmp(reinterpret_cast<const char *>(&config) + option->offset,
                                  reinterpret_cast<const char *>(&again) + option->offset, option->size),
                      0);
        }
    }
}

RC_GTEST_PROP(Config, RealsRoundTripToTheBit, ())
{
    const auto mantissa = *rc::gen::inRange<int64_t>(0, int64_t{ 1 } << 53);
    const auto exponent = *rc::gen::inRange(-80, 0);
    const double value = std::ldexp(static_cast<double>(mantissa), exponent);
    RC_PRE(value <= 10);
    Config config;
    config.weight_decay = value;
    const std::string text = get(config, "weight-decay");
    config.weight_decay = -1;
    RC_ASSERT(moco_config_set(&config, "weight-decay", text.c_str()) == MOCO_OK);
    RC_ASSERT(config.weight_decay == value);
}

TEST(Config, NumbersOutOfRangeOrMalformedAreRefused)
{
    Config config;
    for (const auto *option : all_options()) {
        if (option->kind != MOCO_OPTION_INT && option->kind != MOCO_OPTION_REAL) {
            continue;
        }
        const std::string before = get(config, option);
        for (const std::string &value :
             { number(option->max * 2 + 1), std::string("-1"), std::string("nan"), std::string("inf"), std::string(""),
               std::string(" 1"), std::string("1 "), std::string("1x"), std::string("0x10"), std::string("1,5"),
               std::string("99999999999999999999999") }) {
            SCOPED_TRACE(std::string(option->name) + "='" + value + "'");
            ASSERT_EQ(moco_config_set(&config, option->name, value.c_str()), MOCO_EINVALID);
            EXPECT_HAS(std::string(moco_error_message()), option->name);
            EXPECT_HAS(std::string(moco_error_message()), "'" + value + "'");
            EXPECT_EQ(get(config, option), before);
        }
    }
    EXPECT_EQ(moco_config_set(&config, "seed", "-1"), MOCO_EINVALID);
    EXPECT_EQ(moco_config_set(&config, "seed", "18446744073709551616"), MOCO_EINVALID);
    EXPECT_EQ(moco_config_set(&config, "epochs", "1.5"), MOCO_EINVALID);
}

TEST(Config, TextsAreBoundedAndUtf8)
{
    Config config;
    EXPECT_EQ(moco_config_set(&config, "out", std::string(MOCO_PATH_MAX - 1, 'x').c_str()), MOCO_OK);
    EXPECT_EQ(moco_config_set(&config, "out", std::string(MOCO_PATH_MAX, 'x').c_str()), MOCO_EINVALID);
    for (const char *bad : { "\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\x80" }) {
        EXPECT_EQ(moco_config_set(&config, "out", bad), MOCO_EINVALID);
    }
    EXPECT_EQ(std::strlen(config.out), MOCO_PATH_MAX - 1U);
    EXPECT_EQ(moco_config_check(&config), MOCO_OK) << moco_error_message();
    std::memset(config.out, 'x', sizeof config.out);
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
}

TEST(Config, NumbersDoNotDependOnTheLocale)
{
    // Where no such locale is installed the test still checks the usual one.
    const char *found = std::setlocale(LC_ALL, "de_DE.UTF-8");
    Config config;
    EXPECT_EQ(moco_config_set(&config, "temperature", "0.5"), MOCO_OK);
    EXPECT_EQ(config.temperature, 0.5);
    EXPECT_EQ(get(config, "temperature"), "0.5");
    std::setlocale(LC_ALL, "C");
    (void)found;
}

TEST(Config, SuggestsTheNearestName)
{
    EXPECT_STREQ(moco_config_suggest("temprature"), "temperature");
    EXPECT_STREQ(moco_config_suggest("queue"), "queue-size");
    EXPECT_STREQ(moco_config_suggest("quue_size"), "queue-size");
    EXPECT_STREQ(moco_config_suggest("learning-rat"), "lr");
    EXPECT_STREQ(moco_config_suggest("bacth"), "batch");
    EXPECT_EQ(moco_config_suggest("xyzzy"), nullptr);
    EXPECT_EQ(moco_config_suggest(""), nullptr);
    EXPECT_EQ(moco_config_suggest(nullptr), nullptr);
    EXPECT_EQ(moco_config_suggest(std::string(5000, 'q').c_str()), nullptr);
    Config config;
    EXPECT_EQ(moco_config_set(&config, "bacth", "3"), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "did you mean 'batch'?");
    EXPECT_EQ(moco_config_set(&config, "arch", "resnet-50"), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "did you mean 'resnet50'?");
}

TEST(Config, NamesTakeDashesUnderscoresAndAliases)
{
    EXPECT_EQ(moco_config_find_option("queue_size"), moco_config_find_option("queue-size"));
    EXPECT_EQ(moco_config_find_option("moco_k"), moco_config_find_option("queue-size"));
    EXPECT_EQ(moco_config_find_option("b"), moco_config_find_option("batch"));
    EXPECT_EQ(moco_config_find_option("batch-"), nullptr);
    EXPECT_EQ(moco_config_find_option("bat"), nullptr);
    EXPECT_EQ(moco_config_find_option(""), nullptr);
    EXPECT_EQ(moco_config_find_option(nullptr), nullptr);
}

TEST(Config, ArchitecturesAndAugmentationsAreTheLibrarys)
{
    for (const char *name : { "resnet18", "resnet50", "resnet20" }) {
        Config config;
        EXPECT_EQ(moco_config_set(&config, "arch", name), MOCO_OK) << moco_error_message();
    }
    size_t count = 0;
    while (moco_encoder_arch(count) != nullptr) {
        ++count;
    }
    EXPECT_EQ(split(moco_config_find_option("arch")->choices, '|').size(), count);
    for (const auto &name : split(moco_config_find_option("augment")->choices, '|')) {
        moco_augment_policy policy;
        EXPECT_EQ(moco_augment_preset(&policy, name.c_str(), 0), MOCO_OK) << name;
        Config config;
        ASSERT_EQ(moco_config_set(&config, "augment", name.c_str()), MOCO_OK);
        EXPECT_EQ(moco_augment_preset(&policy, moco_config_eval_augment(&config), 0), MOCO_OK) << name;
    }
}

TEST(Config, DefaultsAreTheReferences)
{
    Config config;
    EXPECT_EQ(config.struct_size, sizeof(moco_config));
    EXPECT_STREQ(config.arch, "resnet50");
    EXPECT_EQ(config.queue_size, 65536);
    EXPECT_EQ(config.momentum, 0.999);
    EXPECT_EQ(config.temperature, 0.07);
    EXPECT_EQ(config.batch, 256);
    EXPECT_EQ(config.epochs, 200);
    EXPECT_STREQ(config.milestones, "120,160");
    EXPECT_EQ(config.weight_decay, 1e-4);
    EXPECT_EQ(config.sgd_momentum, 0.9);
    EXPECT_STREQ(config.shuffle, "alltoall");
    EXPECT_STREQ(config.device, "cpu");
    EXPECT_EQ(moco_config_check(&config), MOCO_OK) << moco_error_message();
    Config v1;
    ASSERT_EQ(moco_config_apply_preset(&v1, "v1"), MOCO_OK);
    EXPECT_EQ(std::memcmp(&config, &v1, sizeof config), 0);
}

TEST(Config, PresetsAreValidAndDoNotDependOnEachOther)
{
    const Log log;
    size_t count = 0;
    for (; moco_config_preset_name(count) != nullptr; ++count) {
        SCOPED_TRACE(moco_config_preset_name(count));
        EXPECT_GT(std::strlen(moco_config_preset_help(count)), 5U);
        Config config;
        ASSERT_EQ(moco_config_apply_preset(&config, moco_config_preset_name(count)), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_config_check(&config), MOCO_OK) << moco_error_message();
        for (size_t other = 0; moco_config_preset_name(other) != nullptr; ++other) {
            Config mixed;
            ASSERT_EQ(moco_config_apply_preset(&mixed, moco_config_preset_name(other)), MOCO_OK);
            ASSERT_EQ(moco_config_apply_preset(&mixed, moco_config_preset_name(count)), MOCO_OK);
            EXPECT_EQ(std::memcmp(&mixed, &config, sizeof config), 0) << moco_config_preset_name(other);
        }
    }
    EXPECT_GE(count, 5U);
    EXPECT_TRUE(log.lines.empty()) << log.lines.front();
    EXPECT_EQ(moco_config_preset_help(count), nullptr);
}

TEST(Config, PresetV2AndCifarAreTheReferences)
{
    Config config;
    ASSERT_EQ(moco_config_apply_preset(&config, "v2"), MOCO_OK);
    EXPECT_TRUE(config.mlp);
    EXPECT_EQ(config.temperature, 0.2);
    EXPECT_STREQ(config.schedule, "cosine");
    EXPECT_STREQ(config.augment, "v2");
    EXPECT_EQ(config.queue_size, 65536);
    ASSERT_EQ(moco_config_apply_preset(&config, "cifar"), MOCO_OK);
    EXPECT_FALSE(config.mlp);
    EXPECT_TRUE(config.cifar_stem);
    EXPECT_EQ(config.queue_size, 4096);
    EXPECT_EQ(config.batch, 512);
    EXPECT_EQ(config.lr, 0.06);
    EXPECT_EQ(config.weight_decay, 5e-4);
    EXPECT_EQ(config.bn_splits, 8);
}

TEST(Config, UnknownPresetIsNamedAndChangesNothing)
{
    Config config;
    const Config before;
    EXPECT_EQ(moco_config_apply_preset(&config, "cifra"), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "did you mean 'cifar'?");
    EXPECT_EQ(std::memcmp(&config, &before, sizeof config), 0);
}

TEST(Option, WorksOnAnyStructWithATable)
{
    struct Values {
        int64_t count;
        char name[8];
    } values{ 3, "abc" };
    const moco_option count{ "count",
                             nullptr,
                             MOCO_OPTION_INT,
                             nullptr,
                             "N",
                             "",
                             nullptr,
                             1,
                             9,
                             true,
                             offsetof(Values, count),
                             sizeof values.count };
    const moco_option name{ "name", nullptr, MOCO_OPTION_CHOICE,     nullptr,           "S", "", "abc|defg", 0,
                            0,      false,   offsetof(Values, name), sizeof values.name };
    EXPECT_EQ(moco_option_set(&values, &count, "auto"), MOCO_OK);
    EXPECT_EQ(values.count, 0);
    EXPECT_EQ(moco_option_set(&values, &count, "10"), MOCO_EINVALID);
    EXPECT_EQ(moco_option_set(&values, &name, "defg"), MOCO_OK);
    EXPECT_EQ(moco_option_set(&values, &name, "def"), MOCO_EINVALID);
    EXPECT_STREQ(values.name, "defg");
    char text[3];
    EXPECT_EQ(moco_option_get(&values, &name, text, sizeof text), MOCO_OK);
    EXPECT_STREQ(text, "de");
}

TEST(ConfigCheck, BatchAndSplits)
{
    Config config;
    config.batch = 100;
    config.bn_splits = 8;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "use bn-splits 5 or batch 104");
    config.bn_splits = 100;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "use bn-splits 50 or batch 200");
    config.bn_splits = 0;
    EXPECT_EQ(moco_config_check(&config), MOCO_OK);
    config.bn_splits = 50;
    EXPECT_EQ(moco_config_check(&config), MOCO_OK);
    config.batch = 1;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
}

TEST(ConfigCheck, Milestones)
{
    Config config;
    double values[MOCO_MAX_MILESTONES];
    size_t count = 99;
    ASSERT_EQ(moco_config_milestones(&config, values, &count), MOCO_OK);
    ASSERT_EQ(count, 2U);
    EXPECT_EQ(values[0], 120);
    EXPECT_EQ(values[1], 160);
    ASSERT_EQ(moco_config_set(&config, "milestones", " 3 , 4,100 "), MOCO_OK);
    ASSERT_EQ(moco_config_milestones(&config, values, &count), MOCO_OK);
    EXPECT_EQ(count, 3U);
    for (const char *bad : { "a", "3,", ",3", "3,,4", "4,3", "3,3", "0", "-1", "3 4", "3.5", "1e3", "99999999999",
                             "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17" }) {
        SCOPED_TRACE(bad);
        ASSERT_EQ(moco_config_set(&config, "milestones", bad), MOCO_OK);
        count = 99;
        EXPECT_EQ(moco_config_milestones(&config, values, &count), MOCO_EINVALID);
        EXPECT_EQ(count, 99U);
        EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
        EXPECT_HAS(std::string(moco_error_message()), "milestones");
    }
    ASSERT_EQ(moco_config_set(&config, "milestones", ""), MOCO_OK);
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    ASSERT_EQ(moco_config_set(&config, "schedule", "cosine"), MOCO_OK);
    EXPECT_EQ(moco_config_check(&config), MOCO_OK);
}

TEST(ConfigCheck, FieldsAgainstEachOther)
{
    Config config;
    config.warmup_epochs = 200;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "warmup-epochs");
    config = Config();
    config.image_size = 12;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "image-size");
    config.cifar_stem = true;
    EXPECT_EQ(moco_config_check(&config), MOCO_OK);
    for (const char *bad : { "tpu", "cuda:", "cuda:x", "cuda:12345", "CPU", "" }) {
        config = Config();
        ASSERT_EQ(moco_config_set(&config, "device", bad), MOCO_OK);
        EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID) << bad;
    }
    for (const char *good : { "cpu", "cuda", "cuda:0", "cuda:15" }) {
        ASSERT_EQ(moco_config_set(&config, "device", good), MOCO_OK);
        EXPECT_EQ(moco_config_check(&config), MOCO_OK) << good;
    }
}

TEST(ConfigCheck, FieldsFilledInByHand)
{
    Config config;
    config.temperature = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "temperature");
    config = Config();
    config.queue_size = 0;
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    config = Config();
    std::strcpy(config.arch, "alexnet");
    EXPECT_EQ(moco_config_check(&config), MOCO_EINVALID);
    const moco_config zero{};
    EXPECT_EQ(moco_config_check(&zero), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "moco_config_init");
    EXPECT_EQ(moco_config_check(nullptr), MOCO_EINVALID);
}

TEST(ConfigCheck, WarnsOfWhatIsUnusual)
{
    const Log log;
    Config config;
    config.batch = 4096;
    config.momentum = 0.9;
    config.epochs = 50;
    ASSERT_EQ(moco_config_set(&config, "shuffle", "off"), MOCO_OK);
    EXPECT_EQ(moco_config_check(&config), MOCO_OK) << moco_error_message();
    EXPECT_EQ(log.lines.size(), 4U);
}
