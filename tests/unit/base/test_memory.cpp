// Tests the kept memory of big tensors: no two tensors share a byte, in any order of making and freeing them.
#include "support/device.hpp"

#include <gtest/gtest.h>
#include <moco.h>

#include <cstring>
#include <random>
#include <thread>
#include <vector>

using moco_test::cpu;

namespace {

struct Held {
    moco_tensor *tensor;
    unsigned char *bytes;
    size_t count;
    unsigned char mark;
};

// From the first encoder on.
void start()
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    moco_encoder *encoder = nullptr;
    ASSERT_EQ(moco_encoder_create(&encoder, &options), MOCO_OK);
    moco_encoder_free(encoder);
}

Held take(std::mt19937 &random, unsigned char mark)
{
    const int64_t sizes[] = { 1 + static_cast<int64_t>(random() % (8U << 20U)) };
    Held held{ nullptr, nullptr, static_cast<size_t>(sizes[0]), mark };
    void *data = nullptr;
    EXPECT_EQ(moco_tensor_empty(&held.tensor, nullptr, MOCO_UINT8, cpu, sizes, 1), MOCO_OK);
    EXPECT_EQ(moco_tensor_data(&data, held.tensor), MOCO_OK);
    held.bytes = static_cast<unsigned char *>(data);
    std::memset(held.bytes, mark, held.count);
    return held;
}

bool is_whole(const Held &held)
{
    return held.bytes[0] == held.mark && std::memcmp(held.bytes, held.bytes + 1, held.count - 1) == 0;
}

void come_and_go(unsigned seed)
{
    std::mt19937 random(seed);
    std::vector<Held> all;
    for (int i = 0; i < 300; ++i) {
        if (all.size() < 3 || (random() % 2 == 0 && all.size() < 24)) {
            all.push_back(take(random, static_cast<unsigned char>(random())));
        } else {
            const size_t which = random() % all.size();
            EXPECT_TRUE(is_whole(all[which]));
            moco_tensor_free(all[which].tensor);
            all.erase(all.begin() + static_cast<std::ptrdiff_t>(which));
        }
    }
    for (const auto &held : all) {
        EXPECT_TRUE(is_whole(held));
        moco_tensor_free(held.tensor);
    }
}

TEST(Memory, TensorsShareNothing)
{
    start();
    come_and_go(1);
}

TEST(Memory, TensorsOfSeveralThreadsShareNothing)
{
    start();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) {
        threads.emplace_back(come_and_go, i);
    }
    for (auto &thread : threads) {
        thread.join();
    }
}

TEST(Memory, ReuseCanBeSwitchedOffWhileTensorsLive)
{
    start();
    std::mt19937 random(9);
    const Held kept = take(random, 1);
    ASSERT_EQ(moco_device_set(MOCO_SETTING_MEMORY_REUSE, false), MOCO_OK);
    const Held other = take(random, 2);
    EXPECT_TRUE(is_whole(kept));
    moco_tensor_free(kept.tensor);
    ASSERT_EQ(moco_device_set(MOCO_SETTING_MEMORY_REUSE, true), MOCO_OK);
    EXPECT_EQ(moco_device_set(static_cast<moco_device_setting>(3), true), MOCO_EINVALID);
    EXPECT_TRUE(is_whole(other));
    moco_tensor_free(other.tensor);
    come_and_go(3);
}

} // namespace
