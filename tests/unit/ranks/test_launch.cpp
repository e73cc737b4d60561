// Tests reading what launchers leave in the environment.
#include "support/launch_variables.h"

extern "C" {
#include "ranks/launch_internal.h"
}

#include <moco.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

namespace {

// The environment with these variables and none of a launcher's besides.
class Environment {
  public:
    Environment(const Environment &) = delete;
    Environment &operator=(const Environment &) = delete;
    explicit Environment(const std::map<std::string, std::string> &variables)
    {
        clear();
        for (const auto &[name, value] : variables) {
            setenv(name.c_str(), value.c_str(), 1);
        }
    }
    ~Environment() { clear(); }

  private:
    static void clear()
    {
        for (const char *name : launch_variables) {
            unsetenv(name);
        }
    }
};

std::string first_host(const char *list)
{
    char buffer[64];
    return moco__launch_first_host(buffer, sizeof buffer, list) == MOCO_OK ? buffer : "error";
}

} // namespace

TEST(Launch, IsAloneWithoutALauncher)
{
    const Environment environment({});
    moco_launch launch = MOCO_LAUNCH_INIT;
    ASSERT_EQ(moco_launch_from_environment(&launch, nullptr), MOCO_OK);
    EXPECT_EQ(launch.world, 1);
    EXPECT_STREQ(launch.launcher, "none");
}

TEST(Launch, ReadsTorchrun)
{
    const Environment environment({ { "RANK", "5" },
                                    { "WORLD_SIZE", "8" },
                                    { "LOCAL_RANK", "1" },
                                    { "LOCAL_WORLD_SIZE", "4" },
                                    { "MASTER_ADDR", "node0" },
                                    { "MASTER_PORT", "1234" },
                                    { "TORCHELASTIC_USE_AGENT_STORE", "True" },
                                    { "TORCHELASTIC_RUN_ID", "job" },
                                    { "TORCHELASTIC_RESTART_COUNT", "2" } });
    moco_launch launch = MOCO_LAUNCH_INIT;
    ASSERT_EQ(moco_launch_from_environment(&launch, "auto"), MOCO_OK) << moco_error_message();
    EXPECT_EQ(launch.rank, 5);
    EXPECT_EQ(launch.world, 8);
    EXPECT_EQ(launch.local_rank, 1);
    EXPECT_EQ(launch.local_world, 4);
    EXPECT_STREQ(launch.address, "node0");
    EXPECT_EQ(launch.port, 1234);
    EXPECT_TRUE(launch.store_served);
    EXPECT_STREQ(launch.attempt, "job/2");
}

TEST(Launch, FindsTheTokenOfTheRun)
{
    const char *token = "";
    {
        const Environment environment(std::map<std::string, std::string>{ { "MOCO_RUN_TOKEN", "0123456789abcdef" } });
        ASSERT_EQ(moco__launch_token(&token), MOCO_OK) << moco_error_message();
        EXPECT_STREQ(token, "0123456789abcdef");
    }
    for (const std::string &wrong : { std::string("short"), std::string(129, 'a') }) {
        const Environment environment(std::map<std::string, std::string>{ { "MOCO_RUN_TOKEN", wrong } });
        EXPECT_EQ(moco__launch_token(&token), MOCO_EINVALID);
        EXPECT_EQ(std::string(moco_error_message()).find(wrong), std::string::npos) << moco_error_message();
    }
    const Environment environment(std::map<std::string, std::string>{ { "MOCO_RUN_TOKEN", "" } });
    ASSERT_EQ(moco__launch_token(&token), MOCO_OK);
    EXPECT_EQ(token, nullptr);
}

TEST(Launch, ReadsOpenMpi)
{
    const Environment environment({ { "OMPI_COMM_WORLD_RANK", "1" },
                                    { "OMPI_COMM_WORLD_SIZE", "2" },
                                    { "OMPI_COMM_WORLD_LOCAL_RANK", "1" },
                                    { "OMPI_COMM_WORLD_LOCAL_SIZE", "2" },
                                    { "PMIX_NAMESPACE", "4711" } });
    moco_launch launch = MOCO_LAUNCH_INIT;
    ASSERT_EQ(moco_launch_from_environment(&launch, nullptr), MOCO_OK) << moco_error_message();
    EXPECT_EQ(launch.rank, 1);
    EXPECT_STREQ(launch.address, "127.0.0.1");
    EXPECT_FALSE(launch.store_served);
    EXPECT_GE(launch.port, 20000);
    EXPECT_LT(launch.port, 30000);
}

TEST(Launch, AsksForTheMasterOfMpiOnSeveralHosts)
{
    const Environment environment({ { "OMPI_COMM_WORLD_RANK", "1" },
                                    { "OMPI_COMM_WORLD_SIZE", "4" },
                                    { "OMPI_COMM_WORLD_LOCAL_RANK", "1" },
                                    { "OMPI_COMM_WORLD_LOCAL_SIZE", "2" } });
    moco_launch launch = MOCO_LAUNCH_INIT;
    EXPECT_EQ(moco_launch_from_environment(&launch, nullptr), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("MASTER_ADDR"), std::string::npos);
}

TEST(Launch, ReadsSlurm)
{
    const Environment environment({ { "SLURM_PROCID", "3" },
                                    { "SLURM_NTASKS", "4" },
                                    { "SLURM_LOCALID", "1" },
                                    { "SLURM_STEP_TASKS_PER_NODE", "2(x2)" },
                                    { "SLURM_JOB_NODELIST", "gpu[07-08]" },
                                    { "SLURM_JOB_ID", "99" } });
    moco_launch launch = MOCO_LAUNCH_INIT;
    ASSERT_EQ(moco_launch_from_environment(&launch, nullptr), MOCO_OK) << moco_error_message();
    EXPECT_EQ(launch.rank, 3);
    EXPECT_EQ(launch.world, 4);
    EXPECT_EQ(launch.local_rank, 1);
    EXPECT_EQ(launch.local_world, 2);
    EXPECT_STREQ(launch.address, "gpu07");
    ASSERT_EQ(moco_launch_from_environment(&launch, "none"), MOCO_OK);
    EXPECT_EQ(launch.world, 1);
}

// sbatch gives the script of a job the numbers of its tasks, as srun gives them to the tasks.
TEST(Launch, KnowsAScriptOfSlurmFromItsTasks)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    {
        const Environment script({ { "SLURM_PROCID", "0" }, { "SLURM_NTASKS", "4" }, { "SLURM_JOB_ID", "99" } });
        EXPECT_EQ(moco_launch_from_environment(&launch, nullptr), MOCO_EINVALID);
        for (const char *part : { "4 tasks", "srun", "launcher none" }) {
            EXPECT_NE(std::string(moco_error_message()).find(part), std::string::npos) << moco_error_message();
        }
        EXPECT_EQ(moco_launch_from_environment(&launch, "none"), MOCO_OK);
    }
    for (const char *tasks : { "1", "" }) {
        const Environment script({ { "SLURM_PROCID", "0" }, { "SLURM_NTASKS", tasks }, { "SLURM_JOB_ID", "99" } });
        if (tasks[0] == '\0') {
            unsetenv("SLURM_NTASKS");
        }
        ASSERT_EQ(moco_launch_from_environment(&launch, "auto"), MOCO_OK) << moco_error_message();
        EXPECT_EQ(launch.world, 1);
        EXPECT_STREQ(launch.launcher, "none");
    }
    const Environment task({ { "SLURM_PROCID", "1" },
                             { "SLURM_NTASKS", "4" },
                             { "SLURM_LOCALID", "1" },
                             { "SLURM_STEP_ID", "0" },
                             { "SLURM_JOB_NODELIST", "gpu7" } });
    ASSERT_EQ(moco_launch_from_environment(&launch, nullptr), MOCO_OK) << moco_error_message();
    EXPECT_EQ(launch.world, 4);
}

TEST(Launch, RefusesWhatDoesNotFit)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    {
        const Environment environment({ { "RANK", "2" }, { "WORLD_SIZE", "2" } });
        EXPECT_EQ(moco_launch_from_environment(&launch, nullptr), MOCO_EINVALID);
    }
    {
        const Environment environment({ { "RANK", "x" }, { "WORLD_SIZE", "2" } });
        EXPECT_EQ(moco_launch_from_environment(&launch, nullptr), MOCO_EINVALID);
        EXPECT_NE(std::string(moco_error_message()).find("RANK is \"x\""), std::string::npos);
    }
    {
        const Environment environment(std::map<std::string, std::string>{ { "WORLD_SIZE", "2" } });
        EXPECT_EQ(moco_launch_from_environment(&launch, nullptr), MOCO_EINVALID);
    }
    EXPECT_EQ(moco_launch_from_environment(&launch, "bsub"), MOCO_EINVALID);
}

TEST(Launch, FindsTheFirstHostOfALine)
{
    EXPECT_EQ(first_host("node1"), "node1");
    EXPECT_EQ(first_host("node1,node2"), "node1");
    EXPECT_EQ(first_host("gpu[07-09,12],login"), "gpu07");
    EXPECT_EQ(first_host("rack[3,5]-ib"), "rack3-ib");
    EXPECT_EQ(first_host(""), "error");
    EXPECT_EQ(first_host("gpu["), "error");
    EXPECT_EQ(first_host("gpu[a-b]"), "error");
}

namespace {

// Returns the GPU of a rank among `count`, or -1.
int gpu_of(const char *launcher, int local_rank, int local_world, int count)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    int32_t index = -1;
    (void)snprintf(launch.launcher, sizeof launch.launcher, "%s", launcher);
    launch.rank = launch.local_rank = local_rank;
    launch.world = launch.local_world = local_world;
    return moco__launch_gpu(&index, &launch, count) == MOCO_OK ? index : -1;
}

} // namespace

TEST(Launch, GivesEachProcessItsGpu)
{
    EXPECT_EQ(gpu_of("torchrun", 3, 4, 4), 3);
    EXPECT_EQ(gpu_of("slurm", 3, 4, 8), 3);
    EXPECT_EQ(gpu_of("mpi", 0, 1, 1), 0);
}

// srun --gpus-per-task=1 shows each task one GPU, which is cuda:0 there.
TEST(Launch, AGpuThatAProcessSeesAloneIsItsOwn)
{
    EXPECT_EQ(gpu_of("slurm", 1, 2, 1), 0);
    EXPECT_EQ(gpu_of("mpi", 3, 4, 1), 0);
}

TEST(Launch, RefusesMoreProcessesThanGpus)
{
    EXPECT_EQ(gpu_of("torchrun", 1, 2, 1), -1);
    EXPECT_NE(std::string(moco_error_message()).find("2 processes on this host, but 1 GPU;"), std::string::npos);
    EXPECT_EQ(gpu_of("slurm", 1, 4, 2), -1);
}
