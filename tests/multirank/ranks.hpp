// Runs the tool as several processes, and looks at what they leave.
#pragma once

#include "support/all_tests.hpp"
#include "support/device.hpp"
#include "support/fashion.hpp"
#include "support/process.hpp"
#include "support/run_tool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <jansson.h>
#include <sstream>
#include <string>
#include <vector>

namespace ranks {

namespace fs = std::filesystem;
using moco_test::Environment;
using moco_test::joined;
using moco_test::Process;
using moco_test::read_file;
using moco_test::waits_for;
using moco_test::Words;

// Returns the value of a variable in the environment of a process; "" if there is none.
inline std::string variable_of(pid_t process, const std::string &name)
{
    const std::string environment = read_file("/proc/" + std::to_string(process) + "/environ");
    for (size_t at = 0; at < environment.size(); at += std::strlen(environment.c_str() + at) + 1) {
        if (environment.compare(at, name.size() + 1, name + "=") == 0) {
            return environment.c_str() + at + name.size() + 1;
        }
    }
    return "";
}

// Returns the process of a rank below a `moco train --nproc`; 0 if there is none.
inline pid_t child_of_rank(pid_t parent, int rank)
{
    std::istringstream children(
        read_file("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children"));
    for (pid_t child = 0; children >> child;) {
        if (variable_of(child, "RANK") == std::to_string(rank)) {
            return child;
        }
    }
    return 0;
}

class Ranks : public testing::Test {
  protected:
    static void SetUpTestSuite() { make_root(2500); }
    static void make_root(size_t images)
    {
        char name[] = "/tmp/moco-ranks-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        root = name;
        moco_test::write_fashion(root, images);
    }
    static void TearDownTestSuite() { fs::remove_all(root); }

    static std::string images() { return (root / moco_test::fashion_images).string(); }
    static Process start(const Words &words, const char *log, const Environment &environment = {})
    {
        return Process(words, { root, log, "" }, environment);
    }
    // The words of a short training on the images into a folder of root: 20 steps per epoch of 2,500.
    static Words train(const std::string &out, const Words &more = {})
    {
        const Words words{ MOCO_BINARY,  "train",     images(),      "--out",     (root / out).string(),
                           "--preset",   "tiny",      "--precision", "fp32",      "--image-size",
                           "10",         "--batch",   "120",         "--epochs",  "1",
                           "--lr",       "0.001",     "--knn-every", "0",         "-p",
                           "1",          "--threads", "1",           "--workers", "1",
                           "--no-plots", "--quiet",   "--bn-splits", "4",         "--timeout",
                           "20" };
        return joined(joined(words, { "--device", moco_test::device_name() }), more);
    }
    static int run(const Words &words, const Environment &environment = {})
    {
        const moco_test::Place place{ root, "log.txt", "err.txt" };
        const int code = words[0] == MOCO_BINARY
                             ? moco_test::run_tool({ words.begin() + 1, words.end() }, place, environment)
                             : Process(words, place, environment).wait();
        if (code != 0) {
            std::cout << read_file(root / "log.txt") << read_file(root / "err.txt");
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
    // Lines of metrics of a run so far.
    static size_t lines(const std::string &out) { return moco_test::lines_of(root / out / "metrics.jsonl"); }
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
