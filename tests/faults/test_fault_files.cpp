// Lets each call on a file fail in turn, and looks at what is left. See docs/reliability.md.
#include "faults/fault_scenarios.hpp"

#include <cerrno>
#include <cstring>

namespace {

using faults::Call;
using faults::Campaign;
using faults::Outcome;
using faults::Reference;
using faults::Scenario;
namespace fs = std::filesystem;

struct Fault {
    const char *name;
    int error;     // 0: a short count
    int keeps;     // 0: once; 1: all that takes space fails from there on; 2: the same call on the same file does
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
    { "rename", { kNoSpace, kBroken, kInterrupted } },
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
    static Outcome fail(const fs::path &work, const moco_test::Words &words, const Call &call, const Fault &fault)
    {
        return run(work, words,
                   { { "MOCO_FAULT_KIND", call.kind },
                     { "MOCO_FAULT_PATH", call.path },
                     { "MOCO_FAULT_AT", std::to_string(call.nth) },
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
            const bool is_root =
                name == "." || call.path == (root / "work").string(); // the message names what is made in it
            is_named = is_named || (call.failed && (is_root || outcome.err.find(name) != std::string::npos));
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
        if (fault.error == ENOSPC && outcome.err.find("free some space") == std::string::npos) {
            wrong += "  the message does not say what to do\n";
        }
        return wrong;
    }

    // Lets one call fail. Returns what is wrong.
    std::string inject(const Scenario &scenario, const Reference &reference, const Call &call, const Fault &fault)
    {
        const fs::path work = prepare(scenario);
        const Outcome outcome = fail(work, scenario.words, call, fault);
        const Call *failed = nullptr;
        for (const auto &made : outcome.calls) {
            failed = failed == nullptr && made.failed ? &made : failed;
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
            // Whether a file exists that is looked for, and cannot be told, is not always worth a message.
            const bool is_known = failed->kind != "stat" || fs::exists(failed->path);
            wrong += is_known ? judge_message(outcome, fault) : "";
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
        return wrong.empty()
                   ? ""
                   : describe(scenario, *failed, fault) + wrong + "    | " + outcome.err.substr(0, 700) + "\n";
    }

    static std::string go_on(const Scenario &scenario, const Reference &reference, const fs::path &work)
    {
        const bool saved = faults::has_checkpoint(work / "run/checkpoints");
        const Outcome outcome = run(work, !scenario.again.empty() && saved ? scenario.again : scenario.words);
        std::string wrong = outcome.code == 0 || faults::is_done(scenario, outcome)
                                ? ""
                                : "  then: exit code " + std::to_string(outcome.code) + ": " + outcome.err;
        wrong += faults::faults_of(scenario, reference, faults::files_of(work), true, true);
        return wrong.empty() ? "" : "  after the next command:\n" + wrong;
    }

    static std::string describe(const Scenario &scenario, const Call &call, const Fault &fault)
    {
        return scenario.name + ": " + call.kind + " " + std::to_string(call.nth) + " of " +
               fs::path(call.path).lexically_relative(root / "work").string() + ", " + fault.name + "\n";
    }

    // Which faults are tried: all that each call can have. With MOCO_LONG=places only where a kind of call meets a file
    // for the first and for the last time; in `make test` a few of these, spread over the command.
    static std::vector<std::pair<Call, Fault>> chosen(const Scenario &scenario, const std::vector<Call> &calls)
    {
        const size_t few = scenario.is_slow ? 1 : 3;
        std::map<std::string, uint64_t> last; // the number of calls of a kind on a file
        for (const auto &call : calls) {
            last[call.kind + call.path] = call.nth;
        }
        std::vector<std::pair<Call, Fault>> all;
        for (const auto &call : calls) {
            const bool is_tried =
                faults::extent() >= faults::Extent::all || call.nth == 1 || call.nth == last[call.kind + call.path];
            const auto kind = kFaults.find(call.kind);
            if (is_tried && kind != kFaults.end()) {
                for (const auto &fault : kind->second) {
                    all.emplace_back(call, fault);
                }
            }
        }
        if (faults::extent() != faults::Extent::few) {
            return all;
        }
        const size_t stride = std::max<size_t>(1, all.size() / few);
        std::vector<std::pair<Call, Fault>> picked;
        for (size_t i = stride / 2; i < all.size(); i += stride) {
            picked.push_back(all[i]);
        }
        return picked;
    }

    size_t injected_ = 0, refused_ = 0, missed_ = 0;
};

} // namespace

TEST_P(FileFaults, AreSurvivedOrNamed)
{
    const Scenario &scenario = faults::scenarios()[GetParam()];
    const Reference reference = reference_of(scenario);
    std::string wrong;
    size_t failures = 0;
    for (const auto &[call, fault] : chosen(scenario, reference.calls)) {
        const std::string found = inject(scenario, reference, call, fault);
        failures += found.empty() ? 0 : 1;
        wrong += found;
    }
    std::cout << scenario.name << ": " << reference.calls.size() << " calls, " << injected_ << " faults, " << refused_
              << " refused, " << missed_ << " not reached, " << failures << " wrong\n";
    EXPECT_TRUE(wrong.empty()) << wrong;
}

INSTANTIATE_TEST_SUITE_P(All, FileFaults, testing::ValuesIn(faults::chosen_scenarios()), faults::name_of);
