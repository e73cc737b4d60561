// Tests what a forked process may do.
#include "support/tensors.hpp"

#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using moco_test::cpu;

class Fork : public moco_test::TensorTest {};

// Runs work in a forked process, which must end in time; returns its exit code.
template <typename Work> int in_child(const Work &work)
{
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        _exit(work());
    }
    int state = 0;
    EXPECT_EQ(waitpid(child, &state, 0), child);
    EXPECT_TRUE(WIFEXITED(state)) << "signal " << WTERMSIG(state);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

moco_status multiply(moco_scope *scope, const moco_tensor *matrix)
{
    moco_tensor *product = nullptr;
    return moco_tensor_matmul(&product, scope, matrix, matrix);
}

} // namespace

TEST_F(Fork, AChildGetsAnErrorInsteadOfWaitingForThreads)
{
    ASSERT_OK(moco_threads_set(2));
    const moco_tensor *matrix = random({ 600, 600 }, 1);
    ASSERT_OK(multiply(scope, matrix));
    EXPECT_EQ(in_child([&] {
                  const bool refused = multiply(scope, matrix) == MOCO_EUNAVAILABLE;
                  const bool told = std::string(moco_error_message()).find("moco_threads_set(1)") != std::string::npos;
                  return refused && told ? 7 : 1;
              }),
              7);
    EXPECT_OK(multiply(scope, matrix)) << "the parent continues";
}

TEST_F(Fork, AChildStillKnowsItsEncoder)
{
    ASSERT_OK(moco_threads_set(2));
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    network.arch = "resnet20";
    network.dim = 4;
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    options.encoder = &network;
    options.queue_size = 8;
    moco_model *model = nullptr;
    ASSERT_OK(moco_model_create(&model, &options));
    const moco_tensor *images = random({ 4, 3, 8, 8 }, 1);
    ASSERT_OK(moco_model_step(nullptr, model, images, images, 0.1, 0.9));
    EXPECT_EQ(in_child([&] {
                  const moco_encoder *encoder = moco_model_query_encoder(model);
                  const bool known = moco_encoder_channels(encoder) == 3 && moco_encoder_dim(encoder) == 4;
                  const bool refused = moco_model_step(nullptr, model, images, images, 0.1, 0.9) == MOCO_EUNAVAILABLE;
                  return known && refused ? 7 : 1;
              }),
              7);
    moco_model_free(model);
    ASSERT_OK(moco_threads_set(1));
}

// libgomp would end the process, and libtorch's pool would wait for ever.
TEST_F(Fork, ThreadsThatTheSystemDoesNotGrantAreRefused)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers end the process if they get no memory";
#endif
    EXPECT_EQ(in_child([] {
                  long pages = 0;
                  (void)(std::ifstream("/proc/self/statm") >> pages);
                  const rlim_t addresses = static_cast<rlim_t>(pages) * 4096 + (256U << 20);
                  const rlimit limit = { addresses, addresses };
                  const bool refused = setrlimit(RLIMIT_AS, &limit) == 0 && moco_threads_set(1024) == MOCO_EUNAVAILABLE;
                  const std::string told = moco_error_message();
                  const bool named = told.find("threads 1024: ") == 0 && told.find("ulimit -v") != std::string::npos;
                  return refused && named && moco_threads_set(2) == MOCO_OK ? 7 : 1;
              }),
              7);
}

TEST_F(Fork, AChildGoesOnWithOneThread)
{
    ASSERT_OK(moco_threads_set(2));
    const moco_tensor *matrix = random({ 600, 600 }, 1);
    ASSERT_OK(multiply(scope, matrix));
    EXPECT_EQ(in_child([&] { return moco_threads_set(1) == MOCO_OK && multiply(scope, matrix) == MOCO_OK ? 7 : 1; }),
              7);
    ASSERT_OK(moco_threads_set(1));
}
