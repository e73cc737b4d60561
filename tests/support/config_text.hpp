// Lists options, their values as text, and values to try, for tests of the configuration.
#pragma once

#include "support/temporary_folder.hpp"

#include <moco.h>

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace config_text {

using moco_test::has;

struct Config : moco_config {
    Config() : moco_config() { moco_config_init(this, sizeof(moco_config)); }
};

inline std::vector<const moco_option *> all_options()
{
    std::vector<const moco_option *> options;
    for (size_t i = 0; const moco_option *option = moco_config_option(i); ++i) {
        options.push_back(option);
    }
    return options;
}

inline std::vector<std::string> choices(const moco_option *option)
{
    std::vector<std::string> names;
    for (size_t i = 0; option->choices[i] != nullptr; ++i) {
        names.emplace_back(option->choices[i]);
    }
    return names;
}

inline std::vector<std::string> aliases(const moco_option *option)
{
    std::vector<std::string> names;
    for (const char *alias : option->aliases) {
        if (alias != nullptr) {
            names.emplace_back(alias);
        }
    }
    return names;
}

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

inline std::string get(const moco_config &config, const moco_option *option)
{
    char text[MOCO_PATH_MAX + 1];
    EXPECT_EQ(moco_config_get(&config, option, text, sizeof text), MOCO_OK);
    return text;
}

inline std::string get(const moco_config &config, const char *name)
{
    return get(config, moco_config_find_option(name));
}

inline std::string number(double value)
{
    std::ostringstream text;
    text.precision(17);
    text << value;
    return text.str();
}

// Values of an option that differ from each other, both ends of its range among them.
inline std::vector<std::string> samples(const moco_option *option)
{
    switch (option->kind) {
    case MOCO_OPTION_INT: {
        std::vector<std::string> values{ std::to_string(static_cast<int64_t>(option->min)),
                                         std::to_string(static_cast<int64_t>(option->max)) };
        if (option->zero_is_auto) {
            values.emplace_back("auto");
        }
        return values;
    }
    case MOCO_OPTION_UINT64:
        return { "0", "18446744073709551615", "9007199254740993" };
    case MOCO_OPTION_REAL: {
        std::vector<std::string> values{ number(option->max), number((option->min + option->max) / 3) };
        values.push_back(option->zero_is_auto ? "auto" : number(option->min));
        return values;
    }
    case MOCO_OPTION_BOOL:
        return { "true", "false" };
    case MOCO_OPTION_CHOICE:
    case MOCO_OPTION_NAME:
        return choices(option);
    case MOCO_OPTION_TEXT:
    case MOCO_OPTION_PATH:
        break;
    }
    if (std::string(option->name) == "device") {
        return { "cuda:1", "no", "#1: 2", "" };
    }
    if (std::string(option->name) == "milestones") {
        return { "120,160", "1", "" };
    }
    return { "a b",         "#no: comment", "quote \" and \\ and '", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
             "tab\tline\n", "auto" };
}

#define EXPECT_HAS(text, part) EXPECT_TRUE(has(text, part)) << (text)

} // namespace config_text
