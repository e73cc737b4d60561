// Runs programs as processes.
#pragma once

#include "support/temporary_folder.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace moco_test {

using Words = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

inline Words joined(Words words, const Words &more)
{
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

// Where the output of a process goes, relative to its folder. Without `err`, both streams go to `out`.
struct Place {
    std::filesystem::path folder = "/";
    std::filesystem::path out = "/dev/null";
    std::filesystem::path err;
};

// A process in its own process group, which ends with this object.
class Process {
  public:
    explicit Process(const Words &words, const Place &place = {}, const Environment &environment = {})
        : out_(place.folder / place.out)
    {
        // Opened here, so that what an earlier process wrote is gone once this call returns.
        const int out = open_file(out_);
        const int err = place.err.empty() ? dup(out) : open_file(place.folder / place.err);
        std::vector<char *> argv;
        for (const auto &word : words) {
            argv.push_back(const_cast<char *>(word.c_str()));
        }
        argv.push_back(nullptr);
        pid_ = fork();
        if (pid_ == 0) {
            setpgid(0, 0);
            for (const auto &[name, value] : environment) {
                setenv(name.c_str(), value.c_str(), 1);
            }
            if (chdir(place.folder.c_str()) == 0 && dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0) {
                execvp(argv[0], argv.data());
            }
            _exit(127);
        }
        close(out);
        close(err);
    }
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;
    ~Process()
    {
        if (pid_ > 0) {
            kill(-pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
    }
    [[nodiscard]] pid_t pid() const { return pid_; }
    void send(int number) const
    {
        if (pid_ > 0) { // kill(0) would end the tests themselves
            kill(pid_, number);
        }
    }

    // Returns the exit code, or 128 + N if signal N ended the process.
    int wait()
    {
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    // Whether the process still runs; it must be waited for all the same.
    [[nodiscard]] bool runs() const
    {
        siginfo_t info{};
        return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
    }
    // Returns what the process has written to `out` so far.
    [[nodiscard]] std::string said() const { return read_file(out_); }

  private:
    static int open_file(const std::filesystem::path &path)
    {
        const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (file < 0) {
            throw std::runtime_error("cannot open " + path.string());
        }
        return file;
    }

    std::filesystem::path out_;
    pid_t pid_ = 0;
};

// Waits until the condition holds. Returns false after the time-out.
inline bool waits_for(const std::function<bool()> &condition, int seconds = 180)
{
    for (int i = 0; i < seconds * 200 && !condition(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return condition();
}

} // namespace moco_test
