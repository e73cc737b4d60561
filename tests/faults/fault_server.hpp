// Runs commands of the tool in processes where a chosen call fails, by the object in shim/.
#pragma once

#include "support/tool_server.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace faults {

namespace fs = std::filesystem;

// One call, as the shim logs it.
struct Call {
    std::string kind, path; // without the number of the process in a temporary name
    uint64_t nth = 0;       // of the calls of this kind on this file
    bool failed = false;
};

struct Outcome {
    int code = 0; // 128 + N if signal N ended it
    bool hung = false;
    std::string out, err;
    std::vector<Call> calls;
    std::vector<std::string> allocations; // the place in the library of each
    size_t live = 0;                      // handles at the end
};

// Runs the tool's commands with faults.
class Server {
  public:
    explicit Server(fs::path scratch) : scratch_(std::move(scratch)) {}

    // Runs `moco WORDS` in a folder. Variables are those of the shim. With `kill_after`, ends the process by SIGKILL.
    Outcome run(const fs::path &folder, const moco_test::Words &words, const moco_test::Environment &variables = {},
                std::chrono::microseconds kill_after = {})
    {
        moco_test::Environment all{ { "MOCO_FAULT_IN", folder },
                                    { "MOCO_FAULT_OUT", scratch_ / "out.txt" },
                                    { "MOCO_FAULT_ERR", scratch_ / "err.txt" },
                                    { "MOCO_FAULT_LOG", scratch_ / "calls.txt" },
                                    { "MOCO_FAULT_MEMORY_LOG", scratch_ / "memory.txt" } };
        for (const auto &[name, value] : variables) {
            all[name] = value;
        }
        for (const char *name : { "out.txt", "err.txt", "calls.txt", "memory.txt" }) {
            fs::remove(scratch_ / name);
        }
        tool_.send(all, words);
        return outcome(kill_after);
    }

  private:
    [[nodiscard]] Outcome outcome(std::chrono::microseconds kill_after) const
    {
        Outcome result;
        const pid_t child = tool_.receive(60, &result.hung);
        if (kill_after.count() > 0) {
            pollfd end{ tool_.answers(), POLLIN, 0 };
            const timespec wait{ kill_after.count() / 1000000, kill_after.count() % 1000000 * 1000 };
            if (ppoll(&end, 1, &wait, nullptr) == 0) { // else it has ended by itself, and its number may be another's
                kill(child, SIGKILL);
            }
        }
        int status = tool_.receive(60, &result.hung);
        if (result.hung) {
            kill(child, SIGKILL);
            bool late = false;
            status = tool_.receive(60, &late);
        }
        result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        result.out = moco_test::read_file(scratch_ / "out.txt");
        result.err = moco_test::read_file(scratch_ / "err.txt");
        read_calls(result.calls);
        std::ifstream memory(scratch_ / "memory.txt");
        for (std::string first, second; memory >> first >> second;) {
            if (first == "live") {
                result.live = std::stoul(second);
            } else {
                result.allocations.push_back(second);
            }
        }
        return result;
    }
    void read_calls(std::vector<Call> &calls) const
    {
        std::ifstream file(scratch_ / "calls.txt");
        std::map<std::string, uint64_t> alike;
        for (std::string line; std::getline(file, line);) {
            std::istringstream words(line);
            Call call;
            words >> call.kind;
            words.get();
            std::getline(words, call.path);
            call.path.resize(std::min(call.path.size(), call.path.find(".tmp-")));
            call.failed = call.kind.back() == '!';
            if (call.failed) {
                call.kind.pop_back();
            }
            call.nth = ++alike[call.kind + call.path];
            calls.push_back(call);
        }
    }

    fs::path scratch_;
    moco_test::ToolServer tool_;
};

} // namespace faults
