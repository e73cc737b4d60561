// How long threads waited for cores, and the threads that make others sleep soon.
#include "support/process.hpp"
#include "support/temporary_folder.hpp"

#include "base/core_delay_internal.h"
#include "base/threads.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace {

class CoreDelay : public moco_test::WithFolder {
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

TEST_F(CoreDelay, IsTheSumOverThreads)
{
    add_thread("11", "5000000 1500000000 3\n");
    add_thread("12", "7000000 250000000 1\n");
    std::filesystem::create_directories(folder_ / "13"); // has just ended
    EXPECT_DOUBLE_EQ(moco__core_delay_of(folder_.c_str()), 1.75);
}

TEST_F(CoreDelay, IsNegativeIfTheSystemDoesNotCountIt)
{
    EXPECT_LT(moco__core_delay_of(folder_.c_str()), 0);
    EXPECT_LT(moco__core_delay_of(path("nothing").c_str()), 0);
}

TEST_F(CoreDelay, OfThisProcessNeverFalls)
{
    const double before = moco__core_delay();
    EXPECT_GE(moco__core_delay(), before);
}

TEST(Crowd, EndsWithItsObject)
{
    const std::size_t before = threads().size();
    {
        const moco::Crowd crowd;
        const auto names = threads();
        EXPECT_EQ(std::count(names.begin(), names.end(), "moco-crowd\n"), 1);
    }
    EXPECT_TRUE(moco_test::waits_for([&] { return threads().size() <= before; }));
}
