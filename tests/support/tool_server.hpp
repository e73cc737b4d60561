// Starts the tool many times, once it is loaded: to load libtorch takes longer than most commands.
#pragma once

#include "support/process.hpp"

#include <cstdint>
#include <poll.h>
#include <stdexcept>
#include <string>

namespace moco_test {

// The tool with tests/faults/shim/ preloaded, where the protocol is. It forks for each command.
class ToolServer {
  public:
    ToolServer()
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
    ToolServer(const ToolServer &) = delete;
    ToolServer &operator=(const ToolServer &) = delete;
    ~ToolServer()
    {
        close(to_);
        close(from_);
        waitpid(pid_, nullptr, 0);
    }

    // Asks for a command. Its process and, once it has ended, its status are the answers.
    void send(const Environment &variables, const Words &words) const
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
    // The descriptor that receive() reads.
    [[nodiscard]] int answers() const { return from_; }

    // Runs a command in a folder, with its output in files there. Returns as Process::wait().
    [[nodiscard]] int run(const Words &words, const Place &place, Environment variables = {}) const
    {
        bool late = false;
        variables.insert({ { "MOCO_FAULT_IN", place.folder },
                           { "MOCO_FAULT_OUT", place.folder / place.out },
                           { "MOCO_FAULT_ERR", place.folder / place.err } });
        send(variables, words);
        const pid_t child = receive(600, &late);
        const int status = receive(600, &late);
        if (late) {
            kill(child, SIGKILL);
            throw std::runtime_error("a command takes more than ten minutes");
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

  private:
    pid_t pid_ = 0;
    int to_ = -1, from_ = -1;
};

} // namespace moco_test
