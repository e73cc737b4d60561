// Tests the table of options: its rows, names, aliases and choices.
#include "support/config_text.hpp"

extern "C" {
#include "config/config_check_internal.h"
#include "loader/augment_policy_internal.h"
}

#include <cstring>
#include <map>
#include <set>

using namespace config_text;

namespace {

enum Size { SMALL, LARGE };

struct Values {
    int64_t count;
    char name[8];
    Size size;
};

const char *const kNames[] = { "abc", "defg", nullptr };
const char *const kSizes[] = { "small", "large", nullptr };

moco_option row(const char *name, moco_option_kind kind, size_t offset, size_t size)
{
    moco_option option{};
    option.name = name;
    option.kind = kind;
    option.offset = offset;
    option.size = size;
    return option;
}

} // namespace

TEST(Option, WorksOnAnyStructWithATable)
{
    Values values{ 3, "abc", SMALL };
    moco_option count = row("count", MOCO_OPTION_INT, offsetof(Values, count), sizeof values.count);
    count.min = 1;
    count.max = 9;
    count.zero_is_auto = true;
    moco_option name = row("name", MOCO_OPTION_NAME, offsetof(Values, name), sizeof values.name);
    name.choices = kNames;
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

TEST(Option, ChoicesAreEnums)
{
    Values values{ 3, "abc", SMALL };
    moco_option size = row("size", MOCO_OPTION_CHOICE, offsetof(Values, size), sizeof values.size);
    size.choices = kSizes;
    EXPECT_EQ(moco_option_set(&values, &size, "large"), MOCO_OK);
    EXPECT_EQ(values.size, LARGE);
    EXPECT_STREQ(moco_option_choice(&values, &size), "large");
    EXPECT_EQ(moco_option_set(&values, &size, "larg"), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "size: there is no 'larg'; did you mean 'large'?");
    EXPECT_EQ(values.size, LARGE);
    const unsigned wrong = 2;
    std::memcpy(&values.size, &wrong, sizeof wrong);
    EXPECT_EQ(moco_option_choice(&values, &size), nullptr);
    char text[16];
    EXPECT_EQ(moco_option_get(&values, &size, text, sizeof text), MOCO_EINVALID);
    EXPECT_HAS(std::string(moco_error_message()), "size");
    size.size = 1;
    EXPECT_EQ(moco_option_set(&values, &size, "small"), MOCO_EINVALID) << "the field is not an enum";
}

TEST(Option, FindsNamesByLengthAndNearest)
{
    moco_option table[2] = { row("queue-size", MOCO_OPTION_INT, 0, 8), row("batch", MOCO_OPTION_INT, 0, 8) };
    table[0].aliases[0] = "k";
    table[0].aliases[1] = "moco-k";
    EXPECT_EQ(moco_option_find(table, 2, "queue_size=7", 10), &table[0]);
    EXPECT_EQ(moco_option_find(table, 2, "k", 1), &table[0]);
    EXPECT_EQ(moco_option_find(table, 2, "moco_k", 6), &table[0]);
    EXPECT_EQ(moco_option_find(table, 2, "moco_k", 5), nullptr);
    EXPECT_EQ(moco_option_find(table, 2, "", 0), nullptr);
    EXPECT_EQ(moco_option_find(table, 0, "batch", 5), nullptr);
    size_t errors = 99;
    EXPECT_EQ(moco_option_nearest(table, 2, "bacth", &errors), &table[1]);
    EXPECT_EQ(errors, 1U);
    EXPECT_EQ(moco_option_nearest(table, 2, "bacth", &errors), nullptr) << "nothing is nearer than 1";
    EXPECT_EQ(moco_option_nearest(table, 2, "moko-k", nullptr), &table[0]);
}

TEST(Config, TableIsSound)
{
    std::set<std::string> names;
    std::set<size_t> offsets;
    for (const auto *option : all_options()) {
        SCOPED_TRACE(option->name);
        EXPECT_TRUE(names.insert(option->name).second);
        EXPECT_TRUE(offsets.insert(option->offset).second);
        for (const auto &alias : aliases(option)) {
            EXPECT_TRUE(names.insert(alias).second) << alias;
            EXPECT_EQ(moco_config_find_option(alias.c_str()), option) << alias;
        }
        EXPECT_EQ(std::string(option->name).find('_'), std::string::npos);
        EXPECT_NE(option->group, nullptr);
        EXPECT_GT(std::strlen(option->help), 5U);
        EXPECT_EQ(option->argument == nullptr, option->kind == MOCO_OPTION_BOOL);
        EXPECT_EQ(option->choices != nullptr, option->kind == MOCO_OPTION_CHOICE || option->kind == MOCO_OPTION_NAME);
        EXPECT_LE(option->offset + option->size, sizeof(moco_config));
        if (option->kind == MOCO_OPTION_INT || option->kind == MOCO_OPTION_REAL) {
            EXPECT_LT(option->min, option->max);
            EXPECT_EQ(option->size, 8U);
        }
    }
    size_t count = 0;
    EXPECT_EQ(moco_config_options(&count), moco_config_option(0));
    EXPECT_EQ(count, all_options().size());
    EXPECT_EQ(moco_config_option(names.size()), nullptr);
}

TEST(Config, TableCoversTheStruct)
{
    size_t end = sizeof(size_t);
    std::map<size_t, const moco_option *> by_place;
    for (const auto *option : all_options()) {
        by_place[option->offset] = option;
    }
    for (const auto &[offset, option] : by_place) {
        EXPECT_LT(offset - end, sizeof(size_t)) << "more than padding lies before " << option->name;
        end = offset + option->size;
    }
    EXPECT_LT(sizeof(moco_config) - end, sizeof(size_t));
    EXPECT_NE(moco_config_find_option("knn_images"), nullptr);
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
    EXPECT_EQ(choices(moco_config_find_option("arch")).size(), count);
    size_t trainable = 0;
    for (size_t i = 0; const char *name = moco_augment_preset_name(i); ++i) {
        trainable += moco__augment_eval_preset(name) != nullptr ? 1U : 0U;
    }
    EXPECT_EQ(choices(moco_config_find_option("augment")).size(), trainable);
    for (const auto &name : choices(moco_config_find_option("augment"))) {
        moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
        EXPECT_EQ(moco_augment_preset(&policy, name.c_str(), 0), MOCO_OK) << name;
        Config config;
        ASSERT_EQ(moco_config_set(&config, "augment", name.c_str()), MOCO_OK);
        EXPECT_EQ(moco_augment_preset(&policy, moco__augment_eval_preset(config.augment), 0), MOCO_OK) << name;
    }
}

TEST(Config, ChoicesAreTheEnums)
{
    for (const auto *option : all_options()) {
        if (option->kind != MOCO_OPTION_CHOICE) {
            continue;
        }
        unsigned value = 0;
        for (const auto &name : choices(option)) {
            SCOPED_TRACE(std::string(option->name) + "=" + name);
            Config config;
            unsigned field = 99;
            ASSERT_EQ(moco_config_set(&config, option->name, name.c_str()), MOCO_OK);
            std::memcpy(&field, reinterpret_cast<const char *>(&config) + option->offset, sizeof field);
            EXPECT_EQ(field, value++);
            EXPECT_EQ(moco_config_choice(&config, option->name), name);
        }
    }
    Config config;
    const char *const settings[][2] = {
        { "format", "cifar" },    { "augment-precision", "fast" },    { "precision", "bf16" },
        { "layout", "nhwc" },     { "momentum-schedule", "cosine" },  { "shuffle", "off" },
        { "schedule", "cosine" }, { "gradient-compression", "bf16" }, { "knn-features", "output" }
    };
    for (const auto &[name, value] : settings) {
        ASSERT_EQ(moco_config_set(&config, name, value), MOCO_OK) << name;
    }
    EXPECT_EQ(config.format, MOCO_FORMAT_CIFAR);
    EXPECT_EQ(config.augment_precision, MOCO_AUGMENT_FAST);
    EXPECT_EQ(config.precision, MOCO_PRECISION_BF16);
    EXPECT_EQ(config.layout, MOCO_LAYOUT_NHWC);
    EXPECT_EQ(config.momentum_schedule, MOCO_MOMENTUM_COSINE);
    EXPECT_EQ(config.shuffle, MOCO_SHUFFLE_OFF);
    EXPECT_EQ(config.schedule, MOCO_SCHEDULE_COSINE);
    EXPECT_EQ(config.gradient_compression, MOCO_COMPRESSION_BF16);
    EXPECT_EQ(config.knn_features, MOCO_KNN_OUTPUT);
    EXPECT_EQ(moco_config_choice(&config, "epochs"), nullptr);
    EXPECT_EQ(moco_config_choice(&config, "xyzzy"), nullptr);
}
