// Runs commands of the tool in processes where a chosen call fails, by the object in shim/.
#pragma once

#include "support/process.hpp"

#include <cstdint>
#include <filesystem>
#include <poll.h>
#include <sstream>
#include <string>
#include <vector>

namespace faults {

namespace fs = std::filesystem;

// One counted call, as the shim logs it.
struct Call {
    uint64_t number = 0;
    std::string kind, path;
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

// The tool, loaded once. It forks for each command.
class Server {
  public:
    explicit Server(fs::path scratch) : scratch_(std::move(scratch))
    {
        int in[2];
        int out[2];
        if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
            throw std::runtime_error("no pipe");
        }
        pid_ = fork();
        if (pid_ == 0) {
            setenv("LD_PRELOAD", MOCO_SHIM, 1);
            setenv("MOCO_FAULT_SERVER", "1", 1);
            setenv("GOMP_SPINCOUNT", "1000", 1); // or it reads /proc now and then, which would be counted
            unsetenv("OMP_NUM_THREADS");
            if (dup2(in[0], STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0) {
                execl(MOCO_BINARY, MOCO_BINARY, nullptr);
            }
            _exit(127);
        }
        close(in[0]);
        close(out[1]);
        to_ = in[1];
        from_ = out[0];
    }
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;
    ~Server()
    {
        close(to_);
        close(from_);
        waitpid(pid_, nullptr, 0);
    }

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
        send(all, words);
        return outcome(kill_after);
    }

  private:
    void send(const moco_test::Environment &variables, const moco_test::Words &words) const
    {
        std::string text;
        for (const auto &[name, value] : variables) {
            text += name + "=" + value + '\0';
        }
        text += std::string("--") + '\0' + "moco" + '\0';
        for (const auto &word : words) {
            text += word + '\0';
        }
        const auto size = static_cast<uint32_t>(text.size());
        text.insert(0, reinterpret_cast<const char *>(&size), sizeof size);
        if (write(to_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            throw std::runtime_error("the server has ended");
        }
    }
    [[nodiscard]] int32_t receive(int seconds, bool *late) const
    {
        int32_t value = 0;
        pollfd poll_of{ from_, POLLIN, 0 };
        if (poll(&poll_of, 1, seconds * 1000) == 0) {
            *late = true;
            return 0;
        }
        if (read(from_, &value, sizeof value) != sizeof value) {
            throw std::runtime_error("the server has ended; see its message above");
        }
        return value;
    }
    [[nodiscard]] Outcome outcome(std::chrono::microseconds kill_after) const
    {
        Outcome result;
        const pid_t child = receive(60, &result.hung);
        if (kill_after.count() > 0) {
            pollfd end{ from_, POLLIN, 0 };
            const timespec wait{ kill_after.count() / 1000000, kill_after.count() % 1000000 * 1000 };
            if (ppoll(&end, 1, &wait, nullptr) == 0) { // else it has ended by itself, and its number may be another's
                kill(child, SIGKILL);
            }
        }
        int status = receive(60, &result.hung);
        if (result.hung) {
            kill(child, SIGKILL);
            bool late = false;
            status = receive(60, &late);
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
        for (std::string line; std::getline(file, line);) {
            std::istringstream words(line);
            Call call;
            words >> call.number >> call.kind;
            words.get();
            std::getline(words, call.path);
            call.failed = call.kind.back() == '!';
            if (call.failed) {
                call.kind.pop_back();
            }
            calls.push_back(call);
        }
    }

    fs::path scratch_;
    pid_t pid_ = 0;
    int to_ = -1, from_ = -1;
};

} // namespace faults
