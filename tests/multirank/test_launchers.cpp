// Starts ranks by mpirun and torchrun where they are installed, and with the environment of SLURM.
#include "ranks.hpp"

using namespace ranks;

namespace {

class Launchers : public Ranks {
  protected:
    static void SetUpTestSuite() { make_root(370); } // 3 steps
    static const std::string &bytes()
    {
        static const std::string whole = [] {
            EXPECT_EQ(run(train("nproc", { "--nproc", "2" })), 0);
            return read_file(checkpoint("nproc", 3));
        }();
        return whole;
    }
    static std::string find(const char *program, const char *variable)
    {
        const char *given = std::getenv(variable);
        if (given != nullptr) {
            return given;
        }
        std::istringstream path(std::getenv("PATH"));
        for (std::string folder; std::getline(path, folder, ':');) {
            if (access((folder + "/" + program).c_str(), X_OK) == 0) {
                return folder + "/" + program;
            }
        }
        return "";
    }
};

} // namespace

TEST_F(Launchers, Mpirun)
{
    const auto mpirun = find("mpirun", "MOCO_MPIRUN");
    if (mpirun.empty()) {
        GTEST_SKIP() << "needs mpirun; Debian: apt install openmpi-bin";
    }
    ASSERT_EQ(run(joined({ mpirun, "--allow-run-as-root", "--oversubscribe", "-n", "2" }, train("mpirun"))), 0);
    EXPECT_TRUE(read_file(checkpoint("mpirun", 3)) == bytes());
}

TEST_F(Launchers, Torchrun)
{
    const auto torchrun = find("torchrun", "MOCO_TORCHRUN");
    if (torchrun.empty()) {
        GTEST_SKIP() << "needs torchrun; pip install torch, or set MOCO_TORCHRUN=/path/to/torchrun";
    }
    ASSERT_EQ(run(joined({ torchrun, "--no-python", "--nproc-per-node", "2" }, train("torchrun"))), 0);
    EXPECT_TRUE(read_file(checkpoint("torchrun", 3)) == bytes());
}

// Ranks know each other by a token, which is new in each run.
TEST_F(Launchers, NprocDrawsAToken)
{
    std::vector<std::string> tokens;
    for (const char *out : { "first", "second" }) {
        Process process = start(train(out, { "--nproc", "2" }), "out.txt");
        std::string token;
        EXPECT_TRUE(waits_for([&] {
            const pid_t child = child_of_rank(process.pid(), 1);
            token = child > 0 ? variable_of(child, "MOCO_RUN_TOKEN") : "";
            return !token.empty();
        })) << process.said();
        EXPECT_EQ(process.wait(), 0) << process.said();
        EXPECT_EQ(process.said().find(token), std::string::npos);
        tokens.push_back(token);
    }
    EXPECT_EQ(tokens[0].size(), 32U) << tokens[0];
    EXPECT_NE(tokens[0], tokens[1]);
    EXPECT_EQ(run(train("own", { "--nproc", "2" }), { { "MOCO_RUN_TOKEN", "short" } }), 1);
}

TEST_F(Launchers, TheEnvironmentOfSlurm)
{
    const Environment job{ { "SLURM_NTASKS", "2" },
                           { "SLURM_STEP_ID", "0" },
                           { "SLURM_JOB_NODELIST", "localhost" },
                           { "SLURM_JOB_ID", std::to_string(getpid()) } };
    auto first = job;
    auto second = job;
    first.insert({ { "SLURM_PROCID", "0" }, { "SLURM_LOCALID", "0" } });
    second.insert({ { "SLURM_PROCID", "1" }, { "SLURM_LOCALID", "1" } });
    Process other = start(train("slurm"), "second.txt", second);
    EXPECT_EQ(run(train("slurm"), first), 0);
    EXPECT_EQ(other.wait(), 0) << other.said();
    EXPECT_TRUE(read_file(checkpoint("slurm", 3)) == bytes());
}

TEST_F(Launchers, TheEnvironmentIsIgnoredWhenAsked)
{
    const Environment batch_script{ { "SLURM_NTASKS", "4" }, { "SLURM_PROCID", "0" } };
    EXPECT_EQ(run(train("script", { "--launcher", "none" }), batch_script), 0);
    Process both = start(train("both", { "--nproc", "2" }), "both.txt", batch_script);
    EXPECT_EQ(both.wait(), 2);
    EXPECT_NE(both.said().find("--launcher none"), std::string::npos) << both.said();
}
