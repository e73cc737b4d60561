// How long threads waited for cores, and the threads that make others sleep soon.
#include "support/process.hpp"
#include "support/temporary_folder.hpp"

#include "base/core_time_internal.h"
#include "base/threads.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace {

class CoreTime : public moco_test::WithFolder {
  protected:
    void add_thread(const std::string &id, const std::string &schedstat)
    {
        std::filesystem::create_directories(folder_ / id);
        moco_test::write_file(path(id + "/schedstat"), schedstat);
    }
};

// The names of this process's threads.
std::vector<std::string> threads()
{
    std::vector<std::string> names;
    for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
        names.push_back(moco_test::read_file(task.path() / "comm"));
    }
    return names;
}

} // namespace

TEST_F(CoreTime, IsTheSumOverThreads)
{
    moco__core_time sum;
    add_thread("11", "500000000 1500000000 3\n");
    add_thread("12", "750000000 250000000 1\n");
    std::filesystem::create_directories(folder_ / "13"); // has just ended
    ASSERT_TRUE(moco__core_time_read_from(&sum, folder_.c_str()));
    EXPECT_DOUBLE_EQ(sum.ran, 1.25);
    EXPECT_DOUBLE_EQ(sum.waited, 1.75);
}

TEST_F(CoreTime, IsUnknownIfTheSystemDoesNotCountIt)
{
    moco__core_time sum;
    EXPECT_FALSE(moco__core_time_read_from(&sum, folder_.c_str()));
    EXPECT_FALSE(moco__core_time_read_from(&sum, path("nothing").c_str()));
    add_thread("11", "0 0 0\n"); // as kernels write that are built without it
    EXPECT_FALSE(moco__core_time_read_from(&sum, folder_.c_str()));
}

TEST(Crowd, EndsWithItsObject)
{
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer starts a thread of its own";
#endif
    const std::size_t before = threads().size();
    {
        const moco::Crowd crowd;
        const auto names = threads();
        EXPECT_EQ(std::count(names.begin(), names.end(), "moco-crowd\n"), 1);
    }
    EXPECT_TRUE(moco_test::waits_for([&] { return threads().size() <= before; }));
}
