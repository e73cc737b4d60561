// Tests collectives: what they compute, and what they refuse.
#include "base/comm_internal.h"
#include "support/device.hpp"
#include "support/temporary_folder.hpp"
#include "support/thread_ranks.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <vector>

using moco_test::cpu;
using moco_test::first_values;
using moco_test::message_has;
using moco_test::rows_of;
using moco_test::run_ranks;

namespace {

using Floats = std::vector<float>;

} // namespace

TEST(Comm, Collectives)
{
    run_ranks(3, 60, [](moco_peers *, moco_comm *comm, int rank) {
        ASSERT_EQ(moco_comm_barrier(comm), MOCO_OK) << moco_error_message();
        moco_tensor *mine = rows_of(2, static_cast<float>(rank + 1));
        moco_tensor *all = nullptr;
        ASSERT_EQ(moco_comm_all_gather(&all, nullptr, comm, mine), MOCO_OK);
        EXPECT_EQ(first_values(all), (Floats{ 1, 1, 2, 2, 3, 3 }));
        ASSERT_EQ(moco_comm_all_reduce(comm, mine), MOCO_OK);
        EXPECT_EQ(first_values(mine), (Floats{ 6, 6 }));
        moco_tensor *root = rows_of(1, static_cast<float>(10 * rank));
        ASSERT_EQ(moco_comm_broadcast(comm, root, 2), MOCO_OK);
        EXPECT_EQ(first_values(root), (Floats{ 20 }));
        int64_t largest = 0;
        ASSERT_EQ(moco__comm_largest(&largest, comm, rank == 1 ? 7 : rank), MOCO_OK);
        EXPECT_EQ(largest, 7);
        EXPECT_GE(moco__comm_where(comm).entered, 5U);
        EXPECT_FALSE(moco__comm_where(comm).inside);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

// Groups of several threads crashed now and then in c10d's recorder.
TEST(Comm, TurnsTheRecorderOff)
{
    run_ranks(2, 60, [](moco_peers *, moco_comm *, int) {});
    EXPECT_STREQ(std::getenv("TORCH_FR_BUFFER_SIZE"), "0");
}

// Whether each thread of Gloo's, and none of the test's own, has SIGPIPE blocked.
TEST(Comm, APeerThatIsGoneIsNoSignal)
{
    std::atomic<int> threads{ 0 };
    run_ranks(2, 60, [&](moco_peers *, moco_comm *comm, int rank) {
        sigset_t own;
        ASSERT_EQ(moco_comm_barrier(comm), MOCO_OK);
        ASSERT_EQ(pthread_sigmask(SIG_SETMASK, nullptr, &own), 0);
        EXPECT_EQ(sigismember(&own, SIGPIPE), 0);
        for (const auto &entry : std::filesystem::directory_iterator("/proc/self/task")) {
            const std::string name = moco_test::read_file((entry.path() / "comm").string());
            if (rank != 0 || (name.find("pt_gloo") != 0 && name.find("gloo") == std::string::npos)) {
                continue;
            }
            const std::string status = moco_test::read_file((entry.path() / "status").string());
            const auto blocked = std::stoull(status.substr(status.find("SigBlk:") + 7), nullptr, 16);
            EXPECT_NE(blocked & (1ULL << (SIGPIPE - 1)), 0U) << name;
            ++threads;
        }
        ASSERT_EQ(moco_comm_barrier(comm), MOCO_OK);
    });
    EXPECT_GT(threads, 0);
}

TEST(Comm, AnswersAQuestionLater)
{
    run_ranks(3, 60, [](moco_peers *, moco_comm *comm, int rank) {
        int64_t largest = -1;
        ASSERT_EQ(moco__comm_largest_wait(&largest, comm), MOCO_OK);
        EXPECT_EQ(largest, 0) << "there was no question";
        for (const int64_t value : { 3, 8 }) {
            ASSERT_EQ(moco__comm_largest_start(comm, rank == 1 ? value : 1), MOCO_OK) << moco_error_message();
            EXPECT_EQ(moco__comm_largest_start(comm, 1), MOCO_EINVALID) << "the question is open";
            ASSERT_EQ(moco__comm_largest(&largest, comm, rank), MOCO_OK) << "others may come between";
            EXPECT_EQ(largest, 2);
            ASSERT_EQ(moco__comm_largest_wait(&largest, comm), MOCO_OK) << moco_error_message();
            EXPECT_EQ(largest, value);
        }
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Comm, SendsRowsOfAnyNumber)
{
    run_ranks(3, 60, [](moco_peers *, moco_comm *comm, int rank) {
        // Rank r sends r rows to rank 0, one to rank 1 and none to rank 2.
        const int64_t send[] = { rank, 1, 0 };
        const int64_t receive[3][3] = { { 0, 1, 2 }, { 1, 1, 1 }, { 0, 0, 0 } };
        moco_tensor *mine = rows_of(rank + 1, static_cast<float>(rank));
        moco_tensor *got = nullptr;
        ASSERT_EQ(moco_comm_all_to_all(&got, nullptr, comm, mine, send, receive[rank]), MOCO_OK)
            << moco_error_message();
        const Floats want[] = { { 1, 2, 2 }, { 0, 1, 2 }, {} };
        EXPECT_EQ(first_values(got), want[rank]);
        const int64_t wrong[] = { 9, 0, 0 };
        EXPECT_EQ(moco_comm_all_to_all(&got, nullptr, comm, mine, wrong, receive[rank]), MOCO_EINVALID);
        moco_tensor_free(mine);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Comm, OneProcessNeedsNoConnection)
{
    moco_comm *comm = nullptr;
    ASSERT_EQ(moco__comm_create(&comm, nullptr), MOCO_OK);
    for (moco_comm *one : { comm, static_cast<moco_comm *>(nullptr) }) {
        EXPECT_EQ(moco_comm_rank(one), 0);
        EXPECT_EQ(moco_comm_world(one), 1);
        EXPECT_EQ(moco_comm_barrier(one), MOCO_OK);
        moco_tensor *mine = rows_of(2, 3);
        moco_tensor *got = nullptr;
        const int64_t rows = 2;
        int64_t largest = 0;
        EXPECT_EQ(moco_comm_broadcast(one, mine, 0), MOCO_OK);
        EXPECT_EQ(moco_comm_all_reduce(one, mine), MOCO_OK);
        ASSERT_EQ(moco_comm_all_gather(&got, nullptr, one, mine), MOCO_OK);
        EXPECT_EQ(first_values(got), (Floats{ 3, 3 }));
        ASSERT_EQ(moco_comm_all_to_all(&got, nullptr, one, mine, &rows, &rows), MOCO_OK);
        EXPECT_EQ(first_values(got), (Floats{ 3, 3 }));
        EXPECT_EQ(moco__comm_largest(&largest, one, -5), MOCO_OK);
        EXPECT_EQ(largest, -5);
        EXPECT_EQ(moco__comm_where(one).entered, 0U);
        EXPECT_FALSE(moco__comm_where(one).inside);
        moco_tensor_free(mine);
    }
    moco__comm_free(comm);
    moco__comm_free(nullptr);
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Comm, RefusesWhatDoesNotFit)
{
    moco_comm *comm = nullptr;
    EXPECT_EQ(moco__comm_create(nullptr, nullptr), MOCO_EINVALID);
    moco_comm_options options = MOCO_COMM_OPTIONS_INIT;
    options.rank = 1;
    EXPECT_EQ(moco__comm_create(&comm, &options), MOCO_EINVALID);
    EXPECT_TRUE(message_has("rank 1 of 1")) << moco_error_message();
    options.world = 2;
    EXPECT_EQ(moco__comm_create(&comm, &options), MOCO_EINVALID) << "there is no store";

    moco_tensor *mine = rows_of(2, 1);
    moco_tensor *none = nullptr;
    moco_tensor *got = nullptr;
    ASSERT_EQ(moco_tensor_zeros(&none, nullptr, MOCO_FLOAT32, cpu, nullptr, 0), MOCO_OK);
    const int64_t rows = 2;
    const int64_t three = 3;
    EXPECT_EQ(moco_comm_broadcast(nullptr, nullptr, 0), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_broadcast(nullptr, mine, 1), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_broadcast(nullptr, mine, -1), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_reduce(nullptr, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_gather(nullptr, nullptr, nullptr, mine), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_gather(&got, nullptr, nullptr, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_gather(&got, nullptr, nullptr, none), MOCO_EINVALID) << "a scalar has no rows";
    EXPECT_EQ(moco_comm_all_to_all(&got, nullptr, nullptr, mine, nullptr, &rows), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_to_all(&got, nullptr, nullptr, mine, &rows, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_to_all(&got, nullptr, nullptr, mine, &three, &rows), MOCO_EINVALID);
    EXPECT_TRUE(message_has("must sum to the tensor's 2")) << moco_error_message();
    EXPECT_EQ(moco__comm_largest(nullptr, nullptr, 1), MOCO_EINVALID);
    EXPECT_EQ(moco__comm_largest_start(nullptr, 1), MOCO_EINVALID);
    EXPECT_EQ(moco__comm_largest_wait(nullptr, nullptr), MOCO_EINVALID);
    EXPECT_EQ(got, nullptr);
    moco_tensor_free(mine);
    moco_tensor_free(none);
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Comm, EndsWhenAnotherRankLeaves)
{
    run_ranks(2, 20, [](moco_peers *, moco_comm *comm, int rank) {
        if (rank == 1) {
            return;
        }
        moco_tensor *mine = rows_of(1, 1);
        moco_tensor *got = nullptr;
        EXPECT_EQ(moco_comm_all_gather(&got, nullptr, comm, mine), MOCO_EPEER);
        EXPECT_TRUE(message_has("all_gather on rank 0")) << moco_error_message();
        EXPECT_EQ(got, nullptr);
        EXPECT_TRUE(moco__comm_where(comm).inside) << "the other did not come";
        moco_tensor_free(mine);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}
