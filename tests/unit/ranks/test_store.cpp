// Tests the store: texts, numbers, and what it refuses.
#include "base/store_internal.h"
#include "support/temporary_folder.hpp"
#include "support/thread_ranks.hpp"

using moco_test::free_port;
using moco_test::message_has;

TEST(Store, KeepsTextsAndNumbers)
{
    moco_store_options options = MOCO_STORE_OPTIONS_INIT;
    options.port = free_port();
    options.serve = true;
    options.timeout_s = 20;
    options.prefix = "a";
    moco_store *store = nullptr;
    moco_store *clone = nullptr;
    moco_store *other = nullptr;
    ASSERT_EQ(moco__store_open(&store, &options), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco__store_clone(&clone, store), MOCO_OK) << moco_error_message();
    options.serve = false;
    options.prefix = "b";
    ASSERT_EQ(moco__store_open(&other, &options), MOCO_OK) << moco_error_message();

    char text[6];
    ASSERT_EQ(moco__store_set(store, "key", "value"), MOCO_OK);
    ASSERT_EQ(moco__store_get(text, sizeof text, clone, "key"), MOCO_OK) << moco_error_message();
    EXPECT_STREQ(text, "value");
    EXPECT_EQ(moco__store_get(text, sizeof text, other, "key"), MOCO_ENOTFOUND) << "it has another prefix";
    ASSERT_EQ(moco__store_set(store, "key", ""), MOCO_OK);
    ASSERT_EQ(moco__store_get(text, 1, clone, "key"), MOCO_OK);
    EXPECT_STREQ(text, "");
    ASSERT_EQ(moco__store_set(store, "key", "longer"), MOCO_OK);
    EXPECT_EQ(moco__store_get(text, sizeof text, clone, "key"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("needs 7 bytes")) << moco_error_message();
    EXPECT_EQ(moco__store_get(text, 0, clone, "key"), MOCO_EINVALID);
    EXPECT_STREQ(text, "") << "untouched";

    int64_t sum = 0;
    ASSERT_EQ(moco__store_add(nullptr, store, "count", 3), MOCO_OK);
    ASSERT_EQ(moco__store_add(&sum, clone, "count", -1), MOCO_OK);
    EXPECT_EQ(sum, 2);

    moco__store_free(other);
    moco__store_free(store);
    EXPECT_EQ(moco__store_get(text, sizeof text, clone, "key"), MOCO_EPEER) << "the server is gone";
    EXPECT_EQ(moco__store_add(&sum, clone, "count", 1), MOCO_EPEER);
    EXPECT_EQ(moco__store_set(clone, "key", "x"), MOCO_EPEER);
    moco__store_free(clone);
    moco__store_free(nullptr);
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Store, RefusesWhatDoesNotFit)
{
    moco_store *store = nullptr;
    moco_store_options options = MOCO_STORE_OPTIONS_INIT;
    options.timeout_s = 1;
    EXPECT_EQ(moco__store_open(nullptr, &options), MOCO_EINVALID);
    for (const int port : { 0, -1, 65536 }) {
        options.port = port;
        EXPECT_EQ(moco__store_open(&store, &options), MOCO_EINVALID) << port;
    }
    options.port = free_port();
    EXPECT_EQ(moco__store_open(&store, &options), MOCO_EUNAVAILABLE) << "nobody serves it";
    EXPECT_TRUE(message_has("no answer from 127.0.0.1:")) << moco_error_message();
    options.timeout_s = 0;
    EXPECT_EQ(moco__store_open(&store, &options), MOCO_EINVALID);
    options.timeout_s = 5;
    options.address = nullptr;
    EXPECT_EQ(moco__store_open(&store, &options), MOCO_EINVALID);
    options.address = "127.0.0.1";
    options.serve = true;
    ASSERT_EQ(moco__store_open(&store, &options), MOCO_OK) << moco_error_message();
    moco_store *second = nullptr;
    EXPECT_EQ(moco__store_open(&second, &options), MOCO_EUNAVAILABLE);
    EXPECT_TRUE(message_has("is in use")) << moco_error_message();

    char text[8];
    EXPECT_EQ(moco__store_clone(nullptr, store), MOCO_EINVALID);
    EXPECT_EQ(moco__store_clone(&second, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco__store_set(nullptr, "key", "x"), MOCO_EINVALID);
    EXPECT_EQ(moco__store_set(store, nullptr, "x"), MOCO_EINVALID);
    EXPECT_EQ(moco__store_set(store, "key", nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco__store_get(nullptr, 8, store, "key"), MOCO_EINVALID);
    EXPECT_EQ(moco__store_get(text, sizeof text, store, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco__store_get(text, sizeof text, nullptr, "key"), MOCO_EINVALID);
    EXPECT_EQ(moco__store_add(nullptr, nullptr, "key", 1), MOCO_EINVALID);
    EXPECT_EQ(moco__store_add(nullptr, store, nullptr, 1), MOCO_EINVALID);
    moco__store_free(store);
    EXPECT_EQ(moco_live_handles(), 0U);
}
