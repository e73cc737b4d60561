// Tests the queue against a ring of numbers, and what it refuses.
#include "support/tensors.hpp"

#include <rapidcheck/gtest.h>

#include <algorithm>

using moco_test::Owned;
using moco_test::values_of;

namespace {

Owned<moco_queue> make(int64_t size, int64_t dim, bool filled_only)
{
    moco_queue_options options = MOCO_QUEUE_OPTIONS_INIT;
    options.size = size;
    options.dim = dim;
    options.device = moco_test::device();
    options.filled_only = filled_only;
    moco_queue *queue = nullptr;
    EXPECT_OK(moco_queue_create(&queue, &options));
    return Owned<moco_queue>(queue);
}

class QueueTest : public moco_test::TensorTest {};

} // namespace

RC_GTEST_PROP(Queue, IsARing, ())
{
    const auto size = *rc::gen::inRange<int64_t>(1, 20);
    const auto queue = make(size, 2, false);
    std::vector<float> ring = values_of(moco_queue_keys(queue.get()));
    int64_t pointer = 0;
    int64_t total = 0;
    float next = 0;
    for (const auto batch : *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(1, 30))) {
        std::vector<float> keys;
        for (int64_t i = 0; i < batch; ++i, next += 1) {
            keys.insert(keys.end(), { next, -next });
            ring[static_cast<size_t>(2 * pointer)] = next;
            ring[static_cast<size_t>(2 * pointer + 1)] = -next;
            pointer = (pointer + 1) % size;
        }
        total += batch;
        moco_tensor *tensor = nullptr;
        const int64_t sizes[] = { batch, 2 };
        RC_ASSERT(moco_tensor_from_host(&tensor, nullptr, MOCO_FLOAT32, moco_test::device(), sizes, 2, keys.data()) ==
                  MOCO_OK);
        const moco_status status = moco_queue_enqueue(queue.get(), tensor);
        moco_tensor_free(tensor);
        RC_ASSERT(status == MOCO_OK);
        RC_ASSERT(values_of(moco_queue_keys(queue.get())) == ring);
        RC_ASSERT(moco_queue_pointer(queue.get()) == pointer);
        RC_ASSERT(moco_queue_filled(queue.get()) == std::min(total, size));
    }
}

TEST_F(QueueTest, StartsWithNormalisedKeys)
{
    const auto queue = make(10, 4, false);
    const auto keys = values_of(moco_queue_keys(queue.get()));
    for (size_t row = 0; row < 10; ++row) {
        double norm = 0;
        for (size_t d = 0; d < 4; ++d) {
            norm += static_cast<double>(keys[row * 4 + d]) * static_cast<double>(keys[row * 4 + d]);
        }
        EXPECT_NEAR(norm, 1, 1e-6);
    }
    ASSERT_OK(moco_queue_negatives(&out, scope, queue.get()));
    EXPECT_EQ(values_of(out), keys);
    EXPECT_EQ(moco_queue_size(queue.get()), 10);
}

TEST_F(QueueTest, CanHideKeysThatWereNotEnqueued)
{
    const auto queue = make(10, 4, true);
    ASSERT_OK(moco_queue_negatives(&out, scope, queue.get()));
    EXPECT_EQ(moco_tensor_size(out, 0), 0);
    ASSERT_OK(moco_queue_enqueue(queue.get(), random({ 3, 4 }, 1)));
    ASSERT_OK(moco_queue_negatives(&out, scope, queue.get()));
    EXPECT_EQ(moco_tensor_size(out, 0), 3);
}

TEST_F(QueueTest, RefusesBadSizes)
{
    moco_queue_options options = MOCO_QUEUE_OPTIONS_INIT;
    options.size = 0;
    moco_queue *queue = nullptr;
    EXPECT_EQ(moco_queue_create(&queue, &options), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("size 0"), std::string::npos) << moco_error_message();
    options.size = 1;
    options.dim = -2;
    EXPECT_EQ(moco_queue_create(&queue, &options), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("dim -2"), std::string::npos) << moco_error_message();
    EXPECT_EQ(moco_queue_create(nullptr, nullptr), MOCO_EINVALID);
    EXPECT_EQ(queue, nullptr);
    moco_queue_free(nullptr);
}

TEST_F(QueueTest, WhatIsRefusedChangesNothing)
{
    const auto queue = make(10, 4, false);
    ASSERT_OK(moco_queue_enqueue(queue.get(), random({ 7, 4 }, 1)));
    const auto keys = values_of(moco_queue_keys(queue.get()));
    EXPECT_EQ(moco_queue_enqueue(queue.get(), random({ 4, 3 }, 1)), MOCO_EINVALID);
    EXPECT_EQ(moco_queue_enqueue(queue.get(), random({ 4 }, 1)), MOCO_EINVALID);
    EXPECT_EQ(moco_queue_enqueue(queue.get(), nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_queue_enqueue(nullptr, random({ 4, 4 }, 1)), MOCO_EINVALID);
    EXPECT_REFUSED(moco_queue_negatives(&out, scope, nullptr), MOCO_EINVALID, "queue");
    EXPECT_EQ(moco_queue_restore(nullptr, 0, 0), MOCO_EINVALID);
    EXPECT_EQ(moco_queue_restore(queue.get(), 10, 0), MOCO_EINVALID);
    EXPECT_EQ(moco_queue_restore(queue.get(), -1, 0), MOCO_EINVALID);
    EXPECT_EQ(moco_queue_restore(queue.get(), 0, 11), MOCO_EINVALID);
    EXPECT_EQ(moco_queue_restore(queue.get(), 0, -1), MOCO_EINVALID);
    EXPECT_EQ(values_of(moco_queue_keys(queue.get())), keys);
    EXPECT_EQ(moco_queue_pointer(queue.get()), 7);
    EXPECT_EQ(moco_queue_filled(queue.get()), 7);
    ASSERT_OK(moco_queue_restore(queue.get(), 9, 10));
    EXPECT_EQ(moco_queue_pointer(queue.get()), 9);
    EXPECT_EQ(moco_queue_filled(queue.get()), 10);
}
