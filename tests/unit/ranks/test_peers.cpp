// Ranks as threads of one process: meeting, agreeing, collectives, and finding out who failed.
#include <moco.h>

#include <gtest/gtest.h>

#include <functional>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

int free_port()
{
    sockaddr_in address{};
    socklen_t length = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(bind(s, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
    EXPECT_EQ(getsockname(s, reinterpret_cast<sockaddr *>(&address), &length), 0);
    close(s);
    return ntohs(address.sin_port);
}

using Body = std::function<void(moco_peers *, moco_comm *, int rank)>;

void run_ranks(int world, double timeout_s, const Body &body)
{
    const int port = free_port();
    std::vector<std::thread> threads;
    for (int rank = 0; rank < world; ++rank) {
        threads.emplace_back([=, &body] {
            moco_launch launch = MOCO_LAUNCH_INIT;
            launch.rank = launch.local_rank = rank;
            launch.world = launch.local_world = world;
            launch.port = port;
            moco_peers_options options = MOCO_PEERS_OPTIONS_INIT;
            options.timeout_s = timeout_s;
            moco_peers *peers = nullptr;
            ASSERT_EQ(moco_peers_join(&peers, &launch, &options), MOCO_OK) << moco_error_message();
            body(peers, moco_peers_comm(peers), rank);
            moco_peers_free(peers);
        });
    }
    for (auto &thread : threads) {
        thread.join();
    }
}

// rows x 2, all of one value.
moco_tensor *rows_of(int64_t rows, float value)
{
    const int64_t sizes[] = { rows, 2 };
    const std::vector<float> values(static_cast<size_t>(rows) * 2, value);
    moco_tensor *tensor = nullptr;
    EXPECT_EQ(moco_tensor_from_host(&tensor, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, sizes, 2, values.data()), MOCO_OK);
    return tensor;
}

// The first value of each row; frees the tensor.
std::vector<float> first_values(moco_tensor *tensor)
{
    const auto rows = static_cast<size_t>(moco_tensor_size(tensor, 0));
    std::vector<float> values(rows * 2 + 1); // of no rows, too, there is a pointer to write to
    EXPECT_EQ(moco_tensor_to_host(values.data(), rows * 2 * sizeof(float), tensor), MOCO_OK);
    std::vector<float> firsts;
    for (size_t i = 0; i < rows; ++i) {
        firsts.push_back(values[2 * i]);
    }
    moco_tensor_free(tensor);
    return firsts;
}

using Floats = std::vector<float>;

} // namespace

TEST(Peers, Collectives)
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
        ASSERT_EQ(moco_comm_largest(&largest, comm, rank == 1 ? 7 : rank), MOCO_OK);
        EXPECT_EQ(largest, 7);
        EXPECT_GE(moco_comm_where(comm).entered, 5U);
        EXPECT_FALSE(moco_comm_where(comm).inside);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Peers, SendsRowsOfAnyNumber)
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

TEST(Peers, ShareAndAgree)
{
    run_ranks(2, 60, [](moco_peers *peers, moco_comm *, int rank) {
        char text[32];
        (void)snprintf(text, sizeof text, "of rank %d", rank);
        ASSERT_EQ(moco_peers_share(peers, text, sizeof text), MOCO_OK);
        EXPECT_STREQ(text, "of rank 0");
        ASSERT_EQ(moco_peers_agree(peers, "a: 1\nb: 2\n"), MOCO_OK) << moco_error_message();
    });
    run_ranks(3, 60, [](moco_peers *peers, moco_comm *, int rank) {
        EXPECT_EQ(moco_peers_agree(peers, rank == 2 ? "a: 1\nb: 3\n" : "a: 1\nb: 2\n"), MOCO_EINVALID);
        const std::string message = moco_error_message();
        EXPECT_NE(message.find("\"b: 2\", rank 2"), std::string::npos) << message;
        EXPECT_NE(message.find("has \"b: 3\""), std::string::npos) << message;
        EXPECT_EQ(moco_peers_fail(peers, MOCO_EINVALID), MOCO_EINVALID);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Peers, LearnWhatWentWrongWithAnother)
{
    run_ranks(2, 3, [](moco_peers *peers, moco_comm *comm, int rank) {
        if (rank == 1) {
            const moco_status status = moco_error_set(MOCO_EIO, "the disk is full");
            EXPECT_EQ(moco_peers_fail(peers, status), MOCO_EIO);
            EXPECT_STREQ(moco_error_message(), "the disk is full");
            return;
        }
        const moco_status status = moco_comm_barrier(comm);
        EXPECT_EQ(status, MOCO_EPEER);
        EXPECT_EQ(moco_peers_fail(peers, status), MOCO_EPEER);
        const std::string message = moco_error_message();
        EXPECT_NE(message.find("rank 1 ("), std::string::npos) << message;
        EXPECT_NE(message.find("failed: the disk is full"), std::string::npos) << message;
    });
}

TEST(Peers, NameTheRankThatDoesNotCome)
{
    run_ranks(3, 2, [](moco_peers *peers, moco_comm *comm, int rank) {
        if (rank == 2) {
            std::this_thread::sleep_for(std::chrono::seconds(9)); // alive, and busy with something else
            return;
        }
        const moco_status status = moco_comm_barrier(comm);
        EXPECT_EQ(status, MOCO_EPEER);
        EXPECT_EQ(moco_peers_fail(peers, status), MOCO_EPEER);
        const std::string message = moco_error_message();
        EXPECT_EQ(message.find("rank 2 ("), 0U) << message;
        EXPECT_NE(message.find("is alive but did not come"), std::string::npos) << message;
    });
}

TEST(Peers, AreRefusedWhereNumbersDoNotFit)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    moco_peers_options options = MOCO_PEERS_OPTIONS_INIT;
    moco_peers *peers = nullptr;
    launch.rank = 1;
    EXPECT_EQ(moco_peers_join(&peers, &launch, &options), MOCO_EINVALID);
    launch.rank = 0;
    launch.world = 2;
    launch.port = free_port();
    options.timeout_s = 0.5;
    EXPECT_EQ(moco_peers_join(&peers, &launch, &options), MOCO_EUNAVAILABLE);
    EXPECT_NE(std::string(moco_error_message()).find("missing: rank 1"), std::string::npos) << moco_error_message();
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Peers, OneProcessNeedsNone)
{
    moco_peers *peers = nullptr;
    ASSERT_EQ(moco_peers_join(&peers, nullptr, nullptr), MOCO_OK);
    EXPECT_EQ(moco_comm_world(moco_peers_comm(peers)), 1);
    EXPECT_EQ(moco_comm_barrier(moco_peers_comm(peers)), MOCO_OK);
    moco_peers_free(peers);
    EXPECT_EQ(moco_comm_rank(nullptr), 0);
    EXPECT_EQ(moco_comm_world(nullptr), 1);
    EXPECT_EQ(moco_live_handles(), 0U);
}
