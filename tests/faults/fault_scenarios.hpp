// The commands that the campaigns break, and the folders in which they run.
#pragma once

#include "faults/fault_server.hpp"
#include "support/all_tests.hpp"

#include <gtest/gtest.h>
#include <moco.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <set>

namespace faults {

using Files = std::map<std::string, std::string>; // bytes by path

// All regular files below a folder.
inline Files files_of(const fs::path &folder)
{
    Files files;
    for (const auto &entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) {
            files[entry.path().lexically_relative(folder).string()] = moco_test::read_file(entry.path());
        }
    }
    return files;
}

// How much of the campaigns is run, by MOCO_LONG: some calls from each place; all of them, but for the allocations of
// long commands; these too. Without it, a few.
enum class Extent { few, places, all, every };

inline Extent extent()
{
    const char *const text = std::getenv("MOCO_LONG");
    return text == nullptr                ? Extent::few
           : std::string(text) == "every" ? Extent::every
           : std::string(text) == "all"   ? Extent::all
                                          : Extent::places;
}

struct Scenario {
    std::string name;
    moco_test::Words words;
    moco_test::Words again = {};         // after a failure; empty: the same command
    std::set<std::string> optional = {}; // files that a failure may cost, after a warning
    std::function<void(const fs::path &)> prepare = [](const fs::path &) {};
    std::string done = {}; // how the same command refuses to do again what a failure left whole
    bool is_slow = false;  // `make test` injects one fault of a kind alone
};

// A training whose length the rest of the command sets.
inline moco_test::Words training_of(const std::string &out, const moco_test::Words &more)
{
    return moco_test::joined({ "train",
                               "data/train-images-idx3-ubyte",
                               "--out",
                               out,
                               "--preset",
                               "tiny",
                               "--image-size",
                               "8",
                               "--batch",
                               "16",
                               "--threads",
                               "1",
                               "--workers",
                               "1",
                               "--queue-size",
                               "32",
                               "--print-freq",
                               "1",
                               "--keep-last",
                               "2",
                               "--checkpoint-steps",
                               "2" },
                             more);
}

inline moco_test::Words training(const moco_test::Words &more)
{
    return training_of("run", moco_test::joined({ "--max-steps", "4" }, more));
}

inline moco_test::Words plain_training()
{
    return training({ "--no-plots", "--no-tensorboard", "--knn-every", "0" });
}

inline const std::vector<Scenario> &scenarios()
{
    const std::string last = "run/checkpoints/step_0000000004.safetensors";
    const auto keep_run = [](const fs::path & /*folder*/) {};
    const auto drop_run = [](const fs::path &folder) { fs::remove_all(folder / "run"); };
    const auto drop_last = [last](const fs::path &folder) { fs::remove(folder / last); };
    const moco_test::Words one{ "--threads", "1", "--workers", "1" };
    static const std::vector<Scenario> all{
        { "train", plain_training(), { "resume", "run" }, {}, drop_run },
        { "plots",
          training({ "--val-data", "data/t10k-images-idx3-ubyte", "--knn-every", "1" }),
          { "resume", "run" },
          { "run/plots/", "run/checkpoints/best.safetensors" },
          drop_run,
          "",
          true },
        { "resume", { "resume", "run" }, { "resume", "run" }, {}, drop_last },
        { "pack", { "pack", "data/images", "--out", "p.tar", "-j", "1" } },
        { "pack-small",
          { "pack", "data/images", "--out", "s.tar", "--short-side", "16", "-j", "1", "--shard-size", "8K" } },
        { "index", { "index", "data/packed.tar" } },
        { "export-torchvision", { "export", "run", "--format", "torchvision", "--out", "t.pth" }, {}, {}, keep_run },
        { "export-safetensors", { "export", "run", "--format", "safetensors", "--out", "t.safetensors" } },
        { "export-reference", { "export", "run", "--format", "reference", "--out", "t.pth.tar" } },
        { "export-detectron2", { "export", "run", "--format", "detectron2", "--out", "t.pkl" } },
        { "import",
          { "import", "data/r.pth.tar", "--out", "again", "--data", "data/train-images-idx3-ubyte", "-b", "16",
            "--epochs", "2", "--image-size", "8", "--no-plots", "--threads", "1", "--workers", "1", "--preset", "v1" },
          {},
          {},
          keep_run,
          "moco resume" },
        { "embed", moco_test::joined({ "embed", "run", "data/images", "--out", "e.npy", "--map", "m.png" }, one) },
        { "embed-safetensors",
          moco_test::joined({ "embed", "run", "data/packed.tar", "--out", "e.safetensors" }, one) },
        { "knn", moco_test::joined({ "knn", "run", "--train", "data/train-images-idx3-ubyte", "--test",
                                     "data/t10k-images-idx3-ubyte", "-k", "3", "--features-out", "f.safetensors",
                                     "--confusion", "c.png" },
                                   one) },
        { "sweep",
          { "sweep", "data/train-images-idx3-ubyte", "--out", "s", "--preset", "tiny", "--queue-size", "16,32",
            "--batch", "16", "--epochs", "2", "--dry-run" } },
        { "report", { "report", "run", "-j", "1" }, {}, { "run/plots/" }, keep_run, "", true },
    };
    return all;
}

// What a scenario does without a fault.
struct Reference {
    Files before, after; // `after` only has what is the same each time
    std::vector<Call> calls;
    std::vector<std::string> allocations;
};

inline bool is_optional(const Scenario &scenario, const std::string &path)
{
    return std::any_of(scenario.optional.begin(), scenario.optional.end(),
                       [&](const std::string &start) { return path.rfind(start, 0) == 0; });
}

// Whether a file holds times or the number of a process, and so differs from run to run.
inline bool tells_time(const std::string &path)
{
    const fs::path name = fs::path(path).filename();
    return name == "train.log" || name == "metrics.jsonl" || name.extension() == ".html" || name == ".lock" ||
           name.string().find("tfevents") != std::string::npos;
}

inline bool has_checkpoint(const fs::path &folder)
{
    bool found = false;
    for (const auto &entry : fs::is_directory(folder) ? fs::directory_iterator(folder) : fs::directory_iterator()) {
        found = found || entry.path().extension() == ".safetensors";
    }
    return found;
}

// Returns what is wrong with the files after a failure, line by line.
inline std::string faults_of(const Scenario &scenario, const Reference &reference, const Files &now, bool is_complete,
                             bool may_leave)
{
    std::string wrong;
    for (const auto &[path, bytes] : now) {
        const auto after = reference.after.find(path);
        const auto before = reference.before.find(path);
        const bool known = after != reference.after.end();
        if (known && !is_optional(scenario, path) && bytes != after->second &&
            (before == reference.before.end() || bytes != before->second)) {
            wrong += "  half-written: " + path + "\n";
        }
        if (!may_leave && path.find(".tmp-") != std::string::npos) {
            wrong += "  left behind: " + path + "\n";
        }
    }
    for (const auto &[path, bytes] : reference.after) {
        const auto found = now.find(path);
        if (is_complete && !is_optional(scenario, path) && (found == now.end() || found->second != bytes)) {
            wrong += (found == now.end() ? "  missing: " : "  other bytes: ") + path + "\n";
        }
    }
    return wrong;
}

// Those whose faults are injected: in `make test` a few commands of different kinds.
inline std::vector<size_t> chosen_scenarios()
{
    static const std::set<std::string> always{ "train", "resume", "pack-small", "export-torchvision", "knn" };
    std::vector<size_t> chosen;
    for (size_t i = 0; i < scenarios().size(); ++i) {
        if (extent() != Extent::few || moco_test::all_tests() || always.count(scenarios()[i].name) != 0) {
            chosen.push_back(i);
        }
    }
    return chosen;
}

inline std::string name_of(const testing::TestParamInfo<size_t> &info)
{
    std::string name = scenarios()[info.param].name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

// Whether a command refused only since what it would make is there.
inline bool is_done(const Scenario &scenario, const Outcome &outcome)
{
    return outcome.code == 1 && !scenario.done.empty() && outcome.err.find(scenario.done) != std::string::npos;
}

class Campaign : public testing::Test {
  protected:
    static void SetUpTestSuite()
    {
        std::string name = fs::is_directory("/dev/shm") ? "/dev/shm/moco-faults-XXXXXX" : "/tmp/moco-faults-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        root = name;
        fs::create_directories(root / "scratch");
        server = std::make_unique<Server>(root / "scratch");
        fs::create_directories(root / "template/data");
        write_idx("train");
        write_idx("t10k");
        write_images();
        must({ "pack", "data/images", "--out", "data/packed.tar", "-j", "1" });
        fs::remove(root / "template/data/packed.tar.idx");
        must(plain_training());
        must({ "export", "run", "--format", "reference", "--out", "data/r.pth.tar" });
    }
    static void TearDownTestSuite()
    {
        server.reset();
        fs::remove_all(root);
    }

    static void must(const moco_test::Words &words)
    {
        const Outcome outcome = server->run(root / "template", words);
        ASSERT_EQ(outcome.code, 0) << outcome.err;
    }
    static void write_idx(const std::string &name)
    {
        const std::string stem = (root / "template/data" / name).string();
        std::string images{ 0, 0, 8, 3, 0, 0, 0, 48, 0, 0, 0, 8, 0, 0, 0, 8 };
        std::string labels{ 0, 0, 8, 1, 0, 0, 0, 48 };
        uint32_t random = 7;
        for (int i = 0; i < 48; ++i) {
            labels += static_cast<char>(i % 2);
            for (int j = 0; j < 64; ++j) {
                random = random * 1664525U + 1013904223U;
                images += static_cast<char>(random >> 24);
            }
        }
        moco_test::write_file(stem + "-images-idx3-ubyte", images);
        moco_test::write_file(stem + "-labels-idx1-ubyte", labels);
    }
    static void write_images()
    {
        for (int i = 0; i < 6; ++i) {
            const fs::path folder = root / "template/data/images" / (i % 2 == 0 ? "even" : "odd");
            fs::create_directories(folder);
            moco_image *image = nullptr;
            ASSERT_EQ(moco_image_create(&image), MOCO_OK);
            ASSERT_EQ(moco_image_fill(image, 20, 24, 0x102030U * static_cast<uint32_t>(i)), MOCO_OK);
            ASSERT_EQ(moco_image_write_png(image, (folder / (std::to_string(i) + ".png")).c_str()), MOCO_OK);
            moco_image_free(image);
        }
    }

    // Makes the folder of a scenario anew.
    static fs::path prepare(const Scenario &scenario)
    {
        const fs::path work = root / "work";
        fs::remove_all(work);
        fs::copy(root / "template", work, fs::copy_options::recursive);
        scenario.prepare(work);
        return work;
    }

    static Outcome run(const fs::path &work, const moco_test::Words &words, moco_test::Environment variables = {})
    {
        variables["MOCO_FAULT_UNDER"] = work;
        return server->run(work, words, variables);
    }

    static Reference reference_of(const Scenario &scenario, const moco_test::Environment &variables = {})
    {
        Reference reference;
        fs::path work = prepare(scenario);
        reference.before = files_of(work);
        const Outcome outcome = run(work, scenario.words, variables);
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        EXPECT_EQ(outcome.live, 0U);
        reference.calls = outcome.calls;
        reference.allocations = outcome.allocations;
        const Files first = files_of(work);
        if (extent() != Extent::few) { // once more, to see which bytes are the same
            work = prepare(scenario);
            EXPECT_EQ(run(work, scenario.words).code, 0);
        }
        for (const auto &[path, bytes] : files_of(work)) {
            if (!tells_time(path) && first.count(path) != 0 && first.at(path) == bytes) {
                reference.after[path] = bytes;
            }
        }
        return reference;
    }

    static inline fs::path root;
    static inline std::unique_ptr<Server> server;
};

} // namespace faults
