// Tests that ranks miss no key of the store that was set before the news that end a wait for it.
#include "ranks/store.hpp"
#include "support/temporary_folder.hpp"

extern "C" {
#include "ranks/peers_internal.h"
}

#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include <chrono>
#include <functional>
#include <thread>

using moco_test::message_has;

namespace {

using Strings = std::vector<std::string>;

void put(c10d::HashStore &store, const std::string &key, const std::string &text)
{
    store.HashStore::set(key, std::vector<uint8_t>(text.begin(), text.end()));
}

// A store in which something happens right after the first look at a key, before the one who looks can look again.
class Interrupted : public c10d::HashStore {
  public:
    Interrupted(std::string key, std::function<void(c10d::HashStore &)> event)
        : key_(std::move(key)), event_(std::move(event))
    {}

    bool check(const Strings &keys) override
    {
        const bool there = HashStore::check(keys);
        if (keys[0] == "/" + key_ && event_) { // libtorch puts the empty prefix and a slash before each key
            event_(*this);
            event_ = nullptr;
        }
        return there;
    }

  private:
    std::string key_;
    std::function<void(c10d::HashStore &)> event_;
};

// A store whose texts arrive late: with the next question over the same connection, as over TCP.
class Late : public c10d::HashStore {
  public:
    using HashStore::set;

    void set(const std::string &key, const std::vector<uint8_t> &text) override { on_the_way_.emplace_back(key, text); }

    bool check(const Strings &keys) override
    {
        for (const auto &[key, text] : on_the_way_) {
            HashStore::set(key, text);
        }
        on_the_way_.clear();
        return HashStore::check(keys);
    }

  private:
    std::vector<std::pair<std::string, std::vector<uint8_t>>> on_the_way_;
};

struct Ranks {
    explicit Ranks(c10::intrusive_ptr<c10d::Store> store, double timeout_s = 60)
    {
        store_.store = std::move(store);
        peers_.store = &store_;
        peers_.timeout_s = timeout_s;
    }

    moco_status wait_for(const char *key) { return moco__peers_wait_for(text, sizeof text, &peers_, key); }

    char text[32] = "";
    moco_store store_;
    moco_peers peers_{};
};

} // namespace

TEST(StoreOrder, AKeyThatWasSetBeforeTheAlarmCounts)
{
    // Another rank acts on the key and fails, all between this rank's looks at the key and at the alarm.
    const auto event = [](c10d::HashStore &store) {
        put(store, "/verdict/1", "they differ");
        put(store, "/alarm", "1");
    };
    for (const char *look : { "verdict/1", "alarm" }) {
        Ranks ranks(c10::make_intrusive<Interrupted>(look, event));
        ASSERT_EQ(ranks.wait_for("verdict/1"), MOCO_OK) << "after the look at " << look << ": " << moco_error_message();
        EXPECT_STREQ(ranks.text, "they differ");
    }
}

TEST(StoreOrder, AKeyThatCameWhileThisRankSleptCounts)
{
    Ranks ranks(c10::make_intrusive<Interrupted>("size/0/1",
                                                 [](c10d::HashStore &store) {
                                                     put(store, "/size/0/1", "12");
                                                     std::this_thread::sleep_for(std::chrono::milliseconds(300));
                                                 }),
                0.1);
    ASSERT_EQ(ranks.wait_for("size/0/1"), MOCO_OK) << moco_error_message();
    EXPECT_STREQ(ranks.text, "12");
    EXPECT_EQ(ranks.wait_for("size/0/2"), MOCO_EPEER);
    EXPECT_TRUE(message_has("waited 0.1 s for \"size/0/2\", which no rank set")) << moco_error_message();
}

TEST(StoreOrder, AnAlarmEndsTheWaitForAKeyThatNobodySets)
{
    Ranks ranks(
        c10::make_intrusive<Interrupted>("verdict/1", [](c10d::HashStore &store) { put(store, "/alarm", "1"); }));
    EXPECT_EQ(ranks.wait_for("verdict/1"), MOCO_EPEER);
    EXPECT_TRUE(message_has("another rank failed while this one waited for \"verdict/1\"")) << moco_error_message();
}

TEST(StoreOrder, AnAnswerThatCameWhileThisRankSleptCounts)
{
    const auto event = [](c10d::HashStore &store) {
        put(store, "/here/1", "7 1");
        std::this_thread::sleep_for(std::chrono::milliseconds(4200)); // more than the ranks have to answer
    };
    moco_store store;
    store.store = c10::make_intrusive<Interrupted>("here/1", event);
    moco__answer answers[2] = {};
    moco__alarm alarm = { &store, 0, 2, false, false, answers };
    moco__alarm_ask_all(&alarm, nullptr);
    EXPECT_TRUE(answers[1].here);
    EXPECT_EQ(answers[1].position.entered, 7U);
}

TEST(StoreOrder, ATextHasArrivedWhenItIsSet)
{
    const auto late = c10::make_intrusive<Late>();
    moco_store store;
    store.store = late;
    ASSERT_EQ(moco__store_set(&store, "verdict/1", "they differ"), MOCO_OK) << moco_error_message();
    EXPECT_TRUE(late->HashStore::check({ "/verdict/1" })) << "others, who ask over other connections, would miss it";
}
