// Tests setting and reading the options of a configuration as text.
#include "support/config_text.hpp"

#include <rapidcheck/gtest.h>

#include <clocale>
#include <cmath>
#include <cstring>

using namespace config_text;

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

TEST(Config, NumbersAreWrittenAsPeopleWriteThem)
{
    Config config;
    for (const char *text : { "300", "0.00375", "0.06", "1000", "25", "0.0001", "123456.789", "1e-7" }) {
        config.weight_decay = std::stod(text);
        EXPECT_EQ(get(config, "weight-decay"), text);
    }
    config.weight_decay = 1e30;
    EXPECT_EQ(get(config, "weight-decay"), "1e+30");
}

TEST(Config, UnknownChoicesAreRefused)
{
    Config config;
    for (const auto *option : all_options()) {
        if (option->kind != MOCO_OPTION_CHOICE && option->kind != MOCO_OPTION_NAME) {
            continue;
        }
        for (const char *text : { "no-such", "", "0", "AUTO" }) {
            SCOPED_TRACE(std::string(option->name) + "='" + text + "'");
            const std::string before = get(config, option);
            EXPECT_EQ(moco_config_set(&config, option->name, text), MOCO_EINVALID);
            EXPECT_HAS(std::string(moco_error_message()), std::string(option->name) + ": there is no '" + text + "'");
            EXPECT_EQ(get(config, option), before);
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
