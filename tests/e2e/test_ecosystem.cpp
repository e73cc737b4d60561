// Tests import and export against PyTorch: torchvision, and the reference's checkpoints, scripts and converter. Needs a
// Python with torch and torchvision: MOCO_PYTHON names it, or else python3; `make test-python` installs one. If
// MOCO_REFERENCE names a clone of facebookresearch/moco, the tests run its code.
#include "support/model_options.hpp"

#include "cli.hpp"

#include <cmath>
#include <iostream>

using cli::has;
using cli::Result;
using cli::Words;
namespace fs = cli::fs;

namespace {

constexpr moco_device kCpu = { MOCO_CPU, 0 };

class Ecosystem : public cli::Cli {
  protected:
    void SetUp() override
    {
        static const int check = ask({ "check" });
        if (check < 0) {
            GTEST_SKIP() << "needs a Python with torch and torchvision; run `make test-python`";
        }
        ASSERT_EQ(check, 0);
        ASSERT_EQ(moco_threads_set(1), MOCO_OK);
    }
    // Runs a command of ecosystem.py and shows what it measured.
    static int ask(const Words &words)
    {
        const int code = python("ecosystem.py", words);
        std::cout << "  " << words[0] << ": " << cli::read_file(root / "python.txt") << std::flush;
        return code;
    }
    static void expect(const Words &words) { ASSERT_EQ(ask(words), 0) << cli::read_file(root / "python.txt"); }
    static std::string path(const std::string &name) { return (root / name).string(); }

    // A tensor of a file that Python wrote.
    static std::vector<float> read(const std::string &file, const char *name, std::vector<int64_t> *sizes = nullptr)
    {
        moco_weights *weights = nullptr;
        EXPECT_EQ(moco_weights_open(&weights, path(file).c_str()), MOCO_OK) << moco_error_message();
        const auto *entry = weights != nullptr ? moco_weights_find(weights, name) : nullptr;
        std::vector<float> values(entry != nullptr ? entry->bytes / sizeof(float) : 0);
        EXPECT_NE(entry, nullptr) << name;
        if (entry != nullptr) {
            EXPECT_EQ(moco_weights_read(values.data(), entry->bytes, weights, name), MOCO_OK);
            if (sizes != nullptr) {
                sizes->assign(entry->sizes, entry->sizes + entry->ndim);
            }
        }
        moco_weights_free(weights);
        return values;
    }
    static moco_tensor *tensor(const std::string &file, const char *name)
    {
        std::vector<int64_t> sizes;
        const auto values = read(file, name, &sizes);
        moco_tensor *out = nullptr;
        EXPECT_EQ(moco_tensor_from_host(&out, nullptr, MOCO_FLOAT32, kCpu, sizes.data(), sizes.size(), values.data()),
                  MOCO_OK);
        return out;
    }
    // The largest difference between our features of the file's network and those that Python computed, relative to 1
    // or to their size where they are larger.
    static double difference(const std::string &file, const std::string &expected)
    {
        moco_encoder *encoder = nullptr;
        moco_config config;
        moco_config_init(&config, sizeof config);
        moco_tensor *images = tensor(expected, "images");
        moco_tensor *features = nullptr;
        EXPECT_EQ(moco_encoder_import(&encoder, &config, path(file).c_str(), MOCO_QUERY, kCpu), MOCO_OK)
            << moco_error_message();
        EXPECT_EQ(moco_encoder_features(&features, nullptr, encoder, images), MOCO_OK) << moco_error_message();
        const auto theirs = read(expected, "features");
        std::vector<float> ours(theirs.size());
        EXPECT_EQ(moco_tensor_to_host(ours.data(), ours.size() * sizeof(float), features), MOCO_OK)
            << moco_error_message();
        double worst = 0;
        float largest = 0;
        for (size_t i = 0; i < ours.size(); ++i) {
            const double size = std::max(1.0, static_cast<double>(std::abs(theirs[i])));
            worst = std::max(worst, std::abs(static_cast<double>(ours[i]) - static_cast<double>(theirs[i])) / size);
            largest = std::max(largest, std::abs(theirs[i]));
        }
        EXPECT_GT(largest, 0.1F) << "the features say something";
        std::cout << "  features of " << file << ": largest difference " << worst << ", largest feature " << largest
                  << std::endl;
        moco_tensor_free(features);
        moco_tensor_free(images);
        moco_encoder_free(encoder);
        return worst;
    }
    // A checkpoint of a ResNet-50 with an MLP head after two steps, so that statistics and buffers are not trivial.
    static void make_checkpoint()
    {
        if (fs::exists(root / "run.safetensors")) {
            return;
        }
        moco_config config;
        moco_config_init(&config, sizeof config);
        ASSERT_EQ(moco_config_apply_preset(&config, "v2"), MOCO_OK);
        ASSERT_EQ(moco_config_set(&config, "queue-size", "64"), MOCO_OK);
        moco_test::ModelOptions options;
        options.encoder.mlp = true;
        options.queue_size = 64;
        moco_model *model = nullptr;
        moco_tensor *images = nullptr;
        const int64_t sizes[] = { 8, 3, 32, 32 };
        ASSERT_EQ(moco_tensor_randn(&images, nullptr, kCpu, sizes, 4, 1), MOCO_OK);
        ASSERT_EQ(moco_model_create(&model, options.get()), MOCO_OK) << moco_error_message();
        for (int i = 0; i < 2; ++i) {
            ASSERT_EQ(moco_model_step(nullptr, model, images, images, 0.03, 0.99), MOCO_OK) << moco_error_message();
        }
        ASSERT_EQ(moco_checkpoint_save(path("run.safetensors").c_str(), model, { 2, 1, 0 }, &config), MOCO_OK);
        moco_model_free(model);
        moco_tensor_free(images);
        const Words formats[] = { { "torchvision", "torchvision.pth" }, { "reference", "reference.pth.tar" },
                                  { "detectron2", "detectron2.pkl" },   { "timm", "timm.pth" },
                                  { "timm", "timm.safetensors" },       { "safetensors", "head.safetensors" } };
        for (const auto &format : formats) {
            const auto result = run({ "export", "run.safetensors", "--format", format[0], "--out", format[1] });
            ASSERT_EQ(result.code, 0) << result.err;
        }
    }
    // The reference's checkpoint, what it becomes by one more step, and that step's images and loss.
    static void make_reference(const std::string &version)
    {
        if (!fs::exists(root / (version + ".pth.tar"))) {
            expect({ "checkpoint", version + ".pth.tar", version + "_after.pth.tar", version + "_step.pth", version,
                     "resnet18" });
        }
    }
    static void identity(int64_t *permutation, size_t n, uint64_t, void *)
    {
        for (size_t i = 0; i < n; ++i) {
            permutation[i] = static_cast<int64_t>(i);
        }
    }
    // The model of an imported run, which takes the step that Python took; returns the loss.
    static double take_step(const std::string &checkpoint, const std::string &step, const std::string &out)
    {
        moco_config config;
        moco_config_init(&config, sizeof config);
        moco_position position{};
        EXPECT_EQ(moco_checkpoint_read_config(&config, &position, path(checkpoint).c_str()), MOCO_OK);
        moco_test::ModelOptions options;
        options.encoder.arch = config.arch;
        options.encoder.dim = config.dim;
        options.encoder.mlp = config.mlp;
        options.sgd.momentum = config.sgd_momentum;
        options.sgd.weight_decay = config.weight_decay;
        options.queue_size = config.queue_size;
        options.temperature = 0.2;
        options.permutation = identity;
        moco_model *model = nullptr;
        moco_step result{};
        double loss = NAN;
        moco_tensor *im_q = tensor(step, "im_q");
        moco_tensor *im_k = tensor(step, "im_k");
        EXPECT_EQ(moco_model_create(&model, options.get()), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_checkpoint_load(model, &position, path(checkpoint).c_str()), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_model_step(&result, model, im_q, im_k, 0.03, 0.99), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_tensor_item(&loss, result.loss), MOCO_OK);
        position.epoch += 1;
        EXPECT_EQ(moco_checkpoint_save(path(out).c_str(), model, position, &config), MOCO_OK);
        moco_tensor_free(im_k);
        moco_tensor_free(im_q);
        moco_model_free(model);
        return loss;
    }
    // Import, export back, and one step, all compared with PyTorch.
    static void go_on(const std::string &version, const std::string &file)
    {
        const std::string run_folder = "imported_" + file;
        auto result = run({ "import", file, "--out", run_folder, "--data", "train", "-b", "8", "--epochs", "2",
                            "--bn-splits", "1", "--knn-every", "0", "--no-plots", "--threads", "1" });
        ASSERT_EQ(result.code, 0) << result.err;
        EXPECT_FALSE(has(result.err, "warning: " + file)) << result.err;
        result = run({ "export", run_folder, "--format", "reference", "--out", "back.pth.tar" });
        ASSERT_EQ(result.code, 0) << result.err;
        expect({ "compare", version + ".pth.tar", "back.pth.tar", "0", "0" });
        // 48 images in batches of 8 are 6 steps.
        const double loss = take_step(run_folder + "/checkpoints/step_0000000006.safetensors", version + "_step.pth",
                                      "stepped.safetensors");
        const double theirs = read(version + "_step.pth", "loss").at(0);
        std::cout << "  loss of the next step: " << loss << ", PyTorch " << theirs << ", difference "
                  << std::abs(loss - theirs) << std::endl;
        EXPECT_NEAR(loss, theirs, 1e-5);
        result = run({ "export", "stepped.safetensors", "--format", "reference", "--out", "stepped.pth.tar" });
        ASSERT_EQ(result.code, 0) << result.err;
        expect({ "compare", version + "_after.pth.tar", "stepped.pth.tar", "1e-5", "1e-5" });
    }
};

} // namespace

TEST_F(Ecosystem, TorchvisionComputesTheSameFromOurStateDict)
{
    make_checkpoint();
    expect({ "features", "torchvision.pth", "expected.pth", "resnet50" });
    EXPECT_LE(difference("run.safetensors", "expected.pth"), 1e-5);
    EXPECT_LE(difference("torchvision.pth", "expected.pth"), 1e-5);
    expect({ "others", ".", "resnet50" });
}

TEST_F(Ecosystem, WeComputeTheSameFromTheReferencesCheckpoints)
{
    for (const std::string version : { "v1", "v2" }) {
        make_reference(version);
        EXPECT_LE(difference(version + ".pth.tar", version + "_step.pth"), 1e-5);
        EXPECT_LE(difference(version + ".pth.tar.old", version + "_step.pth"), 1e-5);
    }
}

TEST_F(Ecosystem, ARunOfTheReferenceGoesOn)
{
    for (const std::string version : { "v1", "v2" }) {
        make_reference(version);
        go_on(version, version + ".pth.tar");
    }
    go_on("v2", "v2.pth.tar.old");
    const auto result = run({ "resume", "imported_v2.pth.tar" });
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.out, "done: 12 steps");
}

TEST_F(Ecosystem, EmbeddedFilesHaveTheFeaturesOfTorchvisionAndPil)
{
    make_checkpoint();
    expect({ "files", "photos" });
    for (const char *file : { "run.safetensors", "torchvision.pth", "reference.pth.tar" }) {
        const auto result = run({ "embed", file, "photos", "--out", "features.npy", "--no-normalise", "--features",
                                  "pooled", "--threads", "1" });
        ASSERT_EQ(result.code, 0) << result.err;
        expect({ "embedded", "torchvision.pth", "photos", "features.npy", "resnet50" });
    }
}

TEST_F(Ecosystem, OurFilesFollowTheReferencesRules)
{
    make_checkpoint();
    expect({ "lincls", "reference.pth.tar", "resnet50" });
    expect({ "detectron2", "reference.pth.tar", "detectron2.pkl" });
}

TEST_F(Ecosystem, TheReferencesScriptsTakeOurFiles)
{
    if (std::getenv("MOCO_REFERENCE") == nullptr) {
        GTEST_SKIP() << "needs MOCO_REFERENCE, a clone of facebookresearch/moco at 3b42c2a";
    }
    make_checkpoint();
    expect({ "lincls_itself", "reference.pth.tar", "resnet50" });
    expect({ "detectron2_itself", "reference.pth.tar", "detectron2.pkl" });
}
