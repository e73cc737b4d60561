// Tests that several processes compute the same as one, and resume exactly where they stopped.
#include "ranks.hpp"

#include <moco.h>

using namespace ranks;

namespace {

class Training : public Ranks {
  protected:
    static int steps() { return moco_test::all_tests() ? 10 : 3; }
    static int batch() { return moco_test::all_tests() ? 480 : 240; }
    static void SetUpTestSuite() { make_root((batch() + 10) * steps()); }
    // An epoch of these steps, whose batches are large: rounding is multiplied less.
    static Words train(const std::string &out, const Words &more = {})
    {
        return joined(Ranks::train(out, { "--batch", std::to_string(batch()) }), more);
    }
    // Four times as many of smaller ones, where bytes are compared.
    static Words train_long(const std::string &out, const Words &more = {})
    {
        return joined(Ranks::train(out, { "--batch", std::to_string(batch() / 4) }), more);
    }
    // The run of one process that others are compared with; made once.
    static const std::string &alone()
    {
        static const std::string name = [] {
            EXPECT_EQ(run(train("alone")), 0);
            return std::string("alone");
        }();
        return name;
    }
    // The largest difference between the parameters of two runs' encoders.
    static double parameter_difference(const std::string &a, const std::string &b)
    {
        moco_weights *files[2] = {};
        EXPECT_EQ(moco_weights_open(&files[0], checkpoint(a, steps()).c_str()), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_weights_open(&files[1], checkpoint(b, steps()).c_str()), MOCO_OK) << moco_error_message();
        double largest = 0;
        for (size_t i = 0; i < moco_weights_count(files[0]); ++i) {
            const auto *entry = moco_weights_get(files[0], i);
            const std::string name = entry->name;
            if (name.rfind("encoder_", 0) != 0 || entry->dtype != MOCO_FLOAT32 ||
                name.find("running") != std::string::npos) {
                continue;
            }
            std::vector<float> x(entry->bytes / sizeof(float));
            std::vector<float> y(x.size());
            EXPECT_EQ(moco_weights_read(x.data(), entry->bytes, files[0], entry->name), MOCO_OK);
            EXPECT_EQ(moco_weights_read(y.data(), entry->bytes, files[1], entry->name), MOCO_OK);
            for (size_t k = 0; k < x.size(); ++k) {
                largest = std::max(largest, static_cast<double>(std::abs(x[k] - y[k])));
            }
        }
        moco_weights_free(files[0]);
        moco_weights_free(files[1]);
        return largest;
    }
    static void expect_same_run(const std::string &out)
    {
        const double losses = largest_difference(series(alone(), "loss"), series(out, "loss"));
        const double parameters = parameter_difference(alone(), out);
        EXPECT_LT(losses, 1e-4) << out;
        EXPECT_LT(parameters, 1e-4) << out;
        std::cout << out << ": losses within " << losses << ", parameters within " << parameters << '\n';
    }
};

} // namespace

TEST_F(Training, SameGroupsGiveTheSameRun)
{
    ASSERT_EQ(run(train("four", { "--nproc", "4" })), 0);
    expect_same_run("four");
    ASSERT_EQ(run(train("two", { "--nproc", "2", "--accumulate", "2" })), 0);
    expect_same_run("two");
    if (!moco_test::all_tests()) {
        return;
    }
    ASSERT_EQ(run(train("parts", { "--accumulate", "4" })), 0);
    expect_same_run("parts");
}

TEST_F(Training, AllGatherShufflesToTheSameBytes)
{
    ASSERT_EQ(run(train("sent", { "--nproc", "2" })), 0);
    ASSERT_EQ(run(train("gathered", { "--nproc", "2", "--shuffle", "allgather" })), 0);
    EXPECT_EQ(series("sent", "loss"), series("gathered", "loss"));
    EXPECT_EQ(parameter_difference("sent", "gathered"), 0);
}

TEST_F(Training, SyncBnIsOneGroupOverAllRanks)
{
    ONLY_AMONG_ALL();
    ASSERT_EQ(run(train("sync1", { "--sync-bn" })), 0);
    ASSERT_EQ(run(train("sync2", { "--sync-bn", "--nproc", "2" })), 0);
    EXPECT_LT(largest_difference(series("sync1", "loss"), series("sync2", "loss")), 1e-3);
    ASSERT_EQ(run(train("plain1", { "--bn-splits", "1" })), 0);
    EXPECT_LT(largest_difference(series("sync1", "loss"), series("plain1", "loss")), 1e-3);
}

TEST_F(Training, GradientsMayBeCompressed)
{
    ONLY_AMONG_ALL();
    ASSERT_EQ(run(train("bf16", { "--nproc", "2", "--gradient-compression", "bf16" })), 0);
    const double difference = largest_difference(series(alone(), "loss"), series("bf16", "loss"));
    EXPECT_LT(difference, 0.02);
    EXPECT_GT(difference, 0) << "nothing was compressed";
}

TEST_F(Training, KnnIsTheSameNumberOnAnyNumberOfRanks)
{
    ONLY_AMONG_ALL();
    // A rate this small does not change the weights.
    const Words knn{ "--knn-every", "1", "--val-data", images(), "--lr", "1e-30", "--knn-images", "3000" };
    auto two = knn;
    two.insert(two.end(), { "--nproc", "2" });
    ASSERT_EQ(run(train("knn1", knn)), 0);
    ASSERT_EQ(run(train("knn2", two)), 0);
    ASSERT_EQ(series("knn1", "knn_acc1").size(), 2U) << "before the first step, and at the end";
    EXPECT_EQ(series("knn1", "knn_acc1"), series("knn2", "knn_acc1"));
}

TEST_F(Training, IsExactAfterSigterm)
{
    const std::string ranks = moco_test::all_tests() ? "4" : "2";
    const Words several{ "--nproc", ranks, "--lr", "0.03", "--checkpoint-every", "1" };
    ASSERT_EQ(run(train_long("whole", several)), 0);
    Process broken = start(train_long("broken", several), "broken.txt");
    ASSERT_TRUE(waits_for([] { return lines("broken") >= 2; })) << broken.said();
    broken.send(SIGTERM);
    EXPECT_EQ(broken.wait(), 128 + SIGTERM) << broken.said();
    ASSERT_FALSE(fs::exists(checkpoint("broken", 4 * steps())));
    ASSERT_EQ(run({ MOCO_BINARY, "resume", (root / "broken").string(), "--nproc", ranks, "--quiet" }), 0);
    EXPECT_TRUE(read_file(checkpoint("whole", 4 * steps())) == read_file(checkpoint("broken", 4 * steps())));
}

TEST_F(Training, GoesOnWithAnotherNumberOfProcesses)
{
    ONLY_AMONG_ALL();
    Process first = start(train_long("moved", { "--epochs", "2", "--nproc", "2" }), "moved.txt");
    ASSERT_TRUE(waits_for([] { return lines("moved") >= 5; })) << first.said();
    first.send(SIGTERM);
    EXPECT_EQ(first.wait(), 128 + SIGTERM) << first.said();
    Process second = start({ MOCO_BINARY, "resume", (root / "moved").string(), "--quiet" }, "moved.txt");
    EXPECT_EQ(second.wait(), 0) << second.said();
    EXPECT_NE(second.said().find("is from 2 processes, and the run continues with 1"), std::string::npos)
        << second.said();
    EXPECT_EQ(series("moved", "loss").size(), static_cast<size_t>(8 * steps()));
}

// Every mechanism computes the same on two ranks as on one, and continues exactly on two. The goldens have more of
// them.
TEST_F(Training, EveryMechanismIsTheSameRun)
{
    ONLY_AMONG_ALL();
    const struct {
        const char *name;
        Words words;
    } mechanisms[] = {
        { "e2e", { "--mechanism", "end-to-end" } },
        { "bank", { "--mechanism", "memory-bank" } },
        { "batch", { "--mechanism", "momentum-batch", "--predictor", "64", "--symmetric" } },
    };
    for (const auto &m : mechanisms) {
        const std::string one = std::string(m.name) + "1";
        const std::string two = std::string(m.name) + "2";
        ASSERT_EQ(run(train(one, m.words)), 0);
        ASSERT_EQ(run(train(two, joined(m.words, { "--nproc", "2" }))), 0);
        /* Ten steps multiply the last bits; how much depends on the images. */
        EXPECT_LT(largest_difference(series(one, "loss"), series(two, "loss")), 5e-4) << m.name;
        EXPECT_LT(parameter_difference(one, two), 5e-4) << m.name;

        const std::string broken = std::string(m.name) + "-broken";
        Process process = start(train(broken, joined(m.words, { "--nproc", "2" })), "broken.txt");
        ASSERT_TRUE(waits_for([&] { return lines(broken) >= 3; })) << process.said();
        process.send(SIGTERM);
        EXPECT_EQ(process.wait(), 128 + SIGTERM) << process.said();
        ASSERT_EQ(run({ MOCO_BINARY, "resume", (root / broken).string(), "--nproc", "2", "--quiet" }), 0);
        EXPECT_TRUE(read_file(checkpoint(two, steps())) == read_file(checkpoint(broken, steps()))) << m.name;
    }
}
