// Tests that files of other programs give their network: whatever is beside it is passed over, under any prefix, and a
// refusal says what is wrong.
#include "support/temporary_folder.hpp"

extern "C" {
#include "formats/zip_write_internal.h"
}

#include <cstring>
#include <string>
#include <utility>
#include <vector>

using moco_test::message_has;
using moco_test::write_file;

namespace {

// A float tensor for a file: its name and sizes; the values are those of an encoder, or zeros.
struct Extra {
    std::string name;
    std::vector<int64_t> sizes;
};

class Foreign : public moco_test::WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
        options.arch = "resnet20";
        ASSERT_EQ(moco_encoder_create(&encoder_, &options), MOCO_OK);
    }
    void TearDown() override
    {
        moco_encoder_free(encoder_);
        WithFolder::TearDown();
    }
    // Writes the backbone under each prefix, without what `left_out` begins, and the extra tensors.
    std::string file(const std::vector<std::string> &prefixes, const std::vector<Extra> &extras = {},
                     const std::string &left_out = "fc.") const
    {
        std::vector<std::string> names;
        std::vector<moco_tensor *> tensors;
        std::vector<moco_tensor *> made;
        const char *name = nullptr;
        for (const auto &prefix : prefixes) {
            for (size_t i = 0; (name = moco_encoder_state_name(encoder_, i)) != nullptr; ++i) {
                if (std::strncmp(name, "fc.", 3) != 0 && std::string(name).rfind(left_out, 0) != 0) {
                    names.push_back(prefix + name);
                    tensors.push_back(moco_tensor_list_get(moco_encoder_state(encoder_), i));
                }
            }
        }
        for (const auto &extra : extras) {
            moco_tensor *tensor = nullptr;
            EXPECT_EQ(moco_tensor_zeros(&tensor, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, extra.sizes.data(),
                                        extra.sizes.size()),
                      MOCO_OK);
            made.push_back(tensor);
            names.push_back(extra.name);
            tensors.push_back(tensor);
        }
        std::vector<moco_named_tensor> rows;
        for (size_t i = 0; i < names.size(); ++i) {
            rows.push_back({ names[i].c_str(), tensors[i] });
        }
        EXPECT_EQ(moco_safetensors_write(path("f").c_str(), rows.data(), rows.size(), nullptr, 0), MOCO_OK);
        for (auto *tensor : made) {
            moco_tensor_free(tensor);
        }
        return path("f");
    }
    // Writes a ResNet-18 whose children are numbered, with the first stage at a number.
    std::string numbered(const std::string &prefix, int first) const
    {
        moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
        options.arch = "resnet18";
        moco_encoder *encoder = nullptr;
        EXPECT_EQ(moco_encoder_create(&encoder, &options), MOCO_OK);
        std::vector<std::string> names;
        std::vector<moco_named_tensor> rows;
        const char *name = nullptr;
        for (size_t i = 0; (name = moco_encoder_state_name(encoder, i)) != nullptr; ++i) {
            const std::string whole = name;
            const std::string part = whole.substr(0, whole.find('.'));
            const int number = part == "conv1" ? 0 : part == "bn1" ? 1 : part[0] == 'l' ? first + part[5] - '1' : 9;
            names.push_back(prefix + std::to_string(number) + whole.substr(part.size()));
        }
        for (size_t i = 0; i < names.size(); ++i) {
            rows.push_back({ names[i].c_str(), moco_tensor_list_get(moco_encoder_state(encoder), i) });
        }
        EXPECT_EQ(moco_safetensors_write(path("f").c_str(), rows.data(), rows.size(), nullptr, 0), MOCO_OK);
        moco_encoder_free(encoder);
        return path("f");
    }
    // Returns the prefix of the network that is imported, or the message.
    static std::string import(const std::string &file)
    {
        moco_config config;
        moco_config_init(&config, sizeof config);
        moco_weights *weights = nullptr;
        moco_network network{};
        moco_encoder *encoder = nullptr;
        std::string result;
        if (moco_weights_open(&weights, file.c_str()) != MOCO_OK ||
            moco_weights_network(&network, weights, MOCO_QUERY) != MOCO_OK ||
            moco_encoder_import(&encoder, &config, file.c_str(), MOCO_QUERY, { MOCO_CPU, 0 }) != MOCO_OK) {
            result = moco_error_message();
        } else {
            EXPECT_EQ(std::string(network.arch).rfind("resnet", 0), 0U);
            result = network.prefix;
        }
        moco_encoder_free(encoder);
        moco_weights_free(weights);
        return result;
    }
    static void expect_has(const std::string &text, const std::string &part)
    {
        EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
    }
    std::string pth(const std::string &tree, const std::vector<std::pair<std::string, size_t>> &storages) const
    {
        moco__zip_writer zip;
        EXPECT_EQ(moco__zip_begin(&zip, path("f.pth").c_str()), MOCO_OK);
        EXPECT_EQ(moco__zip_put(&zip, "a/data.pkl", tree.data(), tree.size()), MOCO_OK);
        for (const auto &storage : storages) {
            const std::string data(storage.second, '\1');
            EXPECT_EQ(moco__zip_put(&zip, ("a/data/" + storage.first).c_str(), data.data(), data.size()), MOCO_OK);
        }
        EXPECT_EQ(moco__zip_commit(&zip), MOCO_OK);
        return path("f.pth");
    }
    moco_encoder *encoder_ = nullptr;
};

// ---- Pieces of pickles ----

std::string text(const std::string &value)
{
    return "\x8c" + std::string(1, static_cast<char>(value.size())) + value;
}

std::string global(const std::string &module, const std::string &name)
{
    return "c" + module + "\n" + name + "\n";
}

// One tensor of 4 elements over the whole of a storage.
std::string tensor(const std::string &storage_class, const std::string &key, int elements, const std::string &type = "")
{
    const std::string module = storage_class == "UntypedStorage" ? "torch.storage" : "torch";
    const std::string tail = type.empty() ? "" : global("torch", type) + "N";
    return global("torch._utils", type.empty() ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3") + "((" + text("storage") +
           global(module, storage_class) + text(key) + text("cpu") + "K" + std::string(1, static_cast<char>(elements)) +
           "tQK" + std::string(1, '\0') + "K\4\x85K\1\x85\x89" + global("collections", "OrderedDict") + ")R" + tail +
           "tR";
}

TEST_F(Foreign, TheNetworkIsFoundUnderAnyPrefix)
{
    for (const std::string prefix : { "", "_orig_mod.", "model.", "module.base_encoder.", "_orig_mod.module.encoder_q.",
                                      "net.0.", "trunk.base." }) {
        EXPECT_EQ(import(file({ prefix })), prefix);
    }
    EXPECT_EQ(import(file({ "momentum_encoder.", "base_encoder." })), "base_encoder.");
    EXPECT_EQ(import(file({ "teacher.backbone.", "student.backbone." })), "student.backbone.");
    EXPECT_EQ(import(file({ "model.encoder_k.", "model.encoder_q." })), "model.encoder_q.");
    EXPECT_EQ(import(file({ "teacher." })), "teacher.") << "there is no other";
}

TEST_F(Foreign, NumberedPartsAreThoseOfTheNetwork)
{
    EXPECT_EQ(import(numbered("backbone.", 4)), "backbone.");
    EXPECT_EQ(import(numbered("f.", 3)), "f.") << "without pooling";
    EXPECT_EQ(import(numbered("", 4)), "");
}

TEST_F(Foreign, HeadsOfOtherMethodsAreLeftOut)
{
    for (const std::string prefix : { "", "module.", "encoder.", "module.encoder_q.", "x.y." }) {
        EXPECT_EQ(import(file({ prefix }, { { prefix + "projection_head.0.weight", { 8, 64 } },
                                            { prefix + "prototypes.weight", { 30, 8 } },
                                            { "predictor.0.weight", { 8, 8 } } })),
                  prefix);
        EXPECT_EQ(import(file({ prefix }, { { prefix + "fc.0.weight", { 64, 64 } },
                                            { prefix + "fc.1.weight", { 64 } },
                                            { prefix + "fc.1.running_mean", { 64 } },
                                            { prefix + "fc.3.weight", { 8, 64 } } })),
                  prefix);
        EXPECT_EQ(import(file({ prefix }, { { prefix + "fc.0.weight", { 32, 64 } },
                                            { prefix + "fc.0.bias", { 32 } },
                                            { prefix + "fc.2.weight", { 8, 32 } },
                                            { prefix + "fc.2.bias", { 8 } } })),
                  prefix);
        const std::vector<Extra> without_biases = { { prefix + "fc.0.weight", { 64, 64 } },
                                                    { prefix + "fc.2.weight", { 8, 64 } } };
        EXPECT_EQ(import(file({ prefix }, without_biases)), prefix);
    }
    expect_has(import(file({ "" }, { { "layer1.0.se.fc1.weight", { 4, 16, 1, 1 } } })),
               "\"layer1.0.se.fc1.weight\" does not belong to a resnet20");
}

TEST_F(Foreign, ARefusalNamesTheNearestNetworkAndTheTensor)
{
    expect_has(import(file({ "module." }, {}, "layer3.0.conv1.weight")),
               "tensor \"module.layer3.0.conv1.weight\" of a resnet20, the nearest network, is missing");
    expect_has(import(file({ "" }, {}, "layer1.0.conv2.weight")),
               "tensor \"layer1.0.conv2.weight\" of a resnet20, the nearest network, is missing");
    expect_has(import(file({ "" }, {}, "conv1.weight")), "tensor \"conv1.weight\" of a resnet20, the nearest");
    expect_has(import(file({ "" }, {}, "layer2.1.bn2.bias")), "tensor \"layer2.1.bn2.bias\" of a resnet20 is missing");
    expect_has(import(file({ "" }, { { "conv1.weight", { 16, 3, 5, 5 } } }, "conv1.weight")),
               "tensor \"conv1.weight\" has the shape [16, 3, 5, 5], but that of a resnet20 is [16, 3, 3, 3]");
    EXPECT_EQ(import(file({ "" }, { { "conv1.weight", { 16, 1, 3, 3 } } }, "conv1.weight")), "") << "of grey images";
    expect_has(import(file({ "" }, { { "conv1.weight", { 12, 3, 3, 3 } } }, "conv1.weight")),
               "has the shape [12, 3, 3, 3], but that of a resnet20, the nearest network, is [16, 3, 3, 3]");
    expect_has(import(file({ "" }, { { "layer3.3.conv1.weight", { 64, 64, 3, 3 } } })), "layer3.3.conv1.weight");
    expect_has(import(file({}, { { "patch_embed.proj.weight", { 8, 3, 16, 16 } } })), "a vision transformer");
    expect_has(import(file({}, { { "denseblock1.denselayer1.conv1.weight", { 128, 64, 1, 1 } } })), "a DenseNet");
    expect_has(import(file({}, { { "head.weight", { 8, 3 } } })), "Its 1 tensors, as head.weight,");
}

TEST_F(Foreign, TensorsOfOtherTypesArePassedOver)
{
    const std::string tree = "\x80\x02}(" + text("a") + tensor("FloatStorage", "0", 4) + text("mask") +
                             tensor("CharStorage", "1", 4) + text("wave") + tensor("ComplexFloatStorage", "2", 4) +
                             text("eight") + tensor("UntypedStorage", "3", 4, "float8_e4m3fn") + text("sparse") +
                             global("torch._utils", "_rebuild_sparse_tensor") + ")R" + "u.";
    moco_weights *weights = nullptr;
    ASSERT_EQ(moco_weights_open(&weights, pth(tree, { { "0", 16 }, { "1", 4 }, { "2", 32 }, { "3", 4 } }).c_str()),
              MOCO_OK)
        << moco_error_message();
    EXPECT_EQ(moco_weights_count(weights), 1U);
    EXPECT_NE(moco_weights_find(weights, "a"), nullptr);
    char left[256];
    EXPECT_EQ(moco_weights_left_out(weights, left, sizeof left), 4U);
    EXPECT_STREQ(left, "left out 4 tensors of other types than networks have, like mask (int8)");
    EXPECT_EQ(moco_weights_left_out(nullptr, left, sizeof left), 0U);
    EXPECT_STREQ(left, "");
    moco_weights_free(weights);

    const std::string header = R"({"m":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},)"
                               R"("a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},)"
                               R"("f":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[12,15]}})";
    write_file(path("s"), std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header +
                              std::string(15, '\0'));
    ASSERT_EQ(moco_weights_open(&weights, path("s").c_str()), MOCO_OK) << moco_error_message();
    EXPECT_EQ(moco_weights_count(weights), 1U);
    float values[2];
    EXPECT_EQ(moco_weights_read(values, sizeof values, weights, "a"), MOCO_OK);
    moco_weights_free(weights);
}

TEST_F(Foreign, PlainDataBesideTensorsIsPassedOver)
{
    const std::string nul = std::string("X\2\0\0\0", 5) + std::string("a\0", 2);
    for (const std::string &value :
         { global("collections", "Counter") + "}(K\1K\2u\x85R",
           global("collections", "defaultdict") + global("builtins", "list") + "\x85R}b",
           global("builtins", "set") + "](K\1K\2e\x85R", std::string("\x8f(K\1\x90"),
           global("collections", "deque") + ")R(K\1K\2e", global("__builtin__", "xrange") + "K\1K\5K\1\x87R",
           global("__builtin__", "Ellipsis"), global("decimal", "Decimal") + text("1.5") + "\x85R",
           global("_codecs", "encode") + nul + text("latin1") + "\x86R", global("builtins", "complex") + "K\1K\2\x86R",
           global("numpy.core.multiarray", "scalar") + global("numpy", "dtype") + text("f8") + "\x85RNb" + nul +
               "\x86R",
           global("torch", "device") + text("cuda") + "\x85R", global("torch", "int16"), std::string("C\2\0\xff", 4),
           std::string("U\1\xff"), global("__builtin__", "set") + "](e\x85R",
           global("torch.serialization", "_get_layout") + text("torch.strided") + "\x85R" }) {
        const std::string tree = "\x80\x02}(" + text("a") + tensor("FloatStorage", "0", 4) + text("v") + value + "u.";
        moco_weights *weights = nullptr;
        ASSERT_EQ(moco_weights_open(&weights, pth(tree, { { "0", 16 } }).c_str()), MOCO_OK)
            << value << ": " << moco_error_message();
        EXPECT_EQ(moco_weights_count(weights), 1U);
        moco_weights_free(weights);
    }
}

TEST_F(Foreign, TensorsOfClassesAndParametersAreRead)
{
    const std::string inner = tensor("FloatStorage", "0", 4);
    const std::string arguments = inner.substr(inner.find("(("), inner.size() - inner.find("((") - 1);
    for (const std::string &value :
         { global("torch._tensor", "_rebuild_from_type_v2") + "(" + global("torch._utils", "_rebuild_tensor_v2") +
               global("torch", "Tensor") + arguments + "}tR",
           global("torch.nn.parameter", "Parameter") + inner + "\x88\x86\x81",
           global("torch._utils", "_rebuild_parameter_with_state") + "(" + inner + "\x88}}tR" }) {
        moco_weights *weights = nullptr;
        ASSERT_EQ(moco_weights_open(&weights, pth("\x80\x02}" + text("a") + value + "s.", { { "0", 16 } }).c_str()),
                  MOCO_OK)
            << moco_error_message();
        EXPECT_NE(moco_weights_find(weights, "a"), nullptr);
        moco_weights_free(weights);
    }
}

TEST_F(Foreign, TheDictionaryOfTensorsIsFoundAtAnyDepth)
{
    const std::string one = "}" + text("layer1.0.conv1.weight") + tensor("FloatStorage", "0", 4) + "s";
    const std::string other = "}" + text("b") + tensor("FloatStorage", "0", 4) + "s";
    const auto first_of = [&](const std::string &tree) {
        moco_weights *weights = nullptr;
        const moco_status status = moco_weights_open(&weights, pth("\x80\x02" + tree + ".", { { "0", 16 } }).c_str());
        std::string name = status == MOCO_OK ? moco_weights_get(weights, 0)->name : moco_error_message();
        moco_weights_free(weights);
        return name;
    };
    const char *wanted = "layer1.0.conv1.weight";
    for (const char *key : { "model_state_dict", "net", "state_dict_ema", "network" }) {
        EXPECT_EQ(first_of("}" + text(key) + one + "s"), wanted) << key;
    }
    EXPECT_EQ(first_of("}" + text("state_dict") + "}" + text("trunk") + one + "ss"), wanted);
    EXPECT_EQ(first_of("}(" + text("head") + other + text("net") + one + "u"), wanted);
    EXPECT_EQ(first_of("](" + one + "K\1e"), wanted);
    EXPECT_EQ(first_of("}(" + text("net") + one + text("state_dict") + other + "u"), "b") << "as ever";
    expect_has(first_of("}" + text("epoch") + "K\1s"), "holds no tensors, only epoch; save a state_dict");
}

TEST_F(Foreign, AFileThatIsNoCheckpointIsNamed)
{
    const std::pair<std::string, const char *> files[] = {
        { "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n", "a git-lfs pointer" },
        { "<!DOCTYPE html><html><head></head></html>", "an HTML page" },
        { std::string("\x08\x07\x12\x07pytorch\x1a\x05", 13), "an ONNX model" },
        { std::string(64, '\x01'), "neither a safetensors file, which has a header in JSON, nor one of PyTorch" },
        { "\n <html><body>404</body></html>", "an HTML page" },
        { "\x1F\x8B\x08 rest of the file", "a gzip file" },
        { "<?xml version=\"1.0\"?><Error/>", "an XML text" },
        { R"({"model": "resnet50", "epoch": 3})", "a JSON text" },
        { "some notes of mine on this run", "a text" },
        { std::string("\x89HDF\r\n\x1A\n") + "0123456789", "an HDF5 file" },
        { "\x89PNG\r\n\x1A\n0123456789", "a PNG image" },
        { std::string(64, '\0'), "a file of zeros" },
    };
    for (const auto &[bytes, what] : files) {
        moco_weights *weights = nullptr;
        write_file(path("x.pth"), bytes);
        EXPECT_EQ(moco_weights_open(&weights, path("x.pth").c_str()), MOCO_EFORMAT);
        EXPECT_TRUE(message_has(what)) << what << " is not in: " << moco_error_message();
        EXPECT_TRUE(message_has("of PyTorch (.pth")) << moco_error_message();
    }
    moco_weights *weights = nullptr;
    EXPECT_EQ(moco_weights_open(&weights, folder_.c_str()), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("a folder")) << moco_error_message();
    const std::string whole_model = "\x80\x02" + global("torchvision.models.resnet", "ResNet") + ")R.";
    EXPECT_EQ(moco_weights_open(&weights, pth(whole_model, {}).c_str()), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("a Python object, torchvision.models.resnet.ResNet")) << moco_error_message();
    EXPECT_TRUE(message_has("a pickle of a whole model")) << moco_error_message();
}

} // namespace
