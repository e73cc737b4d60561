// How many cores the process may use.
#include "support/temporary_folder.hpp"

#include "base/machine_internal.h"

#include <filesystem>

namespace {

class Machine : public moco_test::WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        std::filesystem::create_directories(folder_ / "pod" / "job");
        moco_test::write_file(path("membership"), "9:name=systemd:/\n0::/pod/job\n");
    }
    // Limits a group to this many microseconds of each.
    void limit(const std::string &group, const std::string &text)
    {
        moco_test::write_file(path(group + "/cpu.max"), text);
    }
    [[nodiscard]] int cores(int most) const
    {
        return moco__cores_of_group(most, folder_.c_str(), path("membership").c_str());
    }
};

} // namespace

TEST_F(Machine, CountsAllCoresWithoutALimit)
{
    EXPECT_EQ(cores(8), 8);
    limit("pod/job", "max 100000\n");
    EXPECT_EQ(cores(8), 8);
    EXPECT_EQ(moco__cores_of_group(8, folder_.c_str(), path("nothing").c_str()), 8);
    EXPECT_GE(moco__cores(), 1);
}

TEST_F(Machine, CountsWhatAControlGroupAllows)
{
    limit("pod/job", "250000 100000\n");
    EXPECT_EQ(cores(8), 2);
    EXPECT_EQ(cores(1), 1);
    limit("pod/job", "50000 100000\n");
    EXPECT_EQ(cores(8), 1);
}

TEST_F(Machine, CountsTheLimitsOfTheGroupsAboveToo)
{
    limit("pod/job", "600000 100000\n");
    limit("pod", "300000 100000\n");
    EXPECT_EQ(cores(8), 3);
    moco_test::write_file(path("membership"), "0::/\n");
    limit(".", "400000 100000\n");
    EXPECT_EQ(cores(8), 4);
}

TEST_F(Machine, IgnoresWhatIsNoLimit)
{
    for (const char *text : { "", "100000", "-5 100000", "100000 0", "words" }) {
        limit("pod/job", text);
        EXPECT_EQ(cores(8), 8) << text;
    }
}

TEST_F(Machine, CountsTheLimitsOfTheFirstVersionToo)
{
    moco_test::write_file(path("membership"), "3:cpuset:/\n2:cpu,cpuacct:/pod/job\n0::/\n");
    for (const char *place : { "cpu", "cpu,cpuacct" }) { // one is mostly a link to the other
        std::filesystem::create_directories(folder_ / place / "pod" / "job");
        moco_test::write_file(path(std::string(place) + "/pod/cpu.cfs_quota_us"), "300000\n");
        moco_test::write_file(path(std::string(place) + "/pod/cpu.cfs_period_us"), "100000\n");
        moco_test::write_file(path(std::string(place) + "/pod/job/cpu.cfs_quota_us"), "-1\n");
        moco_test::write_file(path(std::string(place) + "/pod/job/cpu.cfs_period_us"), "100000\n");
        EXPECT_EQ(cores(8), 3) << place;
        std::filesystem::remove_all(folder_ / place);
    }
    EXPECT_EQ(cores(8), 8);
}

TEST_F(Machine, FindsTheSecondVersionBesideTheFirst)
{
    std::filesystem::create_directories(folder_ / "unified" / "pod");
    moco_test::write_file(path("membership"), "1:cpuacct:/\n0::/pod\n");
    limit("unified/pod", "200000 100000\n");
    EXPECT_EQ(cores(8), 2);
}
