// Runs the tool as a person does, in a folder with small images.
#pragma once

#include "support/tests_folder.hpp"

#include <moco.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace cli {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

inline std::string binary()
{
    const char *path = std::getenv("MOCO_BIN");
    return path != nullptr ? path : MOCO_BINARY;
}

inline std::string slurp(const fs::path &path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

struct Result {
    int code; // the exit code; 128 + N where signal N killed the process
    std::string out, err;
};

inline bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

#define EXPECT_HAS(text, part) EXPECT_TRUE(has(text, part)) << "no '" << (part) << "' in:\n" << (text)

inline void write_image(const fs::path &path, uint32_t colour, int32_t size = 40)
{
    moco_image *image = nullptr;
    ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    ASSERT_EQ(moco_image_fill(image, size, size, colour), MOCO_OK);
    const double line[] = { 3, 5, size - 5.0, size / 2.0 };
    ASSERT_EQ(moco_image_draw_line(image, line, 2, colour ^ 0xFFFFFF, 3), MOCO_OK);
    ASSERT_EQ(moco_image_write_png(image, path.c_str()), MOCO_OK) << moco_error_message();
    moco_image_free(image);
}

// A folder of two classes.
inline void write_classes(const fs::path &folder, int images)
{
    for (int label = 0; label < 2; ++label) {
        const fs::path place = folder / (label == 0 ? "dark" : "light");
        fs::create_directories(place);
        for (int i = 0; i < images; ++i) {
            write_image(place / (std::to_string(i) + ".png"), (label == 0 ? 0x200000U : 0xA0F0A0U) + 5U * i);
        }
    }
}

class Cli : public testing::Test {
  protected:
    static void SetUpTestSuite()
    {
        char name[] = "/tmp/moco-cli-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        root = name;
        write_classes(root / "train", 24);
        write_classes(root / "test", 8);
    }
    static void TearDownTestSuite() { fs::remove_all(root); }

    static pid_t start(const Words &words, const char *out, const char *err)
    {
        std::vector<char *> argv;
        const std::string program = binary();
        argv.push_back(const_cast<char *>(program.c_str()));
        for (const auto &word : words) {
            argv.push_back(const_cast<char *>(word.c_str()));
        }
        argv.push_back(nullptr);
        // What an earlier command wrote must not pass for this one's.
        for (const char *file : { out, err }) {
            if (fs::path(file).is_relative()) {
                fs::remove(root / file);
            }
        }
        const pid_t child = fork();
        if (child == 0) {
            if (chdir(root.c_str()) != 0 || freopen(out, "w", stdout) == nullptr ||
                freopen(err, "w", stderr) == nullptr) {
                _exit(99);
            }
            execv(argv[0], argv.data());
            _exit(98);
        }
        return child;
    }
    static int wait_for(pid_t child)
    {
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    static Result run(const Words &words)
    {
        const int code = wait_for(start(words, "out.txt", "err.txt"));
        return { code, slurp(root / "out.txt"), slurp(root / "err.txt") };
    }
    // A script of tests/python; what it prints goes to python.txt. -1 where what it needs is missing; MOCO_PYTHON
    // names another Python.
    static int python(const std::string &script, const std::string &arguments)
    {
        const char *named = std::getenv("MOCO_PYTHON");
        const std::string command = "cd '" + root.string() + "' && OMP_NUM_THREADS=1 '" +
                                    (named != nullptr ? named : "python3") + "' '" + moco_test::tests_folder() +
                                    "/python/" + script +
                                    "'"
                                    " " +
                                    arguments + " >python.txt 2>&1";
        const int status = std::system(command.c_str()); // NOLINT(cert-env33-c)
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        return code == 77 || (code == 127 && named == nullptr) ? -1 : code;
    }
    // A training that takes seconds, into a folder of root.
    static Words train(const std::string &out, const Words &more = {})
    {
        Words words{ "train",      "train",     "--out", out,         "--preset", "tiny",        "--queue-size",
                     "32",         "-b",        "16",    "-p",        "1",        "--knn-every", "0",
                     "--no-plots", "--workers", "1",     "--threads", "1" };
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    // The run that tests look at; made once in a folder, of which each suite has its own.
    static const Result &trained()
    {
        static fs::path where;
        static Result result;
        if (where != root) {
            where = root;
            result = run(train("run", { "--val-data", "test", "--knn-every", "1" }));
        }
        return result;
    }
    static inline fs::path root;
};

} // namespace cli
