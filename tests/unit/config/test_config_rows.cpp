// Tests that the parts of the table of options are all in it, in order.
#include <gtest/gtest.h>

#include <cstring>

extern "C" {
#include "config/config_rows_internal.h"
}

TEST(ConfigRows, AllAreInTheTable)
{
    size_t count = 0;
    size_t at = 0;
    const moco_option *table = moco_config_options(&count);
    for (const auto *part : { &moco__config_rows_data, &moco__config_rows_method, &moco__config_rows_run }) {
        ASSERT_LE(at + part->count, count);
        for (size_t i = 0; i < part->count; ++i) {
            EXPECT_STREQ(table[at++].name, part->rows[i].name);
        }
    }
    EXPECT_EQ(at, count);
}
