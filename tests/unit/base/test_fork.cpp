// Tests what a forked process may do.
#include "support/tensors.hpp"

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

TEST_F(Fork, AChildGoesOnWithOneThread)
{
    ASSERT_OK(moco_threads_set(2));
    const moco_tensor *matrix = random({ 600, 600 }, 1);
    ASSERT_OK(multiply(scope, matrix));
    EXPECT_EQ(in_child([&] { return moco_threads_set(1) == MOCO_OK && multiply(scope, matrix) == MOCO_OK ? 7 : 1; }),
              7);
    ASSERT_OK(moco_threads_set(1));
}
