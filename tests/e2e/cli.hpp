// Runs the tool as a person does, in a folder with small images.
#pragma once

#include "support/all_tests.hpp"
#include "support/device.hpp"
#include "support/process.hpp"
#include "support/run_tool.hpp"
#include "support/tests_folder.hpp"

#include <moco.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace cli {

namespace fs = std::filesystem;
using moco_test::joined;
using moco_test::Process;
using moco_test::read_file;
using moco_test::waits_for;
using moco_test::Words;

// The tool; MOCO_BIN names another.
inline std::string binary()
{
    const char *path = std::getenv("MOCO_BIN");
    return path != nullptr ? path : MOCO_BINARY;
}

struct Result {
    int code; // as Process::wait()
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
    moco_image *bar = nullptr;
    ASSERT_EQ(moco_image_create(&bar), MOCO_OK);
    ASSERT_EQ(moco_image_fill(bar, size / 2, 3, colour ^ 0xFFFFFF), MOCO_OK);
    ASSERT_EQ(moco_image_paste(image, bar, 3, size / 3, 1), MOCO_OK);
    ASSERT_EQ(moco_image_write_png(image, path.c_str()), MOCO_OK) << moco_error_message();
    moco_image_free(bar);
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

    // Starts the tool in root, with its output in files there.
    static Process start(const Words &words, const char *out = "out.txt", const char *err = "err.txt")
    {
        return Process(joined({ binary() }, on_device(words)), { root, out, err });
    }
    static Result run(const Words &words)
    {
        const int code = std::getenv("MOCO_BIN") == nullptr
                             ? moco_test::run_tool(on_device(words), { root, "out.txt", "err.txt" })
                             : start(words).wait();
        return { code, read_file(root / "out.txt"), read_file(root / "err.txt") };
    }
    // Runs the tool with variables of `env`: "NAME=VALUE", or "-u", "NAME".
    static Result run_with(const Words &variables, const Words &words)
    {
        const int code =
            Process(joined(joined({ "env" }, variables), joined({ binary() }, words)), { root, "out.txt", "err.txt" })
                .wait();
        return { code, read_file(root / "out.txt"), read_file(root / "err.txt") };
    }
    // Runs the tool, and sends it a signal once its output holds a text.
    static int run_until(const std::string &text, int number, const Words &words)
    {
        Process process = start(words);
        EXPECT_TRUE(waits_for([&] { return has(process.said(), text) || !process.runs(); })) << process.said();
        process.send(number);
        return process.wait();
    }
    // Runs a script of tests/python; its output goes to python.txt. Returns -1 if something that it needs is missing.
    // MOCO_PYTHON names another Python.
    static int python(const std::string &script, const Words &arguments)
    {
        const char *named = std::getenv("MOCO_PYTHON");
        const Words command{ named != nullptr ? named : "python3", moco_test::tests_folder() + "/python/" + script };
        const int code =
            Process(joined(command, arguments), { root, "python.txt", "" }, { { "OMP_NUM_THREADS", "1" } }).wait();
        return code == 77 || (code == 127 && named == nullptr) ? -1 : code;
    }
    // Writes a folder per name, of up to three.
    static void write_named(const std::string &folder, const std::vector<std::string> &names, int images)
    {
        for (size_t c = 0; c < names.size(); ++c) {
            fs::create_directories(root / folder / names[c]);
            for (int i = 0; i < images; ++i) {
                write_image(root / folder / names[c] / (std::to_string(i) + ".png"),
                            0x300000U >> (8U * static_cast<uint32_t>(c)) << 2U | static_cast<uint32_t>(i));
            }
        }
    }
    // Adds MOCO_TEST_DEVICE to commands that compute; resume continues where the run was.
    static Words on_device(const Words &words)
    {
        const char *const computing[] = { "train", "knn", "linear", "finetune", "embed", "bench" };
        const bool computes =
            !words.empty() && std::find(std::begin(computing), std::end(computing), words[0]) != std::end(computing);
        const bool named = std::find(words.begin(), words.end(), "--device") != words.end();
        return computes && !named && moco_test::device_name() != "cpu"
                   ? joined(words, { "--device", moco_test::device_name() })
                   : words;
    }
    // The words of a training that takes seconds, into a folder of root.
    static Words train(const std::string &out, const Words &more = {})
    {
        const Words words{ "train",      "train",     "--out", out,         "--preset", "tiny",         "--queue-size",
                           "32",         "-b",        "16",    "-p",        "1",        "--knn-every",  "0",
                           "--no-plots", "--workers", "1",     "--threads", "1",        "--image-size", "16" };
        return joined(words, more);
    }
    // The same on other images.
    static Words train_on(const std::string &data, const std::string &out, const Words &more = {})
    {
        Words words = train(out, more);
        words[1] = data;
        return words;
    }
    // The run that tests look at; each suite makes it once.
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
