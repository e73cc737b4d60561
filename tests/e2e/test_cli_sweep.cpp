// Tests many runs by the tool: sweep, runs, and plot against a setting.
#include "cli.hpp"
#include "support/json.hpp"

#include <csignal>
#include <fstream>

using namespace cli;
using moco_test::Json;

namespace {

class CliSweep : public Cli {
  protected:
    // The words of a sweep over small runs.
    static Words sweep(const std::string &out, const Words &more = {})
    {
        Words words = train(out, more);
        words[0] = "sweep";
        if (moco_test::device_name() != "cpu") {
            words = joined(words, { "--device", moco_test::device_name() });
        }
        return words;
    }
    static Words two_by_two(const Words &more = {})
    {
        return joined(sweep("swept", { "--epochs", "1", "--seeds", "2", "--momentum", "0,.9", "--val-data", "test",
                                       "--knn-every", "1" }),
                      more);
    }
    // A sweep of two momenta and two seeds, which each suite trains once.
    static const Result &swept()
    {
        static fs::path where;
        static Result result;
        if (where != root) {
            where = root;
            result = run(two_by_two());
        }
        return result;
    }
};

std::string text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != nullptr ? value : "";
}

} // namespace

TEST_F(CliSweep, TrainsEveryCombinationOnce)
{
    const Result &first = swept();
    ASSERT_EQ(first.code, 0) << first.err << first.out;
    EXPECT_HAS(first.out, "4 runs, ");
    EXPECT_HAS(first.out, "[4/4] momentum-0.9_seed-1: done in ");
    EXPECT_HAS(first.out, "kNN accuracy ");
    EXPECT_HAS(first.out, "4 runs: 4 done; compare them with: moco runs swept\n");
    for (const char *name :
         { "momentum-0_seed-0", "momentum-0.9_seed-0", "momentum-0_seed-1", "momentum-0.9_seed-1" }) {
        EXPECT_TRUE(fs::exists(root / "swept" / name / "report.html") ||
                    fs::exists(root / "swept" / name / "config.yaml"));
        EXPECT_HAS(read_file(root / "swept/logs" / (std::string(name) + ".log")), "done: 3 steps");
    }
    EXPECT_HAS(read_file(root / "swept/momentum-0_seed-1/config.yaml"), "momentum: 0\n");
    EXPECT_HAS(read_file(root / "swept/momentum-0_seed-1/config.yaml"), "seed: 1\n");

    const auto written = fs::last_write_time(root / "swept/momentum-0_seed-0/metrics.jsonl");
    const Result second = run(two_by_two());
    EXPECT_EQ(second.code, 0) << second.err;
    EXPECT_HAS(second.out, "[1/4] momentum-0_seed-0: is done already");
    EXPECT_HAS(second.out, "4 runs: 4 done");
    EXPECT_EQ(fs::last_write_time(root / "swept/momentum-0_seed-0/metrics.jsonl"), written);

    const Result other = run(two_by_two({ "--temperature", "0.5" }));
    EXPECT_EQ(other.code, 1);
    EXPECT_HAS(other.err, "run momentum-0_seed-0 is there with ");
    EXPECT_HAS(other.err, "give another --out, or delete it");
}

TEST_F(CliSweep, ListsRunsWithWhatDiffersAndTheBestFirst)
{
    ASSERT_EQ(swept().code, 0) << swept().err;
    const Result table = run({ "runs", "swept" });
    ASSERT_EQ(table.code, 0) << table.err;
    EXPECT_HAS(table.out, "run                  state  step  epoch  momentum  seed");
    EXPECT_HAS(table.out, "momentum-0.9_seed-1  done      3    1/1       0.9     1");
    EXPECT_HAS(table.out, "knn_acc1");
    EXPECT_FALSE(has(table.out, "queue-size")) << table.out;

    const Result result = run({ "runs", "swept", "--sort", "knn_acc1", "--json" });
    ASSERT_EQ(result.code, 0) << result.err;
    const Json list(json_loads(result.out.c_str(), 0, nullptr));
    ASSERT_EQ(json_array_size(list.get()), 4U) << result.out;
    double before = 101;
    for (size_t i = 0; i < 4; ++i) {
        const json_t *of = json_array_get(list.get(), i);
        const double accuracy = json_number_value(json_object_get(json_object_get(of, "metrics"), "knn_acc1"));
        EXPECT_LE(accuracy, before);
        before = accuracy;
        EXPECT_EQ(text(of, "state"), "done");
        EXPECT_EQ(json_integer_value(json_object_get(of, "step")), 3);
        EXPECT_EQ(json_object_size(json_object_get(of, "settings")), 2U);
        EXPECT_TRUE(fs::exists(root / text(of, "best_checkpoint"))) << result.out;
    }
    const Result unknown = run({ "runs", "swept", "--sort", "beauty" });
    EXPECT_EQ(unknown.code, 1);
    EXPECT_HAS(unknown.err, "'beauty' is neither a metric of these runs nor a setting");
    const Result nothing = run({ "runs", "train" });
    EXPECT_EQ(nothing.code, 1);
    EXPECT_HAS(nothing.err, "there is no run in this folder or below");
}

// An untrained network can be the best of all, but has no checkpoint.
TEST_F(CliSweep, TheBestIsOneThatWasTrained)
{
    fs::create_directories(root / "worse");
    moco_test::write_file(root / "worse/config.yaml", "epochs: 2\n");
    moco_test::write_file(root / "worse/metrics.jsonl", "{\"step\": 0, \"epoch\": 0, \"knn_acc1\": 61}\n"
                                                        "{\"step\": 3, \"epoch\": 1, \"knn_acc1\": 52}\n"
                                                        "{\"step\": 6, \"epoch\": 2, \"knn_acc1\": 50}\n");
    const Result result = run({ "runs", "worse", "--json" });
    ASSERT_EQ(result.code, 0) << result.err;
    const Json list(json_loads(result.out.c_str(), 0, nullptr));
    const json_t *of = json_array_get(list.get(), 0);
    EXPECT_EQ(json_number_value(json_object_get(of, "best_knn_acc1")), 52);
    EXPECT_EQ(json_number_value(json_object_get(of, "best_epoch")), 1);
    std::ofstream(root / "worse/metrics.jsonl", std::ios::app)
        << "{\"step\": 8, \"epoch\": 2.5, \"knn_acc1\": 1e300}\n";
    const Result page = run({ "report", "worse" });
    EXPECT_EQ(page.code, 0) << page.err;
}

TEST_F(CliSweep, ListsTheOthersIfARunCannotBeRead)
{
    ASSERT_EQ(swept().code, 0) << swept().err;
    fs::create_directories(root / "mixed");
    fs::copy(root / "swept/momentum-0_seed-0", root / "mixed/good", fs::copy_options::recursive);
    fs::create_directories(root / "mixed/bad/metrics.jsonl");
    fs::copy(root / "swept/momentum-0_seed-1", root / "mixed/torn", fs::copy_options::recursive);
    std::ofstream(root / "mixed/torn/config.yaml") << "epochs: [\n";
    fs::remove(root / "mixed/good/metrics.jsonl");
    const Result list = run({ "runs", "mixed" });
    EXPECT_EQ(list.code, 1);
    EXPECT_HAS(list.out, "good  done      3    1/1") << "by its checkpoint, and no setting differs";
    EXPECT_HAS(list.err, "mixed/bad/metrics.jsonl");
    EXPECT_HAS(list.err, "mixed/torn/config.yaml");
    EXPECT_HAS(list.err, "2 of 3 runs cannot be read and are left out");
    fs::copy(root / "swept/momentum-0_seed-0/metrics.jsonl", root / "mixed/good/metrics.jsonl");
    const Result twice = run({ "runs", "mixed/good", "mixed/good", "--metrics", "loss,beauty" });
    EXPECT_EQ(twice.out.find("good"), twice.out.rfind("good")) << twice.out;
    EXPECT_HAS(twice.err, "--metrics: no run has 'beauty' yet");
    const Result drawn = run({ "plot", "mixed", "--x", "momentum", "--metric", "loss", "--out", "mixed.svg" });
    EXPECT_EQ(drawn.code, 1);
    EXPECT_HAS(drawn.err, "2 of 3 runs cannot be read and are left out");
    EXPECT_TRUE(fs::exists(root / "mixed.svg"));
}

TEST_F(CliSweep, DrawsAMetricAgainstASetting)
{
    ASSERT_EQ(swept().code, 0) << swept().err;
    const Result result = run({ "plot", "swept", "--x", "momentum", "--metric", "loss", "--out", "loss.svg" });
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.out, "momentum ");
    EXPECT_HAS(result.out, "0.9                                               2");
    const std::string picture = read_file(root / "loss.svg");
    EXPECT_HAS(picture, "loss by momentum");
    EXPECT_HAS(picture, "of up to 2 runs");
    const Result lines = run({ "plot", "swept", "--x", "seed", "--by", "momentum", "--out", "lines.svg" });
    ASSERT_EQ(lines.code, 0) << lines.err;
    EXPECT_HAS(read_file(root / "lines.svg"), "momentum 0.9");
    const Result wrong = run({ "plot", "swept", "--x", "momentun" });
    EXPECT_EQ(wrong.code, 1);
    EXPECT_HAS(wrong.err, "--x: there is no setting 'momentun'; did you mean 'momentum'?");
    EXPECT_EQ(run({ "plot", "swept", "--by", "momentum" }).code, 2);
    EXPECT_HAS(run({ "plot", "swept", "--x", "seed", "--by", "seed" }).err, "--by 'seed' is what --x draws already");
    EXPECT_HAS(run({ "plot", "swept" }).err, "moco plot swept --x OPTION");
    for (const char *name : { "64", "256" }) {
        const fs::path of = root / "along" / name;
        fs::create_directories(of);
        std::ofstream(of / "config.yaml") << "queue_size: " << name << "\nbatch: " << name << "\n";
        std::ofstream(of / "train.log") << "2026-01-02 03:04:05 done: 3 steps\n";
        std::ofstream(of / "metrics.jsonl") << R"({"step": 3, "epoch": 1, "loss": 2})"
                                            << "\n";
    }
    const Words along{ "plot", "along", "--metric", "loss", "--out", "along.svg", "--x" };
    EXPECT_FALSE(has(run(joined(along, { "queue-size" })).err, "differ")) << "each point has one run";
    EXPECT_HAS(run(joined(along, { "epochs" })).err, "runs of one point differ in queue-size, batch too");
}

TEST_F(CliSweep, NamesFailuresAndGoesOn)
{
    fs::create_directories(root / "failing/lr-0.5_seed-0");
    fs::create_directories(root / "failing/logs");
    std::ofstream(root / "failing/lr-0.5_seed-0/checkpoints") << "no folder\n";
    std::ofstream(root / "failing/logs/lr-0.5_seed-0.log") << "of an earlier attempt\n";
    const Words words = sweep("failing", { "--epochs", "1", "--lr", "0.5,0.05", "--seeds", "1" });
    const Result result = run(words);
    EXPECT_EQ(result.code, 1);
    EXPECT_HAS(result.err, "run lr-0.5_seed-0 failed with exit code 1; failing/logs/lr-0.5_seed-0.log ends with:");
    EXPECT_HAS(result.err, "    moco: error: ");
    EXPECT_FALSE(has(result.err, "of an earlier attempt")) << result.err;
    EXPECT_HAS(result.out, "2 runs: 1 done, 1 failed");
    fs::remove(root / "failing/lr-0.5_seed-0/checkpoints");
    const Result again = run(words);
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_HAS(again.out, "2 runs: 2 done");
}

TEST_F(CliSweep, StopsAllRunsAndContinuesThem)
{
    ONLY_AMONG_ALL();
    const Words words = sweep("stopped", { "--epochs", "15", "--temperature", "0.1,0.2", "--parallel", "2" });
    Process process = start(words);
    const auto trains = [](const char *name) {
        return read_file(root / "stopped" / name / "metrics.jsonl").size() > 100;
    };
    ASSERT_TRUE(waits_for([&] { return trains("temperature-0.1") && trains("temperature-0.2"); })) << process.said();
    process.send(SIGINT);
    EXPECT_EQ(process.wait(), 128 + SIGINT);
    EXPECT_HAS(read_file(root / "err.txt"), "stopped by SIGINT; the same command continues the sweep");
    const Result list = run({ "runs", "stopped" });
    EXPECT_HAS(list.out, "temperature-0.1  stopped");
    EXPECT_HAS(list.out, "temperature-0.2  stopped");
    const Result resumed = run(words);
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_HAS(resumed.out, "temperature-0.1: continues");
    EXPECT_HAS(resumed.out, "2 runs: 2 done");
    EXPECT_HAS(read_file(root / "stopped/temperature-0.2/train.log"), "continues from ");
}

TEST_F(CliSweep, ChecksTheWholeGridBeforeItStarts)
{
    const Result wrong = run(sweep("grid", { "--temperature", "0.1,cold" }));
    EXPECT_EQ(wrong.code, 2);
    EXPECT_HAS(wrong.err, "cold");
    const Result twice = run(sweep("grid", { "--temperature", "0.1,.10" }));
    EXPECT_EQ(twice.code, 2);
    EXPECT_HAS(twice.err, "--temperature: the value .10 is given twice; leave one out");
    const Result seeds = run(sweep("grid", { "--seed", "1,2", "--seeds", "2" }));
    EXPECT_EQ(seeds.code, 2);
    EXPECT_HAS(seeds.err, "--seeds and a list for --seed are given");
    const Result unfit = run(sweep("grid", { "--bn-splits", "1,7" }));
    EXPECT_EQ(unfit.code, 2);
    EXPECT_HAS(unfit.err, "run bn-splits-7: ");
    EXPECT_FALSE(fs::exists(root / "grid"));
    fs::create_directories(root / "one/dark");
    fs::copy(root / "test/dark", root / "one/dark");
    const Result unlike = run(sweep("grid", { "--lr", "0.1,0.2", "--val-data", "one", "--knn-every", "1" }));
    EXPECT_EQ(unlike.code, 1);
    EXPECT_HAS(unlike.err, "one has no labels");
    EXPECT_FALSE(fs::exists(root / "grid"));
    const Result inside = run(sweep("train/dark/grid", { "--temperature", "0.1,0.2" }));
    EXPECT_EQ(inside.code, 1);
    EXPECT_HAS(inside.err, "train/dark/grid: the folder of the sweep is in the data ");
    EXPECT_FALSE(fs::exists(root / "train/dark/grid"));

    for (const auto &[more, says] :
         { std::pair{ Words{ "--batch", "16,64" }, "run batch-64: " },
           std::pair{ Words{ "--batch", "16,32", "--accumulate", "3" }, "does not divide into 3 equal parts" },
           std::pair{ Words{ "--symmetric", "true,false" },
                      "--symmetric is a switch: write --symmetric=true,false" } }) {
        const Result result = run(sweep("grid", joined(more, { "--dry-run" })));
        EXPECT_NE(result.code, 0) << says;
        EXPECT_HAS(result.err, says);
    }

    const Result dry = run(sweep("grid", { "--mlp=true,false", "--milestones", "1,2", "--milestones", "3", "--schedule",
                                           "steps,cosine", "--dry-run", "--parallel", "3" }));
    ASSERT_EQ(dry.code, 0) << dry.err;
    EXPECT_HAS(dry.out, "new      grid/mlp-true_milestones-1-2_schedule-steps\n");
    EXPECT_HAS(dry.out, "8 runs, 3 at a time");
    EXPECT_FALSE(fs::exists(root / "grid"));
}

TEST_F(CliSweep, ChecksThePlacesOfItsRuns)
{
    const Words two{ "--lr", "0.5,0.05", "--dry-run" };
    fs::create_directories(root / "places/lr-0.5");
    std::ofstream(root / "places/lr-0.5/thesis.tex") << "precious\n";
    const Result foreign = run(sweep("places", two));
    EXPECT_EQ(foreign.code, 1);
    EXPECT_HAS(foreign.err, "places/lr-0.5 holds thesis.tex, and no run");
    fs::remove(root / "places/lr-0.5/thesis.tex");
    std::ofstream(root / "places/lr-0.05") << "a file\n";
    EXPECT_HAS(run(sweep("places", two)).err,
               "places/lr-0.05, where a run's folder is to be: this is a file, not a folder");
    EXPECT_HAS(run(sweep("places/lr-0.05/more", two)).err, "places/lr-0.05: this is a file, not a folder");
    ASSERT_EQ(swept().code, 0) << swept().err;
    EXPECT_HAS(run(sweep("swept/momentum-0_seed-0", two)).err, "is the folder of one run");
    EXPECT_HAS(run({ "resume", "swept" }).err, "swept is the folder of a sweep");
}
