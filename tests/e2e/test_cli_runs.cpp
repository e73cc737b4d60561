// Tests small runs by the tool, from start to end, and the commands that read them.
#include "cli.hpp"
#include "support/json.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <pty.h>
#include <thread>

using namespace cli;
using moco_test::Json;

namespace {

class CliRuns : public Cli {};

// What a terminal of 100 columns receives from a command.
std::string in_terminal(const fs::path &folder, const Words &words, bool colour)
{
    const winsize size{ 30, 100, 0, 0 };
    int terminal = -1;
    const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
    if (child == 0) {
        setenv("TERM", "xterm", 1);
        colour ? unsetenv("NO_COLOR") : setenv("NO_COLOR", "1", 1);
        std::vector<char *> argv;
        const std::string program = binary();
        argv.push_back(const_cast<char *>(program.c_str()));
        for (const auto &word : words) {
            argv.push_back(const_cast<char *>(word.c_str()));
        }
        argv.push_back(nullptr);
        if (chdir(folder.c_str()) == 0) {
            execv(argv[0], argv.data());
        }
        _exit(98);
    }
    std::string text;
    char buffer[4096];
    for (ssize_t count = 0; (count = read(terminal, buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<size_t>(count));
    }
    close(terminal);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << text;
    return text;
}

} // namespace

TEST_F(CliRuns, TrainLeavesARunAndPlainLines)
{
    const Result &result = trained();
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.out, "epoch 1/2  step 1/6  loss ");
    EXPECT_HAS(result.out, "images/s  data wait ");
    EXPECT_HAS(result.out, "done: 6 steps in ");
    EXPECT_HAS(result.out, "kNN accuracy ");
    EXPECT_FALSE(has(result.out, "\r") || has(result.out, "\x1b")) << result.out;
    EXPECT_FALSE(has(result.err, "error")) << result.err;
    for (const char *file : { "config.yaml", "metrics.jsonl", "train.log", "checkpoints" }) {
        EXPECT_TRUE(fs::exists(root / "run" / file)) << file;
    }
}

TEST_F(CliRuns, CommandLineOverridesFileOverridesPresetOverridesDefaults)
{
    std::ofstream(root / "some.yaml") << "epochs: 1\ndim: 48\ntemperature: 0.3\n";
    Words words = train("order", { "--config", "some.yaml", "--temperature", "0.4", "--cos", "--wd", "0.001", "-qj2" });
    words[4] = "--preset=tiny";
    words.erase(words.begin() + 5);
    const Result result = run(words);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out, "");
    const std::string config = read_file(root / "order" / "config.yaml");
    EXPECT_HAS(config, "\nmomentum: 0.99\n");      // preset
    EXPECT_HAS(config, "\nepochs: 1\n");           // file over preset
    EXPECT_HAS(config, "\ndim: 48\n");             // file over preset
    EXPECT_HAS(config, "\ntemperature: 0.4\n");    // command line over file
    EXPECT_HAS(config, "\nweight_decay: 0.001\n"); // the reference's name
    EXPECT_HAS(config, "\nschedule: cosine\n");
    EXPECT_HAS(config, "\nworkers: 2\n");  // letters stand together
    EXPECT_HAS(config, "\nprefetch: 3\n"); // default
    EXPECT_HAS(config, fs::canonical(root / "train").string());
}

TEST_F(CliRuns, TheReferencesScheduleIsUnderstood)
{
    const Result result = run(train("steps", { "--epochs", "4", "--schedule", "2", "3", "--aug-plus" }));
    ASSERT_EQ(result.code, 0) << result.err;
    const std::string config = read_file(root / "steps" / "config.yaml");
    EXPECT_HAS(config, "\nschedule: steps\n");
    EXPECT_HAS(config, "\nmilestones: \"2,3\"\n");
    EXPECT_HAS(config, "\naugment: v2\n");
}

TEST_F(CliRuns, AUsedFolderIsRefused)
{
    fs::create_directories(root / "used");
    std::ofstream(root / "used" / "thesis.tex") << "precious";
    const Result result = run(train("used"));
    EXPECT_HAS(result.err, "used");
    EXPECT_EQ(read_file(root / "used" / "thesis.tex"), "precious");
    EXPECT_EQ(std::distance(fs::directory_iterator(root / "used"), fs::directory_iterator()), 1);
}

TEST_F(CliRuns, FewerImagesThanABatchIsAnError)
{
    const Result result = run(train("few", { "--batch", "64" }));
    EXPECT_EQ(result.code, 1);
    EXPECT_HAS(result.err, "48 images");
    EXPECT_HAS(result.err, "use --batch ");
    EXPECT_FALSE(fs::exists(root / "few"));
}

TEST_F(CliRuns, BrokenImagesAreNamedOrSkipped)
{
    fs::copy(root / "train", root / "broken", fs::copy_options::recursive);
    std::ofstream(root / "broken" / "dark" / "7.png", std::ios::binary)
        << read_file(root / "train" / "dark" / "7.png").substr(0, 60);
    Words words = train("run-broken");
    words[1] = "broken";
    const Result stopped = run(words);
    EXPECT_EQ(stopped.code, 1);
    EXPECT_HAS(stopped.err, "7.png");
    EXPECT_HAS(stopped.err, "use --skip-broken");
    words[3] = "run-skipped";
    words.emplace_back("--skip-broken");
    const Result skipped = run(words);
    EXPECT_EQ(skipped.code, 0) << skipped.err;
    EXPECT_HAS(skipped.out, "done: 6 steps");
    for (const std::string &text : { skipped.err, read_file(root / "run-skipped" / "train.log") }) {
        EXPECT_HAS(text, "skipped 1 of 48 images; it could not be read: ");
        EXPECT_HAS(text, "broken/dark/7.png: ");
    }
}

TEST_F(CliRuns, EveryCommandReportsHowManyImagesItSkipped)
{
    ONLY_AMONG_ALL();
    ASSERT_EQ(trained().code, 0);
    fs::copy(root / "train", root / "holes", fs::copy_options::recursive);
    for (const char *name : { "dark/3.png", "light/5.png", "light/6.png" }) {
        std::ofstream(root / "holes" / name, std::ios::binary) << "not an image";
    }
    const Words data{ "--train", "holes", "--val", "test", "--skip-broken", "--threads", "1", "-j1" };
    const std::vector<Words> commands{ { "knn", "run" },
                                       { "linear", "run", "--epochs", "2", "--lr", "1" },
                                       { "linear", "run", "--epochs", "2", "--lr", "1", "--cached" },
                                       { "finetune", "run", "--epochs", "2" } };
    for (Words words : commands) {
        words.insert(words.end(), data.begin(), data.end());
        const Result result = run(words);
        EXPECT_EQ(result.code, 0) << result.err;
        EXPECT_HAS(result.err, "skipped 3 of 48 images that could not be read; the first was ");
        EXPECT_HAS(result.err, "holes/dark/3.png: ");
    }
    for (const Words &words :
         { Words{ "embed", "run", "holes", "--out", "holes.npy", "--skip-broken", "-j1" },
           Words{ "pack", "holes", "--out", "holes.tar", "--skip-broken", "--short-side", "32" } }) {
        const Result result = run(words);
        EXPECT_EQ(result.code, 0) << result.err;
        EXPECT_HAS(result.err, "skipped 3 of 48 images that could not be read; the first was ");
        EXPECT_TRUE(words[0] == "embed" || has(result.out, "done: packed and verified 45 images")) << result.out;
    }
    Words two = train("run-holes", { "--skip-broken", "--nproc", "2" });
    two[1] = "holes";
    EXPECT_EQ(run(two).code, 0);
    EXPECT_HAS(read_file(root / "run-holes" / "train.log"), "all 2 processes together skipped 3 of 48 images");
    const Result plot = run({ "plot", "run-holes", "-j1" });
    EXPECT_TRUE(fs::exists(root / "run-holes" / "plots" / "pairs.png"));
    EXPECT_HAS(plot.err, "skipped 3 of 48 images that could not be read; the first was ");
}

TEST_F(CliRuns, ImagesWithoutLabelsTrainButHaveNoKnn)
{
    fs::create_directories(root / "flat");
    for (int i = 0; i < 16; ++i) {
        write_image(root / "flat" / (std::to_string(i) + ".png"), 0x102030U * static_cast<uint32_t>(i % 5));
    }
    Words words = train("run-flat", { "--knn-every", "1" });
    words[1] = "flat";
    const Result result = run(words);
    EXPECT_EQ(result.code, 0) << result.err;
    ASSERT_EQ(trained().code, 0);
    const Result knn = run({ "knn", "run", "--train", "flat", "--test", "test" });
    EXPECT_EQ(knn.code, 1);
    EXPECT_HAS(knn.err, "flat has no labels");
}

TEST_F(CliRuns, KnnPrintsAccuracies)
{
    ASSERT_EQ(trained().code, 0);
    const Words base{ "knn", "run", "--train", "train", "--test", "test", "-k", "5" };
    const Result text = run(base);
    ASSERT_EQ(text.code, 0) << text.err;
    EXPECT_HAS(text.out, "kNN accuracy ");
    EXPECT_HAS(text.out, "48 training and 16 test images");
    for (const Words &more : { Words{}, Words{ "--baseline", "pixels" }, Words{ "--baseline", "random" },
                               Words{ "--features", "output", "--limit", "10", "--temperature", "0.2" } }) {
        const Result result = run(joined(joined(base, more), { "--json" }));
        ASSERT_EQ(result.code, 0) << result.err;
        const Json json(json_loads(result.out.c_str(), 0, nullptr));
        ASSERT_NE(json, nullptr) << result.out;
        const double accuracy = json_number_value(json_object_get(json.get(), "knn_acc1"));
        EXPECT_GE(accuracy, 0);
        EXPECT_LE(accuracy, 100);
        EXPECT_EQ(json_integer_value(json_object_get(json.get(), "k")), 5);
        if (!more.empty() && more[1] == "pixels") {
            EXPECT_EQ(accuracy, 100) << "dark and light images differ in their pixels";
        }
        if (!more.empty() && more[0] == "--features") {
            EXPECT_EQ(json_integer_value(json_object_get(json.get(), "train_images")), 10);
        }
    }
    const Result preset =
        run({ "knn", "--preset", "tiny", "--baseline", "random", "--train", "train", "--test", "test", "-k", "5" });
    EXPECT_EQ(preset.code, 0) << preset.err;
    EXPECT_HAS(preset.out, "untrained network");
}

TEST_F(CliRuns, KnnRefusesOtherClasses)
{
    ASSERT_EQ(trained().code, 0);
    fs::create_directories(root / "other");
    fs::copy(root / "test" / "dark", root / "other" / "dark");
    fs::copy(root / "test" / "light", root / "other" / "pale");
    const Result result = run({ "knn", "run", "--train", "train", "--test", "other" });
    EXPECT_EQ(result.code, 1);
    EXPECT_HAS(result.err, "'light'");
    EXPECT_HAS(result.err, "'pale'");
}

TEST_F(CliRuns, InfoShowsARunAndAFile)
{
    ASSERT_EQ(trained().code, 0);
    const Result result = run({ "info", "run", "--tensors" });
    ASSERT_EQ(result.code, 0) << result.err;
    for (const char *part : { "Checkpoints of run", "position: step 6;", "encoder_q", "queue", "32 x 64",
                              "moco-checkpoint", "encoder_q.conv1.weight" }) {
        EXPECT_HAS(result.out, part);
    }
    const Result file = run({ "info", "run/checkpoints/step_0000000006.safetensors", "--json" });
    ASSERT_EQ(file.code, 0) << file.err;
    const Json json(json_loads(file.out.c_str(), 0, nullptr));
    ASSERT_NE(json, nullptr) << file.out;
    EXPECT_GT(json_array_size(json_object_get(json.get(), "tensors")), 100U);
    EXPECT_STREQ(json_string_value(json_object_get(json_object_get(json.get(), "metadata"), "step")), "6");
}

TEST_F(CliRuns, BenchMeasuresTheLoader)
{
    const Result text = run({ "bench", "loader", moco_test::tests_folder() + "/golden/pixels", "--image-size", "32",
                              "--limit", "16", "--batch", "2" });
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_HAS(text.out, "16 files, two views each, recipe v2");
    EXPECT_HAS(text.out, "us per file");
    const Result json = run({ "bench", "loader", moco_test::tests_folder() + "/golden/pixels", "--image-size", "32",
                              "--limit", "16", "--batch", "2", "--recipe", "v1", "--workers", "2", "--json" });
    EXPECT_EQ(json.code, 0) << json.err;
    EXPECT_HAS(json.out, "\"files\": 16,");
    EXPECT_HAS(json.out, "\"decode\": ");
    const Result fast =
        run({ "bench", "loader", moco_test::tests_folder() + "/golden/pixels", "--image-size", "32", "--limit", "16",
              "--batch", "2", "--augment-precision", "fast", "--precision", "bf16", "--json" });
    EXPECT_EQ(fast.code, 0) << fast.err;
    EXPECT_HAS(fast.out, "\"in_flight_bytes\": 98304,"); // 4 batches of 2 pairs of 3 x 32 x 32 values of 2 bytes
    const Json numbers(json_loads(fast.out.c_str(), 0, nullptr));
    ASSERT_NE(numbers, nullptr) << fast.out;
    EXPECT_LT(json_number_value(json_object_get(numbers.get(), "over_bytes")), 50e6);
    const Result wrong = run({ "bench", "lunch", moco_test::tests_folder() + "/golden/pixels" });
    EXPECT_EQ(wrong.code, 2);
    EXPECT_HAS(wrong.err, "there is no part 'lunch'");
}

// The size of a PNG file and whether it has more than one colour.
void expect_picture(const fs::path &path, int32_t width, int32_t height)
{
    moco_image *image = nullptr;
    ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    ASSERT_EQ(moco_image_read(image, path.c_str()), MOCO_OK) << moco_error_message();
    EXPECT_EQ(moco_image_width(image), width) << path;
    EXPECT_EQ(moco_image_height(image), height) << path;
    const uint8_t *pixels = moco_image_pixels(image);
    const auto size = static_cast<size_t>(width) * static_cast<size_t>(height) * 3;
    EXPECT_NE(std::count(pixels, pixels + size, pixels[0]), static_cast<std::ptrdiff_t>(size)) << "nothing is drawn";
    moco_image_free(image);
}

TEST_F(CliRuns, PlotDrawsPictures)
{
    ASSERT_EQ(trained().code, 0);
    const Result result = run({ "plot", "run" });
    ASSERT_EQ(result.code, 0) << result.err;
    const fs::path plots = root / "run" / "plots";
    for (const char *chart : { "loss.png", "accuracy.png", "knn.png", "lr.png" }) {
        expect_picture(plots / chart, 1280, 800);
    }
    expect_picture(plots / "pairs.png", 2 * (4 * 292 + 20), 2 * (44 + 6 * 94 + 10));
    expect_picture(plots / "neighbours.png", 2 * (60 + 84 + 930), 2 * (44 + 12 * 126));
    expect_picture(plots / "map.png", 2 * (36 + 560 + 190), 2 * (40 + 560 + 36));
    const Result vector = run({ "plot", "run", "--curves-only", "--format", "svg" });
    ASSERT_EQ(vector.code, 0) << vector.err;
    EXPECT_HAS(read_file(plots / "loss.svg"), "loss (nats)</text>");
    EXPECT_HAS(read_file(plots / "loss.svg"), "chance 3.50</text>"); // ln(32 + 1)
    const Result both = run({ "plot", "run", "run", "--metric", "acc1", "--out", "both.png" });
    EXPECT_EQ(both.code, 0) << both.err;
    expect_picture(root / "both.png", 1280, 800);
    const Result page = run({ "plot", "run", "run", "--out", "both.pdf" });
    EXPECT_EQ(page.code, 0) << page.err;
    EXPECT_EQ(read_file(root / "both.pdf").substr(0, 5), "%PDF-");
    const Result named = run({ "plot", "run", "run", "--format", "svg" });
    EXPECT_EQ(named.code, 0) << named.err;
    EXPECT_HAS(read_file(root / "loss.svg"), "InfoNCE loss</text>");
    const Result unknown = run({ "plot", "run", "run", "--out", "both.jpg" });
    EXPECT_EQ(unknown.code, 1);
    EXPECT_HAS(unknown.err, "both.jpg");
}

TEST_F(CliRuns, SignalsEndARunThatResumes)
{
    for (const int number : { SIGTERM, SIGINT }) {
        const std::string name = "stopped" + std::to_string(number);
        EXPECT_EQ(run_until("step 2/", number, train(name, { "--epochs", "100000" })), 128 + number);
        const std::string err = read_file(root / "err.txt");
        EXPECT_HAS(err, number == SIGTERM ? "stopped by SIGTERM" : "stopped by SIGINT");
        EXPECT_HAS(err, "moco resume " + name);
        EXPECT_FALSE(has(err, "error: ")) << err;
    }
    EXPECT_EQ(run_until("step ", SIGTERM, { "resume", "stopped15" }), 128 + SIGTERM);
    EXPECT_FALSE(has(read_file(root / "out.txt"), "step 1/")) << "a resumed run continues";
}

TEST_F(CliRuns, ATerminalGetsABar)
{
    const std::string plain = in_terminal(root, train("bar"), false);
    EXPECT_HAS(plain, "\r\x1b[Kepoch 1/2 ");
    EXPECT_HAS(plain, "100 %  step 6/6  loss ");
    EXPECT_FALSE(has(plain, "\x1b[3")) << plain;
    EXPECT_FALSE(has(plain, "data wait")) << "lines are for pipes";
    const std::string coloured = in_terminal(root, train("bar-coloured"), true);
    EXPECT_HAS(coloured, "\x1b[32m");
}

TEST_F(CliRuns, ALineBreakInANameBreaksNoLine)
{
    ASSERT_EQ(trained().code, 0);
    fs::create_directories(root / "broken");
    fs::copy(root / "run", root / "broken" / "a\nb\x1b[2J",
             fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    const Result result = run({ "runs", "broken" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.out, "\na?b?[2J  ");
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 2);
}
