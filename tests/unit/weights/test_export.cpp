// Tests that weights are exported to every format and read back the same, and that a run continues from them.
#include "support/all_tests.hpp"
#include "support/device.hpp"
#include "support/model_options.hpp"
#include "support/temporary_folder.hpp"
#include "support/tests_folder.hpp"

#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using moco_test::cpu;
using moco_test::message_has;
using moco_test::read_file;
using moco_test::write_file;

namespace {

class Export : public moco_test::WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        ASSERT_EQ(moco_threads_set(1), MOCO_OK);
        moco_config_init(&config_, sizeof config_);
        for (const auto &[name, value] :
             std::vector<std::pair<const char *, std::string>>{ { "arch", "resnet18" },
                                                                { "cifar-stem", "true" },
                                                                { "dim", "8" },
                                                                { "mlp", "true" },
                                                                { "queue-size", "12" },
                                                                { "augment", "cifar" },
                                                                { "epochs", "5" },
                                                                { "batch", "4" },
                                                                { "bn-splits", "1" },
                                                                { "threads", "1" },
                                                                { "workers", "1" },
                                                                { "image-size", "16" },
                                                                { "lr", "0.1" },
                                                                { "knn-every", "0" },
                                                                { "weight-decay", "0.001" },
                                                                { "data", path("images") } }) {
            ASSERT_EQ(moco_config_set(&config_, name, value.c_str()), MOCO_OK) << moco_error_message();
        }
        const int64_t sizes[] = { 4, 3, 16, 16 };
        ASSERT_EQ(moco_tensor_randn(&images_, nullptr, cpu, sizes, 4, 1), MOCO_OK);
    }
    void TearDown() override
    {
        moco_tensor_free(images_);
        WithFolder::TearDown();
    }
    void set(const char *name, const std::string &value)
    {
        EXPECT_EQ(moco_config_set(&config_, name, value.c_str()), MOCO_OK) << moco_error_message();
    }
    // A checkpoint of a model that has trained two steps.
    void make_checkpoint(const std::string &name)
    {
        moco_test::ModelOptions options;
        options.encoder.arch = "resnet18";
        options.encoder.dim = 8;
        options.encoder.mlp = true;
        options.encoder.cifar_stem = true;
        options.queue_size = 12;
        moco_model *model = nullptr;
        ASSERT_EQ(moco_model_create(&model, options.get()), MOCO_OK) << moco_error_message();
        for (int i = 0; i < 2; ++i) {
            ASSERT_EQ(moco_model_step(nullptr, model, images_, images_, 0.1, 0.9), MOCO_OK) << moco_error_message();
        }
        ASSERT_EQ(moco_checkpoint_save(path(name).c_str(), model, { 6, 3, 0 }, &config_), MOCO_OK)
            << moco_error_message();
        moco_model_free(model);
    }
    std::vector<float> features(const std::string &name, moco_branch branch = MOCO_QUERY)
    {
        moco_encoder *encoder = nullptr;
        moco_config found;
        moco_config_init(&found, sizeof found);
        EXPECT_EQ(moco_encoder_import(&encoder, &found, path(name).c_str(), branch, cpu), MOCO_OK)
            << moco_error_message();
        std::vector<float> out(4 * 512);
        moco_tensor *tensor = nullptr;
        if (encoder != nullptr && moco_encoder_features(&tensor, nullptr, encoder, images_) == MOCO_OK) {
            EXPECT_EQ(moco_tensor_to_host(out.data(), out.size() * sizeof(float), tensor), MOCO_OK);
        }
        moco_tensor_free(tensor);
        moco_encoder_free(encoder);
        return out;
    }
    moco_status write(const std::string &to, const std::string &from, moco_export_format format,
                      moco_branch branch = MOCO_QUERY, bool features_only = false)
    {
        moco_export_options options = MOCO_EXPORT_OPTIONS_INIT;
        options.format = format;
        options.branch = branch;
        options.features_only = features_only;
        options.license = "CC0";
        return moco_export(path(to).c_str(), path(from).c_str(), &options);
    }
    moco_network network(const std::string &name)
    {
        moco_network out{};
        moco_weights *weights = nullptr;
        EXPECT_EQ(moco_weights_open(&weights, path(name).c_str()), MOCO_OK) << moco_error_message();
        if (weights != nullptr) {
            EXPECT_EQ(moco_weights_network(&out, weights, MOCO_QUERY), MOCO_OK) << moco_error_message();
        }
        moco_weights_free(weights);
        return out;
    }

    moco_config config_{};
    moco_tensor *images_ = nullptr;
};

} // namespace

TEST_F(Export, EveryFormatComesBackWithTheSameFeatures)
{
    make_checkpoint("run.safetensors");
    const auto expected = features("run.safetensors");
    const auto expected_key = features("run.safetensors", MOCO_KEY);
    EXPECT_NE(expected, expected_key);
    ASSERT_EQ(write("t.pth", "run.safetensors", MOCO_EXPORT_TORCHVISION), MOCO_OK) << moco_error_message();
    ASSERT_EQ(write("k.pth", "run.safetensors", MOCO_EXPORT_TORCHVISION, MOCO_KEY), MOCO_OK);
    ASSERT_EQ(write("m.safetensors", "run.safetensors", MOCO_EXPORT_TIMM), MOCO_OK);
    ASSERT_EQ(write("s.safetensors", "run.safetensors", MOCO_EXPORT_SAFETENSORS), MOCO_OK);
    ASSERT_EQ(write("f.safetensors", "run.safetensors", MOCO_EXPORT_SAFETENSORS, MOCO_QUERY, true), MOCO_OK);
    ASSERT_EQ(write("r.pth.tar", "run.safetensors", MOCO_EXPORT_REFERENCE), MOCO_OK) << moco_error_message();
    ASSERT_EQ(write("d.pkl", "run.safetensors", MOCO_EXPORT_DETECTRON2), MOCO_OK) << moco_error_message();
    for (const char *name : { "t.pth", "m.safetensors", "s.safetensors", "f.safetensors", "r.pth.tar" }) {
        EXPECT_EQ(features(name), expected) << name;
        EXPECT_STREQ(network(name).arch, "resnet18") << name;
        EXPECT_TRUE(network(name).cifar_stem) << name;
    }
    EXPECT_EQ(features("k.pth"), expected_key);
    EXPECT_EQ(features("r.pth.tar", MOCO_KEY), expected_key);
    EXPECT_EQ(network("t.pth").dim, 0);
    EXPECT_EQ(network("f.safetensors").dim, 0);
    EXPECT_EQ(network("s.safetensors").dim, 8);
    EXPECT_TRUE(network("s.safetensors").mlp);
    EXPECT_STREQ(network("r.pth.tar").prefix, "module.encoder_q.");
    // What comes out of a file of another format is the same again.
    ASSERT_EQ(write("again.pth", "r.pth.tar", MOCO_EXPORT_TORCHVISION), MOCO_OK) << moco_error_message();
    EXPECT_EQ(read_file(path("again.pth")), read_file(path("t.pth")));
    EXPECT_EQ(write("no", "t.pth", MOCO_EXPORT_REFERENCE), MOCO_EINVALID);
    EXPECT_FALSE(fs::exists(path("no")));
    EXPECT_EQ(write("no", "t.pth", MOCO_EXPORT_TORCHVISION, MOCO_KEY), MOCO_EFORMAT);
    EXPECT_EQ(write("none/no", "t.pth", MOCO_EXPORT_TORCHVISION), MOCO_ENOTFOUND);
}

TEST_F(Export, AnEncoderWithoutAHeadGivesFeaturesAlone)
{
    make_checkpoint("run.safetensors");
    ASSERT_EQ(write("t.pth", "run.safetensors", MOCO_EXPORT_TORCHVISION), MOCO_OK) << moco_error_message();
    moco_encoder *encoder = nullptr;
    moco_config found;
    moco_config_init(&found, sizeof found);
    ASSERT_EQ(moco_encoder_import(&encoder, &found, path("t.pth").c_str(), MOCO_QUERY, cpu), MOCO_OK);
    EXPECT_EQ(found.dim, 0);
    EXPECT_EQ(found.image_size, 32);
    EXPECT_EQ(moco_encoder_dim(encoder), 0);
    moco_tensor *out = nullptr;
    EXPECT_EQ(moco_encoder_forward(&out, nullptr, encoder, images_), MOCO_EINVALID);
    EXPECT_TRUE(message_has("without a head"));
    moco_encoder_free(encoder);
}

TEST_F(Export, ARunGoesOnFromTheReferencesFormat)
{
    ONLY_AMONG_ALL();
    make_checkpoint("run.safetensors");
    ASSERT_EQ(write("r.pth.tar", "run.safetensors", MOCO_EXPORT_REFERENCE), MOCO_OK) << moco_error_message();
    fs::create_directories(path("images"));
    moco_image *image = nullptr;
    ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    for (int i = 0; i < 9; ++i) {
        ASSERT_EQ(moco_image_fill(image, 20, 20, 0x102030U * static_cast<uint32_t>(i)), MOCO_OK);
        ASSERT_EQ(moco_image_write_png(image, path("images/" + std::to_string(i) + ".png").c_str()), MOCO_OK);
    }
    moco_image_free(image);
    set("out", path("new"));
    ASSERT_EQ(moco_run_import(&config_, path("r.pth.tar").c_str()), MOCO_OK) << moco_error_message();
    // Two steps per epoch (9 images, batches of 4), three epochs done.
    const std::string name = path("new/checkpoints/step_0000000006.safetensors");
    ASSERT_TRUE(fs::exists(name));
    moco_weights *before = nullptr;
    moco_weights *after = nullptr;
    ASSERT_EQ(moco_weights_open(&before, path("run.safetensors").c_str()), MOCO_OK);
    ASSERT_EQ(moco_weights_open(&after, name.c_str()), MOCO_OK);
    EXPECT_EQ(moco_weights_count(before), moco_weights_count(after));
    for (size_t i = 0; i < moco_weights_count(before); ++i) {
        const auto *entry = moco_weights_get(before, i);
        std::vector<char> a(entry->bytes);
        std::vector<char> b(entry->bytes);
        ASSERT_EQ(moco_weights_read(a.data(), a.size(), before, entry->name), MOCO_OK);
        ASSERT_EQ(moco_weights_read(b.data(), b.size(), after, entry->name), MOCO_OK) << moco_error_message();
        // The reference has no number of keys that are enqueued: its queue counts as full.
        if (std::string(entry->name) != "queue_filled") {
            EXPECT_EQ(a, b) << entry->name;
        }
    }
    EXPECT_STREQ(moco_weights_metadata(after, "epoch"), "3");
    moco_weights_free(before);
    moco_weights_free(after);
    moco_train_options quiet = MOCO_TRAIN_OPTIONS_INIT;
    EXPECT_EQ(moco_resume(path("new").c_str(), &quiet), MOCO_OK) << moco_error_message();
    EXPECT_TRUE(fs::exists(path("new/checkpoints/step_0000000010.safetensors")));

    EXPECT_EQ(moco_run_import(&config_, path("r.pth.tar").c_str()), MOCO_EEXISTS);
    set("out", path("other"));
    set("queue-size", "16");
    EXPECT_EQ(moco_run_import(&config_, path("r.pth.tar").c_str()), MOCO_EINVALID);
    EXPECT_TRUE(message_has("queue-size 12")) << moco_error_message();
    set("queue-size", "12");
    set("epochs", "3");
    EXPECT_EQ(moco_run_import(&config_, path("r.pth.tar").c_str()), MOCO_EINVALID);
    EXPECT_TRUE(message_has("raise epochs")) << moco_error_message();
    set("epochs", "10");
    set("max-steps", "6");
    EXPECT_EQ(moco_run_import(&config_, path("r.pth.tar").c_str()), MOCO_EINVALID);
    EXPECT_TRUE(message_has("raise max-steps")) << moco_error_message();
    set("max-steps", "0");
    set("epochs", "3");
    EXPECT_EQ(moco_run_import(&config_, path("run.safetensors").c_str()), MOCO_EINVALID);
    EXPECT_FALSE(fs::exists(path("other")));
    // A network alone is enough, too.
    ASSERT_EQ(write("t.pth", "run.safetensors", MOCO_EXPORT_TORCHVISION), MOCO_OK);
    EXPECT_EQ(moco_run_import(&config_, path("t.pth").c_str()), MOCO_OK) << moco_error_message();
    EXPECT_TRUE(fs::exists(path("other/checkpoints/step_0000000000.safetensors")));
}

TEST_F(Export, KnowsEveryArchitectureByItsTensors)
{
    // The shapes alone decide; of the largest networks it is enough to know them apart by the table.
    const std::set<std::string> large{ "resnet101", "resnet152", "resnet50w2x", "resnet50w4x" };
    for (size_t row = 0; moco_encoder_arch(row) != nullptr; ++row) {
        const char *arch = moco_encoder_arch(row);
        if (large.count(arch) != 0) {
            continue;
        }
        moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
        options.arch = arch;
        options.dim = 16;
        moco_encoder *encoder = nullptr;
        ASSERT_EQ(moco_encoder_create(&encoder, &options), MOCO_OK);
        const auto *state = moco_encoder_state(encoder);
        std::vector<std::string> names;
        std::vector<moco_named_tensor> rows;
        for (size_t i = 0; moco_encoder_state_name(encoder, i) != nullptr; ++i) {
            names.push_back(std::string("encoder_q.") + moco_encoder_state_name(encoder, i));
        }
        for (size_t i = 0; i < names.size(); ++i) {
            rows.push_back({ names[i].c_str(), moco_tensor_list_get(state, i) });
        }
        ASSERT_EQ(moco_safetensors_write(path("a").c_str(), rows.data(), rows.size(), nullptr, 0), MOCO_OK);
        moco_encoder_free(encoder);
        const auto found = network("a");
        EXPECT_STREQ(found.arch, arch);
        EXPECT_EQ(found.dim, 16) << arch;
        EXPECT_FALSE(found.mlp) << arch;
        EXPECT_FALSE(found.cifar_stem) << arch;
    }
    moco_architecture a;
    moco_architecture b;
    for (size_t i = 0; moco_encoder_architecture(&a, i); ++i) {
        EXPECT_STREQ(a.name, moco_encoder_arch(i));
        for (size_t j = 0; j < i && moco_encoder_architecture(&b, j); ++j) {
            EXPECT_FALSE(a.bottleneck == b.bottleneck && a.groups == b.groups && a.widen == b.widen &&
                         a.width_per_group == b.width_per_group && a.small == b.small &&
                         std::memcmp(a.blocks, b.blocks, sizeof a.blocks) == 0)
                << a.name << " and " << b.name;
        }
    }
}

TEST_F(Export, RefusesNetworksThatDoNotFit)
{
    make_checkpoint("run.safetensors");
    ASSERT_EQ(write("s.safetensors", "run.safetensors", MOCO_EXPORT_SAFETENSORS), MOCO_OK);
    moco_weights *file = nullptr;
    ASSERT_EQ(moco_weights_open(&file, path("s.safetensors").c_str()), MOCO_OK);
    EXPECT_STREQ(moco_weights_metadata(file, "license"), "CC0");
    EXPECT_STREQ(moco_weights_metadata(file, "arch"), "resnet18");
    EXPECT_STREQ(moco_weights_metadata(file, "source"), "run.safetensors");
    // Every tensor but one, and every tensor with one more.
    for (const bool more : { false, true }) {
        std::vector<moco_tensor *> owned;
        std::vector<moco_named_tensor> rows;
        for (size_t i = 0; i < moco_weights_count(file); ++i) {
            const auto *entry = moco_weights_get(file, i);
            if (!more && std::string(entry->name) == "layer3.0.bn1.running_var") {
                continue;
            }
            moco_tensor *tensor = nullptr;
            ASSERT_EQ(moco_tensor_empty(&tensor, nullptr, entry->dtype, cpu, entry->sizes, entry->ndim), MOCO_OK);
            ASSERT_EQ(moco_weights_read_tensor(tensor, file, entry->name), MOCO_OK) << moco_error_message();
            owned.push_back(tensor);
            rows.push_back({ entry->name, tensor });
        }
        if (more) {
            rows.push_back({ "layer4.0.conv3.weight", owned[0] });
        }
        ASSERT_EQ(moco_safetensors_write(path("x").c_str(), rows.data(), rows.size(), nullptr, 0), MOCO_OK);
        moco_encoder *encoder = nullptr;
        moco_config found;
        moco_config_init(&found, sizeof found);
        EXPECT_EQ(moco_encoder_import(&encoder, &found, path("x").c_str(), MOCO_QUERY, cpu), MOCO_EFORMAT);
        EXPECT_TRUE(message_has(more ? "layer4.0.conv3.weight" : "layer3.0.bn1.running_var")) << moco_error_message();
        for (auto *tensor : owned) {
            moco_tensor_free(tensor);
        }
    }
    moco_weights_free(file);
    moco_weights *weights = nullptr;
    ASSERT_EQ(moco_weights_open(&weights, (moco_test::tests_folder() + "/data/checkpoints/zip.pth.tar").c_str()),
              MOCO_OK);
    moco_network net;
    EXPECT_EQ(moco_weights_network(&net, weights, MOCO_QUERY), MOCO_EFORMAT) << "blocks are missing";
    moco_weights_free(weights);
}
