// Proves that the pretended GPU catches what it is for: each test does one thing wrong, and expects the complaint.
#include "fake_gpu/guard.hpp"
#include "support/device.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>

#include <gtest/gtest.h>

#include <cmath>

using fake_test::cuda;
using fake_test::kGpu;

namespace {

class Sabotage : public testing::Test {
  protected:
    void SetUp() override
    {
        (void)moco_test::device(); // loads the plug-in
        ASSERT_GE(moco_device_cuda_count(nullptr), 2);
    }
    static at::Tensor pinned(int64_t count) { return at::ones({ count }, at::TensorOptions().pinned_memory(true)); }
    static at::Tensor on_gpu(int64_t count, int index = 0)
    {
        return at::ones({ count }, at::TensorOptions().device(at::kCUDA, static_cast<c10::DeviceIndex>(index)));
    }
    static at::Tensor upload_on(const c10::Stream &stream, const at::Tensor &host)
    {
        const c10::StreamGuard guard(stream);
        return host.to(kGpu, at::kFloat, /*non_blocking=*/true);
    }
    static c10::Stream side_stream() { return cuda().getStreamFromGlobalPool(kGpu); }
    // Lets the current stream wait for another.
    static void wait_for(const c10::Stream &other)
    {
        c10::Event event(c10::DeviceType::CUDA);
        event.record(other);
        event.block(cuda().getStream(kGpu));
    }
};

TEST_F(Sabotage, AWriteUnderAnUploadIsCaughtAtTheCulprit)
{
    EXPECT_DEATH(
        {
            const auto host = pinned(5000);
            const auto copy = host.to(kGpu, at::kFloat, true);
            host.data_ptr<float>()[4000] = 7;
        },
        "host wrote to pinned memory whose upload it has not waited for");
}

TEST_F(Sabotage, AWriteUnderASmallUploadIsCaughtWhenTheHostWaits)
{
    EXPECT_DEATH(
        {
            const auto host = pinned(5000);
            const auto copy = host.narrow(0, 8, 4).to(kGpu, at::kFloat, true);
            host.data_ptr<float>()[100] = 7; // is not part of the upload
            host.data_ptr<float>()[9] = 7;
            cuda().synchronizeDevice(0);
        },
        "host wrote to pinned memory whose upload it has not waited for");
}

TEST_F(Sabotage, AnEarlyReadOfADownloadIsCaught)
{
    EXPECT_DEATH(
        {
            const auto host = pinned(5000);
            host.copy_(on_gpu(5000), true);
            (void)std::printf("%f", static_cast<double>(host.data_ptr<float>()[4000]));
        },
        "host touched pinned memory whose download it has not waited for");
}

TEST_F(Sabotage, AnEarlyReadOfASmallDownloadGivesNan)
{
    const auto host = pinned(5000);
    const auto part = host.narrow(0, 8, 4);
    part.copy_(on_gpu(4), true);
    EXPECT_TRUE(std::isnan(host.data_ptr<float>()[9]));
    cuda().synchronizeStream(cuda().getStream(kGpu));
    EXPECT_EQ(host.data_ptr<float>()[9], 1);
}

TEST_F(Sabotage, WaitingForAnEventEndsTheCopiesBeforeIt)
{
    const auto host = pinned(5000);
    const c10::Stream side = side_stream();
    const auto copy = upload_on(side, host);
    wait_for(side);
    c10::Event done(c10::DeviceType::CUDA); // on the stream that waited for the copy
    done.record(cuda().getStream(kGpu));
    done.synchronize();
    host.fill_(2);
    cuda().recordDataPtrOnStream(copy.storage().data_ptr(), side);
}

TEST_F(Sabotage, AHostAccessToDeviceMemoryIsCaught)
{
    EXPECT_DEATH({ on_gpu(4).mutable_data_ptr<float>()[0] = 1; }, "the host touched device memory");
    EXPECT_DEATH((void)std::printf("%f", static_cast<double>(on_gpu(4).const_data_ptr<float>()[0])),
                 "the host touched device memory");
}

TEST_F(Sabotage, MixedDevicesAreRefused)
{
    const auto refused = [](const at::Tensor &other, const char *says) {
        try {
            (void)on_gpu(4).add(other);
            FAIL() << "not refused";
        } catch (const c10::Error &error) {
            EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
        }
    };
    refused(at::ones({ 4 }), "cuda:0 and cpu");
    refused(on_gpu(4, 1), "cuda:0 and cuda:1");
    EXPECT_NO_THROW((void)on_gpu(4).add(at::full({}, 2.0))) << "numbers of the host are allowed";
}

TEST_F(Sabotage, AReadWithoutAnEventIsCaught)
{
    EXPECT_DEATH(
        {
            const auto host = pinned(100);
            const auto copy = upload_on(side_stream(), host);
            (void)copy.add(1);
        },
        "race: aten::add reads memory on stream 0 of cuda:0 while upload writes it on stream");
}

TEST_F(Sabotage, AFreeWithoutRecordStreamIsCaught)
{
    EXPECT_DEATH(
        {
            const auto host = pinned(100);
            const c10::Stream side = side_stream();
            auto copy = upload_on(side, host);
            wait_for(side);
            (void)copy.add(1);
            copy.reset();
        },
        "race: memory of stream .* of cuda:0 is freed while aten::add reads it on stream 0 of cuda:0; call "
        "record_stream");
}

TEST_F(Sabotage, EventsAndRecordStreamMakeItRight)
{
    const auto host = pinned(100);
    const c10::Stream side = side_stream();
    auto copy = upload_on(side, host);
    wait_for(side);
    const auto sum = copy.add(1);
    cuda().recordDataPtrOnStream(copy.storage().data_ptr(), cuda().getStream(kGpu));
    copy.reset();
    EXPECT_EQ(sum.sum().item<float>(), 200);
}

TEST_F(Sabotage, MemoryThatWasNotWrittenIsNan)
{
    const auto empty = at::empty({ 4 }, at::TensorOptions().device(kGpu));
    EXPECT_TRUE(std::isnan(empty.sum().item<float>()));
}

} // namespace
