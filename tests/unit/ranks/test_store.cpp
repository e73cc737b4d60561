// Tests the store: texts, numbers, and what it refuses.
#include "base/store_seal_internal.h"
#include "support/temporary_folder.hpp"
#include "support/thread_ranks.hpp"

#include <arpa/inet.h>

#include <random>

using moco_test::free_port;
using moco_test::message_has;

namespace {

// A program that is no rank, and connects to the store's port.
class Outsider {
  public:
    Outsider(const char *address, int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        const timeval patience{ 5, 0 };
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<uint16_t>(port));
        EXPECT_EQ(inet_pton(AF_INET, address, &to.sin_addr), 1);
        EXPECT_EQ(setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
        connected = connect(socket_, reinterpret_cast<sockaddr *>(&to), sizeof to) == 0;
    }
    Outsider(const Outsider &) = delete;
    Outsider &operator=(const Outsider &) = delete;
    ~Outsider() { close(socket_); }

    void say(const std::string &bytes) const { (void)send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    // Returns how many bytes came back.
    [[nodiscard]] ssize_t heard() const
    {
        char byte = 0;
        return recv(socket_, &byte, 1, 0);
    }

    bool connected = false;

  private:
    int socket_;
};

// How a client of libtorch's store begins.
const std::string greeting("\0\xCE\xF7\x85\x3C", 5);

} // namespace

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

TEST(Store, ListensAtItsAddressAlone)
{
    moco_store *store = nullptr;
    moco_store_options options = MOCO_STORE_OPTIONS_INIT;
    options.serve = true;
    options.timeout_s = 20;
    for (const char *address : { "127.0.0.1", "127.0.0.3" }) {
        options.address = address;
        options.port = free_port();
        ASSERT_EQ(moco__store_open(&store, &options), MOCO_OK) << moco_error_message();
        EXPECT_TRUE(Outsider(address, options.port).connected) << address;
        EXPECT_FALSE(Outsider("127.0.0.2", options.port).connected) << address;
        moco__store_free(store);
    }
    options.address = "localhost";
    options.port = free_port();
    ASSERT_EQ(moco__store_open(&store, &options), MOCO_OK) << moco_error_message();
    EXPECT_FALSE(Outsider("127.0.0.2", options.port).connected);
    moco__store_free(store);
}

TEST(Store, OutlivesTheBytesOfOutsiders)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers end the process where c10d asks for too much memory and catches the failure";
#endif
    moco_store *store = nullptr;
    moco_store_options options = MOCO_STORE_OPTIONS_INIT;
    options.port = free_port();
    options.serve = true;
    options.timeout_s = 20;
    ASSERT_EQ(moco__store_open(&store, &options), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco__store_set(store, "name/0", "node0"), MOCO_OK);
    std::mt19937 random(5);
    for (int i = 0; i < 200; ++i) {
        std::string bytes = i % 2 == 0 ? greeting + static_cast<char>(i / 2 % 19) : "";
        for (unsigned count = random() % 40; count > 0; --count) {
            bytes += static_cast<char>(random());
        }
        const Outsider outsider("127.0.0.1", options.port);
        outsider.say(bytes);
    }
    char text[8];
    ASSERT_EQ(moco__store_get(text, sizeof text, store, "name/0"), MOCO_OK) << moco_error_message();
    EXPECT_STREQ(text, "node0");
    moco__store_free(store);
    EXPECT_EQ(moco_live_handles(), 0U);
}

// Who has no token, or another one, can neither set a text nor read one as if it were a rank's.
TEST(Store, TakesNoTextWithoutTheToken)
{
    moco_store *stores[4] = {}; // with the token, its clone, with another one, and with none
    moco_store_options options = MOCO_STORE_OPTIONS_INIT;
    options.port = free_port();
    options.timeout_s = 20;
    options.prefix = "moco/";
    options.serve = true;
    ASSERT_EQ(moco__store_open(&stores[0], &options), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco__store_seal(stores[0], "0123456789abcdef"), MOCO_OK);
    ASSERT_EQ(moco__store_clone(&stores[1], stores[0]), MOCO_OK) << moco_error_message();
    options.serve = false;
    ASSERT_EQ(moco__store_open(&stores[2], &options), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco__store_seal(stores[2], "0123456789abcdeF"), MOCO_OK);
    ASSERT_EQ(moco__store_open(&stores[3], &options), MOCO_OK) << moco_error_message();
    char text[64];
    for (const char *value : { "", "x", "a longer text of a rank" }) {
        ASSERT_EQ(moco__store_set(stores[0], "key", value), MOCO_OK);
        for (int i = 0; i < 2; ++i) {
            ASSERT_EQ(moco__store_get(text, sizeof text, stores[i], "key"), MOCO_OK) << moco_error_message();
            EXPECT_STREQ(text, value);
        }
        for (int i = 2; i < 4; ++i) {
            EXPECT_EQ(moco__store_get(text, sizeof text, stores[i], "key"), MOCO_EINVALID);
            EXPECT_TRUE(message_has("MOCO_RUN_TOKEN")) << moco_error_message();
            EXPECT_FALSE(message_has("0123456789")) << moco_error_message();
        }
        for (int i = 2; i < 4; ++i) {
            ASSERT_EQ(moco__store_set(stores[i], "forged", value), MOCO_OK);
            EXPECT_EQ(moco__store_get(text, sizeof text, stores[0], "forged"), MOCO_EINVALID);
            EXPECT_TRUE(message_has("key forged was not set with the token of this run") ||
                        message_has("moco//forged was not set with the token of this run"))
                << moco_error_message();
        }
    }
    int64_t sum = 0;
    ASSERT_EQ(moco__store_add(&sum, stores[3], "count", 2), MOCO_OK) << "numbers are not sealed";
    EXPECT_EQ(moco__store_seal(nullptr, "x"), MOCO_EINVALID);
    EXPECT_EQ(moco__store_seal(stores[3], nullptr), MOCO_EINVALID);
    for (int i = 3; i >= 0; --i) {
        moco__store_free(stores[i]);
    }
    EXPECT_EQ(moco_live_handles(), 0U);
}
