// Runs the tool as several processes, and looks at what is left.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <jansson.h>
#include <map>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace ranks {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

inline std::string slurp(const fs::path &path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

// A command that runs in the background; what it says goes to a file.
class Process {
  public:
    Process(const Words &words, fs::path log, const std::map<std::string, std::string> &environment = {})
        : log_(std::move(log))
    {
        pid_ = fork();
        if (pid_ == 0) {
            setpgid(0, 0);
            if (freopen(log_.c_str(), "w", stdout) == nullptr || dup2(STDOUT_FILENO, STDERR_FILENO) < 0) {
                _exit(99);
            }
            for (const auto &[name, value] : environment) {
                setenv(name.c_str(), value.c_str(), 1);
            }
            std::vector<char *> argv;
            for (const auto &word : words) {
                argv.push_back(const_cast<char *>(word.c_str()));
            }
            argv.push_back(nullptr);
            execvp(argv[0], argv.data());
            _exit(98);
        }
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
    // The exit code, or 128 + the signal.
    int wait()
    {
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    [[nodiscard]] std::string said() const { return slurp(log_); }

  private:
    fs::path log_;
    pid_t pid_;
};

inline bool waits_for(const std::function<bool()> &condition, int seconds = 60)
{
    for (int i = 0; i < seconds * 50 && !condition(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return condition();
}

// The process of a rank below a `moco train --nproc`.
inline pid_t child_of_rank(pid_t parent, int rank)
{
    std::istringstream children(
        slurp("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children"));
    const std::string wanted = "RANK=" + std::to_string(rank);
    for (pid_t child = 0; children >> child;) {
        const std::string environment = slurp("/proc/" + std::to_string(child) + "/environ");
        for (size_t at = 0; at < environment.size(); at += std::strlen(environment.c_str() + at) + 1) {
            if (environment.c_str() + at == wanted) {
                return child;
            }
        }
    }
    return 0;
}

class Ranks : public testing::Test {
  protected:
    static void SetUpTestSuite()
    {
        char name[] = "/tmp/moco-ranks-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        root = name;
        for (const char *file : { "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz" }) {
            fs::copy_file(fs::path("/usr/share/datasets/fashion-mnist") / file, root / file);
        }
    }
    static void TearDownTestSuite() { fs::remove_all(root); }

    // A short training on the 10,000 test images into a folder of root: 20 steps an epoch.
    static Words train(const std::string &out, const Words &more = {})
    {
        Words words{ MOCO_BINARY,
                     "train",
                     (root / "t10k-images-idx3-ubyte.gz").string(),
                     "--out",
                     (root / out).string(),
                     "--preset",
                     "tiny",
                     "--precision",
                     "fp32",
                     "--image-size",
                     "10",
                     "--batch",
                     "480",
                     "--epochs",
                     "1",
                     "--lr",
                     "0.001",
                     "--knn-every",
                     "0",
                     "-p",
                     "1",
                     "--threads",
                     "1",
                     "--workers",
                     "1",
                     "--no-plots",
                     "--quiet",
                     "--bn-splits",
                     "4",
                     "--timeout",
                     "20" };
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    static int run(const Words &words, const std::map<std::string, std::string> &environment = {})
    {
        Process process(words, root / "log.txt", environment);
        const int code = process.wait();
        if (code != 0) {
            std::cout << process.said();
        }
        return code;
    }
    static std::vector<double> series(const std::string &out, const char *name)
    {
        std::vector<double> values;
        std::ifstream file(root / out / "metrics.jsonl");
        for (std::string line; std::getline(file, line);) {
            json_t *row = json_loads(line.c_str(), 0, nullptr);
            const json_t *value = json_object_get(row, name);
            if (value != nullptr) {
                values.push_back(json_number_value(value));
            }
            json_decref(row);
        }
        return values;
    }
    static size_t lines(const std::string &out)
    {
        const auto text = slurp(root / out / "metrics.jsonl");
        return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
    }
    static fs::path checkpoint(const std::string &out, int step)
    {
        char name[64];
        (void)snprintf(name, sizeof name, "step_%010d.safetensors", step);
        return root / out / "checkpoints" / name;
    }
    static inline fs::path root;
};

inline double largest_difference(const std::vector<double> &a, const std::vector<double> &b)
{
    double largest = a.size() == b.size() && !a.empty() ? 0 : INFINITY;
    for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
        largest = std::max(largest, std::abs(a[i] - b[i]));
    }
    return largest;
}

} // namespace ranks
