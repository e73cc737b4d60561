// Runs ranks as threads of one process.
#pragma once

#include <moco.h>

#include <gtest/gtest.h>

#include <functional>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace moco_test {

// Returns a TCP port that no process listens on.
inline int free_port()
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

using RankBody = std::function<void(moco_peers *, moco_comm *, int rank)>;

// Runs the body in each of `world` connected ranks.
inline void run_ranks(int world, double timeout_s, const RankBody &body)
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

// Returns a tensor of rows x 2, all of one value.
inline moco_tensor *rows_of(int64_t rows, float value)
{
    const int64_t sizes[] = { rows, 2 };
    const std::vector<float> values(static_cast<size_t>(rows) * 2, value);
    moco_tensor *tensor = nullptr;
    EXPECT_EQ(moco_tensor_from_host(&tensor, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, sizes, 2, values.data()), MOCO_OK);
    return tensor;
}

// Returns the first value of each row, and frees the tensor.
inline std::vector<float> first_values(moco_tensor *tensor)
{
    const auto rows = static_cast<size_t>(moco_tensor_size(tensor, 0));
    std::vector<float> values(rows * 2 + 1); // never empty, so that there is a pointer to write to
    EXPECT_EQ(moco_tensor_to_host(values.data(), rows * 2 * sizeof(float), tensor), MOCO_OK);
    std::vector<float> firsts;
    for (size_t i = 0; i < rows; ++i) {
        firsts.push_back(values[2 * i]);
    }
    moco_tensor_free(tensor);
    return firsts;
}

} // namespace moco_test
