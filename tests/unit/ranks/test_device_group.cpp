// The ranks' connections between GPUs: they are broken off when a rank fails, and shut down at the end. A group that
// counts its calls stands in for NCCL.
#include "base/comm_internal.h"
#include "support/thread_ranks.hpp"

#include "ranks/comm.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>

namespace {

class Device final : public c10d::Backend {
  public:
    Device(int rank, int world) : Backend(rank, world) {}
    const std::string getBackendName() const override { return "nccl"; }
    void abort() override { aborted = true; }
    void shutdown() override { *shut_down += 1; }
    c10d::ErrorType getError() override { return error; }

    std::atomic<bool> aborted{ false };
    std::shared_ptr<std::atomic<int>> shut_down = std::make_shared<std::atomic<int>>(0);
    c10d::ErrorType error = c10d::ErrorType::SUCCESS;
};

// Puts it where NCCL would be.
c10::intrusive_ptr<Device> connect_device(moco_comm &comm)
{
    auto device = c10::make_intrusive<Device>(comm.rank, comm.world);
    comm.group->setBackend(c10::DeviceType::CUDA, c10d::ProcessGroup::BackendType::NCCL, device);
    comm.group->setDefaultBackend(c10d::ProcessGroup::BackendType::NCCL);
    comm.device_backend = device;
    return device;
}

// Waits as a host that waits for its GPU.
bool waits_until_aborted(const Device &device)
{
    for (int i = 0; i < 2000 && !device.aborted; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return device.aborted;
}

} // namespace

TEST(DeviceGroup, IsAbortedWhenAnotherRankFails)
{
    moco_test::run_ranks(2, 60, [](moco_peers *peers, moco_comm *comm, int rank) {
        const auto device = connect_device(*comm);
        ASSERT_EQ(moco_comm_barrier(comm), MOCO_OK) << moco_error_message();
        if (rank == 1) {
            EXPECT_EQ(moco_peers_fail(peers, moco_error_set(MOCO_EIO, "the disk is full")), MOCO_EIO);
            return;
        }
        ASSERT_TRUE(waits_until_aborted(*device));
        EXPECT_EQ(moco__comm_check(comm), MOCO_EPEER);
        int64_t largest = 0;
        EXPECT_EQ(moco__comm_largest(&largest, comm, 1), MOCO_EPEER);
        // What came from the GPU is worthless now, and so is an error about it.
        EXPECT_EQ(moco_peers_fail(peers, moco_error_set(MOCO_EINTERNAL, "the loss is NaN")), MOCO_EPEER);
        const std::string message = moco_error_message();
        EXPECT_NE(message.find("rank 1"), std::string::npos) << message;
        EXPECT_NE(message.find("the disk is full"), std::string::npos) << message;
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(DeviceGroup, BreaksWhenItsWatchdogFindsAnError)
{
    moco_test::run_ranks(2, 60, [](moco_peers *, moco_comm *comm, int) {
        const auto device = connect_device(*comm);
        ASSERT_EQ(moco__comm_check(comm), MOCO_OK);
        ASSERT_EQ(moco_comm_barrier(comm), MOCO_OK) << moco_error_message();
        device->error = c10d::ErrorType::TIMEOUT;
        EXPECT_EQ(moco__comm_check(comm), MOCO_EPEER);
        EXPECT_EQ(moco_comm_barrier(comm), MOCO_EPEER);
        EXPECT_TRUE(comm->broken);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

// Such a barrier took memory on whichever GPU was current, and freed it when the process had ended.
TEST(DeviceGroup, TakesNoPartInABarrier)
{
    moco_test::run_ranks(2, 60, [](moco_peers *, moco_comm *comm, int) {
        const auto device = connect_device(*comm);
        EXPECT_EQ(moco_comm_barrier(comm), MOCO_OK) << moco_error_message();
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

// NCCL warns of a group that is freed without, and aborts.
TEST(DeviceGroup, IsShutDownAtTheEnd)
{
    std::shared_ptr<std::atomic<int>> counts[2];
    moco_test::run_ranks(
        2, 60, [&](moco_peers *, moco_comm *comm, int rank) { counts[rank] = connect_device(*comm)->shut_down; });
    EXPECT_EQ(*counts[0], 1);
    EXPECT_EQ(*counts[1], 1);
}
