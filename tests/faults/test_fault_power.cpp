// Makes what a disk may hold after the power fails at each moment, and goes on from there. See docs/reliability.md.
#include "faults/power_log.hpp"

namespace {

using faults::Disk;
using faults::Files;
using faults::Loss;
using faults::Outcome;
using faults::Record;
using faults::Scenario;
namespace fs = std::filesystem;

constexpr Loss kLosses[] = { Loss::none, Loss::all, Loss::bytes, Loss::torn };
constexpr const char *kNames[] = { "killed", "unsynced lost", "unsynced bytes lost", "unsynced bytes torn" };

class Power : public faults::Campaign, public testing::WithParamInterface<size_t> {
  protected:
    // Puts files in place of what a scenario starts with.
    static void lay(const fs::path &work, const Files &before, const Files &files)
    {
        for (const auto &[path, bytes] : before) {
            if (files.count(path) == 0) {
                fs::remove(work / path);
            }
        }
        for (const auto &[path, bytes] : files) {
            if (path.back() == '/') {
                fs::create_directories(work / path);
            } else if (before.count(path) == 0 || before.at(path) != bytes) {
                fs::create_directories((work / path).parent_path());
                moco_test::write_file(work / path, bytes);
            }
        }
    }

    // A checkpoint is on the disk after the lines of metrics that lead to it, one a step. Returns what is wrong.
    static std::string check_metrics(const fs::path &run)
    {
        uint64_t step = 0;
        for (const auto &[path, bytes] : fs::is_directory(run / "checkpoints") ? faults::files_of(run) : Files{}) {
            unsigned long long found = 0;
            if (path.find(".tmp-") == std::string::npos &&
                std::sscanf(path.c_str(), "checkpoints/step_%llu.safetensors", &found) == 1) {
                step = std::max<uint64_t>(step, found);
            }
        }
        const std::string lines = step > 0 ? moco_test::read_file(run / "metrics.jsonl") : "";
        const auto count = static_cast<uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
        return count >= step
                   ? ""
                   : "  " + std::to_string(count) + " lines of metrics for " + std::to_string(step) + " steps\n";
    }

    // Goes on in a folder. Returns what is wrong.
    static std::string go_on(const Scenario &scenario, const faults::Reference &reference, const fs::path &work)
    {
        std::string wrong = faults::faults_of(scenario, reference, faults::files_of(work), false, true);
        wrong += check_metrics(work / "run");
        const bool saved = faults::has_checkpoint(work / "run/checkpoints");
        const moco_test::Words &words = !scenario.again.empty() && saved ? scenario.again : scenario.words;
        Outcome outcome = server->run(work, words);
        if (outcome.err.find("give the same command again") != std::string::npos) {
            outcome = server->run(work, words);
        }
        if (outcome.code != 0 && !faults::is_done(scenario, outcome)) {
            wrong += "  exit code " + std::to_string(outcome.code) + ": " + outcome.err;
        }
        return wrong + faults::faults_of(scenario, reference, faults::files_of(work), true, true);
    }
};

} // namespace

TEST_P(Power, LossIsResumedFrom)
{
    const Scenario &scenario = faults::scenarios()[GetParam()];
    const faults::Reference reference = reference_of(scenario);
    fs::path work = prepare(scenario);
    ASSERT_EQ(server
                  ->run(work, scenario.words,
                        { { "MOCO_FAULT_UNDER", work }, { "MOCO_FAULT_RECORD", root / "scratch/record" } })
                  .code,
              0);
    const std::vector<Record> records = faults::read_records(root / "scratch/record");
    Disk disk(reference.before, work);
    std::set<Files> seen;
    std::string wrong;
    size_t failures = 0;
    const size_t stride = faults::extent() >= faults::Extent::all      ? 1
                          : faults::extent() == faults::Extent::places ? std::max<size_t>(1, records.size() / 40)
                                                                       : std::max<size_t>(1, records.size());
    for (size_t i = 0; i < records.size(); ++i) {
        disk.apply(records[i]);
        const bool is_few = faults::extent() == faults::Extent::few && scenario.is_slow;
        for (size_t j = is_few ? std::size(kLosses) - 1 : 0; j < std::size(kLosses) && i % stride == stride / 2; ++j) {
            const Files files = disk.after(kLosses[j]);
            if (!seen.insert(files).second) {
                continue;
            }
            work = prepare(scenario);
            lay(work, reference.before, files);
            const std::string found = go_on(scenario, reference, work);
            failures += found.empty() ? 0 : 1;
            wrong += found.empty() ? ""
                                   : scenario.name + ": after write " + std::to_string(i) + " (" + records[i].path +
                                         "), " + kNames[j] + "\n" + found;
        }
    }
    std::cout << scenario.name << ": " << records.size() << " records, " << seen.size() << " states of the disk, "
              << failures << " wrong\n";
    EXPECT_TRUE(wrong.empty()) << wrong;
}

INSTANTIATE_TEST_SUITE_P(All, Power, testing::ValuesIn(faults::chosen_scenarios()), faults::name_of);
