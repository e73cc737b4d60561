// Tests that a loader that waits can be cancelled and can time out, and that images that come again get other views.
#include "unit/loader/loader_fixture.hpp"

#include <cmath>
#include <csignal>
#include <string>

using namespace loader_test;
using namespace std::chrono_literals;

namespace {

// A dataset whose reads wait until they may continue, as those of a camera without frames.
struct Gate {
    std::atomic<bool> open{ false };
};

moco_status read_slowly(moco_image *image, size_t index, void *payload)
{
    const auto *gate = static_cast<Gate *>(payload);
    while (!gate->open) {
        std::this_thread::sleep_for(1ms);
    }
    Source source;
    return read_image(image, index, &source);
}

class Cancel : public Loader {
  protected:
    Dataset slow_dataset(moco_status (*read)(moco_image *, size_t, void *) = read_slowly)
    {
        moco_dataset *made = nullptr;
        moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
        callbacks.read = read;
        EXPECT_EQ(moco_dataset_from_callbacks(&made, image_count, 0, &callbacks, &gate_), MOCO_OK);
        return { made, moco_dataset_free };
    }
    static bool says(const std::string &text)
    {
        return std::string(moco_error_message()).find(text) != std::string::npos;
    }

    Gate gate_;
};

moco_loader *of_handler = nullptr;

void cancel_in_handler(int /*number*/)
{
    moco_loader_cancel(of_handler);
}

TEST_F(Cancel, AnotherThreadEndsTheWait)
{
    const Dataset images = slow_dataset();
    const SamplerHandle order = sampler(4);
    const Handle waiting = loader(images, order);
    std::thread other([&] {
        std::this_thread::sleep_for(30ms);
        moco_loader_cancel(waiting.get());
    });
    moco_batch batch = {};
    EXPECT_EQ(moco_loader_next(waiting.get(), &batch), MOCO_ESTOPPED);
    EXPECT_TRUE(says("moco_loader_cancel()")) << moco_error_message();
    EXPECT_EQ(batch.query, nullptr) << "outputs are untouched";
    other.join();
    EXPECT_EQ(moco_loader_next(waiting.get(), &batch), MOCO_ESTOPPED) << "it stays cancelled";
    gate_.open = true; /* the workers end before the loader is freed */
    moco_loader_cancel(nullptr);
}

TEST_F(Cancel, ASignalHandlerEndsTheWait)
{
    const Dataset images = slow_dataset();
    const SamplerHandle order = sampler(4);
    const Handle waiting = loader(images, order);
    of_handler = waiting.get();
    const auto before = std::signal(SIGUSR1, cancel_in_handler);
    const pthread_t self = pthread_self();
    std::thread other([self] {
        std::this_thread::sleep_for(30ms);
        pthread_kill(self, SIGUSR1);
    });
    moco_batch batch = {};
    EXPECT_EQ(moco_loader_next(waiting.get(), &batch), MOCO_ESTOPPED);
    other.join();
    std::signal(SIGUSR1, before);
    gate_.open = true;
}

TEST_F(Cancel, ABatchThatIsLateIsNotLost)
{
    options_.timeout_s = 0.05;
    const Dataset images = slow_dataset();
    const SamplerHandle order = sampler(4);
    const Handle waiting = loader(images, order);
    moco_batch batch = {};
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(moco_loader_next(waiting.get(), &batch), MOCO_EUNAVAILABLE);
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    EXPECT_GE(waited.count(), 0.049);
    EXPECT_TRUE(says("within 0.05 s; call again")) << moco_error_message();
    EXPECT_EQ(moco_loader_next(waiting.get(), &batch), MOCO_EUNAVAILABLE);
    gate_.open = true;
    moco_status status = MOCO_EUNAVAILABLE;
    for (int i = 0; i < 1000 && status == MOCO_EUNAVAILABLE; ++i) {
        status = moco_loader_next(waiting.get(), &batch);
    }
    ASSERT_EQ(status, MOCO_OK) << moco_error_message();
    EXPECT_EQ(batch.batch, 0U) << "the first batch";
    EXPECT_EQ(batch.count, 4U);
}

TEST_F(Cancel, OnlyTheTimeIsUnavailable)
{
    const Dataset images = slow_dataset([](moco_image * /*image*/, size_t /*index*/, void * /*payload*/) {
        return moco_error_set(MOCO_EUNAVAILABLE, "the camera is off");
    });
    const SamplerHandle order = sampler(4);
    const Handle failing = loader(images, order);
    moco_batch batch = {};
    EXPECT_EQ(moco_loader_next(failing.get(), &batch), MOCO_EIO);
    EXPECT_TRUE(says("the camera is off")) << moco_error_message();
}

TEST_F(Cancel, BoundsOfTime)
{
    const Dataset images = slow_dataset();
    const SamplerHandle order = sampler(4);
    for (const double wrong : std::vector<double>{ -1, NAN, INFINITY }) {
        options_.timeout_s = wrong;
        EXPECT_EQ(try_create(images.get(), order.get(), &policy_, nullptr), MOCO_EINVALID) << wrong;
        EXPECT_TRUE(says("timeout_s")) << moco_error_message();
    }
}

TEST_F(Cancel, AnImageThatComesAgainGetsOtherViews)
{
    const Dataset images = dataset();
    const std::vector<double> weights = [] {
        std::vector<double> only(image_count);
        only[7] = 1;
        return only;
    }();
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.count = image_count;
    order.batch = 2;
    order.weights = weights.data();
    std::vector<Batch> of_one, of_three;
    for (std::vector<Batch> *out : { &of_one, &of_three }) {
        moco_sampler *made = nullptr;
        ASSERT_EQ(moco_sampler_create(&made, &order), MOCO_OK) << moco_error_message();
        const SamplerHandle handle = { made, moco_sampler_free };
        options_.workers = out == &of_one ? 1 : 3;
        *out = take(loader(images, handle), 3);
    }
    EXPECT_EQ(of_one, of_three) << "for any number of workers";
    const std::vector<float> &query = of_one[0].query;
    EXPECT_EQ(of_one[0].indices, (std::vector<size_t>{ 7, 7 }));
    const auto half = query.begin() + static_cast<std::ptrdiff_t>(query.size() / 2);
    EXPECT_NE(std::vector<float>(query.begin(), half), std::vector<float>(half, query.end()));
}

} // namespace
