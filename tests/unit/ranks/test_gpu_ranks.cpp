// Ranks on GPUs of one host, as threads of one process.
#include "support/gpu.hpp"
#include "support/thread_ranks.hpp"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <thread>
#include <vector>

namespace {

constexpr int world = 2;

void join(moco_peers **out, int port, int rank)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    launch.rank = launch.local_rank = rank;
    launch.world = launch.local_world = world;
    launch.port = port;
    moco_peers_options options = MOCO_PEERS_OPTIONS_INIT;
    options.device = { MOCO_CUDA, rank };
    ASSERT_EQ(moco_peers_join(out, &launch, &options), MOCO_OK) << moco_error_message();
}

} // namespace

// Every rank would open a context on the first GPU.
TEST(GpuRanks, HaveTheirOwnGpuAsTheCurrentOne)
{
    SKIP_WITHOUT_GPUS(world);
    const int port = moco_test::free_port();
    std::vector<std::thread> threads;
    for (int rank = 0; rank < world; ++rank) {
        threads.emplace_back([=] {
            moco_peers *peers = nullptr;
            join(&peers, port, rank);
            EXPECT_EQ(c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).getDevice().index(), rank);
            EXPECT_EQ(moco_comm_barrier(moco_peers_comm(peers)), MOCO_OK) << moco_error_message();
            moco_peers_free(peers);
        });
    }
    for (auto &thread : threads) {
        thread.join();
    }
    EXPECT_EQ(moco_live_handles(), 0U);
}
