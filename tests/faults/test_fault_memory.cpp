// Lets allocations of the library fail in turn, and looks at what is left. See docs/reliability.md.
#include "faults/fault_scenarios.hpp"

namespace {

using faults::Outcome;
using faults::Reference;
using faults::Scenario;
namespace fs = std::filesystem;

class Memory : public faults::Campaign, public testing::WithParamInterface<size_t> {
  protected:
    // Which allocations are tried: all of a short command or with MOCO_LONG=every; of a long one the first, the last
    // and one in the middle from each place in the library. In `make test` those of a few places.
    static std::set<size_t> chosen(const std::vector<std::string> &allocations, size_t few, bool is_own)
    {
        enum { SHORT = 600 };
        std::set<size_t> numbers;
        std::map<std::string, std::vector<size_t>> places;
        for (size_t i = 0; i < allocations.size(); ++i) {
            places[allocations[i]].push_back(i + 1);
        }
        const bool is_few = faults::extent() == faults::Extent::few;
        const size_t stride = is_few ? std::max<size_t>(1, places.size() / few) : 1;
        size_t count = 0;
        for (const auto &[place, at] : places) {
            const bool is_all =
                !is_few && (allocations.size() <= SHORT || (is_own && faults::extent() == faults::Extent::every));
            if (is_all) {
                numbers.insert(at.begin(), at.end());
            } else if (count++ % stride == stride / 2) {
                numbers.insert(at.front());
                numbers.insert({ is_few ? at.front() : at[at.size() / 2], is_few ? at.front() : at.back() });
            }
        }
        return numbers;
    }

    // Returns what is wrong. `from` names the libraries whose allocations count.
    std::string inject(const Scenario &scenario, const Reference &reference, moco_test::Environment variables,
                       size_t number)
    {
        const fs::path work = prepare(scenario);
        variables["MOCO_FAULT_ALLOCATION"] = std::to_string(number);
        const Outcome outcome = run(work, scenario.words, variables);
        std::string wrong;
        if (outcome.hung || outcome.code >= 128) {
            wrong += outcome.hung ? "  hangs\n" : "  signal " + std::to_string(outcome.code - 128) + "\n";
        } else if (outcome.code != 0) {
            ++refused_;
            wrong += outcome.code != 1 ? "  exit code " + std::to_string(outcome.code) + "\n" : "";
            wrong += outcome.err.find("memory") == std::string::npos ? "  the message does not say why\n" : "";
        }
        if (outcome.live != 0) {
            wrong += "  " + std::to_string(outcome.live) + " handles are left\n";
        }
        // libtorch that finds out nothing about the processor computes with other code.
        const bool is_other_code = outcome.err.find("Error in cpuinfo") != std::string::npos;
        if (!is_other_code) {
            wrong += faults::faults_of(scenario, reference, faults::files_of(work), outcome.code == 0, false);
        }
        if (outcome.code != 0) {
            const bool saved = faults::has_checkpoint(work / "run/checkpoints");
            const Outcome then = run(work, !scenario.again.empty() && saved ? scenario.again : scenario.words);
            wrong += then.code == 0 || faults::is_done(scenario, then)
                         ? ""
                         : "  then: exit code " + std::to_string(then.code) + ": " + then.err;
            wrong += faults::faults_of(scenario, reference, faults::files_of(work), true, false);
        }
        const std::string place =
            number <= outcome.allocations.size() ? outcome.allocations[number - 1] : "not reached";
        return wrong.empty() ? ""
                             : scenario.name + ": allocation " + std::to_string(number) + " at " + place + "\n" +
                                   wrong + "    | " + outcome.err.substr(0, 700) + "\n";
    }

    // `make test` lets allocations of other libraries fail in one command alone.
    [[nodiscard]] static size_t few_of(const std::string &scenario)
    {
        return faults::scenarios()[GetParam()].name == scenario ? 1 : 0;
    }

    // `few`: the places that `make test` takes.
    void campaign(const std::string &from, size_t few)
    {
        Scenario scenario = faults::scenarios()[GetParam()];
        if (from.find("/libcairo") != std::string::npos) { // which may leave out a part of a picture, and not say so
            scenario.optional.insert({ "c.png", "m.png" });
        }
        if (few == 0 && faults::extent() == faults::Extent::few) {
            return;
        }
        moco_test::Environment variables{ { "MOCO_FAULT_FROM", from } };
        if (from == own && scenario.is_slow) { // which draws much
            variables["MOCO_FAULT_SMALL_PICTURES"] = "1";
        }
        const Reference reference = reference_of(scenario, variables);
        std::string wrong;
        size_t failures = 0;
        const auto numbers = chosen(reference.allocations, few, from == own);
        for (const size_t number : numbers) {
            const std::string found = inject(scenario, reference, variables, number);
            failures += found.empty() ? 0 : 1;
            wrong += found;
        }
        std::cout << scenario.name << ": " << reference.allocations.size() << " allocations, " << numbers.size()
                  << " failed, " << refused_ << " refused, " << failures << " wrong\n";
        EXPECT_TRUE(wrong.empty()) << wrong;
    }

    static constexpr const char *own = "/libmoco.so";
    size_t refused_ = 0;
};

} // namespace

TEST_P(Memory, ThatIsOutIsNamed)
{
    campaign(own, faults::scenarios()[GetParam()].is_slow ? 1 : 2);
}

// Of these libtorch makes its tensors.
TEST_P(Memory, OfTensorsIsNamed)
{
    campaign("/libc10.so", few_of("resume"));
}

TEST_P(Memory, OfOtherLibrariesIsNamed)
{
    campaign(
        "/libstdc++,/libjansson,/libyaml,/libarchive,/libz.,/libzstd,/libpng,/libjpeg,/libtiff,/libwebp,/libopencv,"
        "/libcairo,/libpixman",
        few_of("export-torchvision"));
}

TEST_P(Memory, OfLibtorchIsNamed)
{
    campaign("/libtorch_cpu.so", 0);
}

INSTANTIATE_TEST_SUITE_P(All, Memory, testing::ValuesIn(faults::chosen_scenarios()), faults::name_of);
