// Lets each call on a file fail in turn, and looks at what is left. See docs/reliability.md.
#include "faults/fault_scenarios.hpp"

#include <cerrno>
#include <cstring>

namespace {

using faults::Call;
using faults::Campaign;
using faults::Reference;
using faults::Outcome;
using faults::Scenario;
namespace fs = std::filesystem;

struct Fault {
    const char *name;
    int error; // 0: a short count
    int keeps; // 0: once; 1: all that takes space fails from there on; 2: the same call on the same file does
    bool survives; // the command must succeed all the same
};

const Fault kNoSpace{ "ENOSPC", ENOSPC, 1, false };
const Fault kBroken{ "EIO", EIO, 2, false };
const Fault kInterrupted{ "EINTR", EINTR, 0, true };
const Fault kShort{ "short", 0, 0, true };
const Fault kNoMemory{ "ENOMEM", ENOMEM, 2, false };
const Fault kNoLocks{ "ENOLCK", ENOLCK, 2, false };

// What can happen to each kind of call.
const std::map<std::string, std::vector<Fault>> kFaults{
    { "open", { kBroken, kInterrupted } },
    { "create", { kNoSpace, kBroken, kInterrupted } },
    { "read", { kBroken, kInterrupted, kShort } },
    { "write", { kNoSpace, kBroken, kInterrupted, kShort } },
    { "sync", { kNoSpace, kBroken, kInterrupted } },
    { "close", { kBroken, kInterrupted } },
    { "rename", { kNoSpace, kBroken } },
    { "link", { kBroken } },
    { "unlink", { kBroken } },
    { "mkdir", { kNoSpace, kBroken } },
    { "truncate", { kBroken, kInterrupted } },
    { "map", { kNoMemory } },
    { "list", { kBroken } },
    { "stat", { kBroken } },
    { "lock", { kInterrupted, kNoLocks } },
};

class FileFaults : public Campaign, public testing::WithParamInterface<size_t> {
  protected:
    static Outcome fail(const fs::path &work, const moco_test::Words &words, uint64_t number, const Fault &fault)
    {
        return run(work, words,
                   { { "MOCO_FAULT_AT", std::to_string(number) },
                     { "MOCO_FAULT_ERROR", std::to_string(fault.error) },
                     { "MOCO_FAULT_KEEP", std::to_string(fault.keeps) } });
    }

    static std::string judge_message(const Outcome &outcome, const Fault &fault)
    {
        std::string wrong;
        std::string name;
        bool is_named = false;
        for (const auto &call : outcome.calls) { // of several that failed, one is named
            name = fs::path(call.path).filename().string();
            name = name.substr(0, name.find(".tmp-"));
            is_named = is_named || (call.failed && outcome.err.find(name) != std::string::npos);
        }
        if (outcome.code != 1) {
            wrong += "  exit code " + std::to_string(outcome.code) + "\n";
        }
        if (!is_named) {
            wrong += "  the message does not name the file\n";
        }
        if (outcome.err.find(std::strerror(fault.error)) == std::string::npos) {
            wrong += "  the message does not say why\n";
        }
        return wrong;
    }

    // Lets one call fail. Returns what is wrong.
    std::string inject(const Scenario &scenario, const Reference &reference, uint64_t number, const Fault &fault)
    {
        const fs::path work = prepare(scenario);
        const Outcome outcome = fail(work, scenario.words, number, fault);
        const Call *failed = nullptr;
        for (const auto &call : outcome.calls) {
            failed = failed == nullptr && call.failed ? &call : failed;
        }
        if (failed == nullptr) {
            ++missed_;
            return "";
        }
        ++injected_;
        std::string wrong;
        if (outcome.hung || outcome.code >= 128) {
            wrong += outcome.hung ? "  hangs\n" : "  signal " + std::to_string(outcome.code - 128) + "\n";
        } else if (outcome.code != 0 && !fault.survives) {
            ++refused_;
            wrong += judge_message(outcome, fault);
        } else if (outcome.code != 0) {
            wrong += "  not survived\n";
        }
        if (outcome.live != 0) {
            wrong += "  " + std::to_string(outcome.live) + " handles are left\n";
        }
        const bool cannot_delete = failed->kind == "unlink";
        wrong += faults::faults_of(scenario, reference, faults::files_of(work), outcome.code == 0, cannot_delete);
        if (outcome.code != 0 || !wrong.empty()) {
            wrong += go_on(scenario, reference, work);
        }
        return wrong.empty() ? "" : describe(scenario, *failed, fault) + wrong + "    | " + outcome.err.substr(0, 700) + "\n";
    }

    static std::string go_on(const Scenario &scenario, const Reference &reference, const fs::path &work)
    {
        const bool saved = faults::has_checkpoint(work / "run/checkpoints");
        const Outcome outcome = run(work, !scenario.again.empty() && saved ? scenario.again : scenario.words);
        std::string wrong = outcome.code == 0 ? "" : "  then: exit code " + std::to_string(outcome.code) + ": " + outcome.err;
        wrong += faults::faults_of(scenario, reference, faults::files_of(work), true, true);
        return wrong.empty() ? "" : "  after the next command:\n" + wrong;
    }

    static std::string describe(const Scenario &scenario, const Call &call, const Fault &fault)
    {
        return scenario.name + ": call " + std::to_string(call.number) + ", " + call.kind + " of " +
               fs::path(call.path).lexically_relative(root / "work").string() + ", " + fault.name + "\n";
    }

    // Which calls are tried: all, or in `make test` some of each kind on each file.
    static std::vector<uint64_t> chosen(const std::vector<Call> &calls)
    {
        std::map<std::string, int> seen;
        std::vector<uint64_t> numbers;
        for (const auto &call : calls) {
            if (faults::is_long() || seen[call.kind + call.path]++ == 0) {
                numbers.push_back(call.number);
            }
        }
        return numbers;
    }

    size_t injected_ = 0, refused_ = 0, missed_ = 0;
};

} // namespace

TEST_P(FileFaults, AreSurvivedOrNamed)
{
    const Scenario &scenario = faults::scenarios()[GetParam()];
    const char *only = std::getenv("MOCO_FAULT_SCENARIO");
    if (only != nullptr && scenario.name != only) {
        return;
    }
    const Reference reference = reference_of(scenario);
    std::string wrong;
    size_t failures = 0;
    for (const uint64_t number : chosen(reference.calls)) {
        const auto kind = kFaults.find(reference.calls[number - 1].kind);
        for (const auto &fault : kind != kFaults.end() ? kind->second : std::vector<Fault>{}) {
            const std::string found = inject(scenario, reference, number, fault);
            failures += found.empty() ? 0 : 1;
            wrong += found;
        }
    }
    std::cout << scenario.name << ": " << reference.calls.size() << " calls, " << injected_ << " faults, " << refused_
              << " refused, " << missed_ << " not reached, " << failures << " wrong\n";
    EXPECT_TRUE(wrong.empty()) << wrong;
}

INSTANTIATE_TEST_SUITE_P(All, FileFaults, testing::Range<size_t>(0, faults::scenarios().size()),
                         [](const auto &info) {
                             std::string name = faults::scenarios()[info.param].name;
                             name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
                             return name;
                         });
