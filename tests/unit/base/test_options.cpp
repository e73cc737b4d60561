// Tests that structs of options of any size are read: of older and newer programs, and of none.
#include "support/tensors.hpp"

extern "C" {
#include "ranks/launch_internal.h"
}

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>

namespace {

using moco_test::cpu;
using moco_test::Free;
using moco_test::Owned;

class Options : public moco_test::TensorTest {};

// A struct of options as bytes: what its macro and its function fill in, and a call that reads it.
struct Row {
    std::string name;
    size_t size;
    const void *macro;
    std::function<void(void *, size_t)> init;
    std::function<moco_status(const void *)> read;
};

bool has(const std::string &part)
{
    return std::string(moco_error_message()).find(part) != std::string::npos;
}

#define ROW(type, MACRO, reading)                                                                                      \
    [] {                                                                                                               \
        static const type macro = MACRO;                                                                               \
        return Row{ #type, sizeof macro, &macro,                                                                       \
                    [](void *options, size_t size) { type##_init(static_cast<type *>(options), size); },               \
                    [](const void *options) -> moco_status {                                                           \
                        const auto *o = static_cast<const type *>(options);                                            \
                        return reading;                                                                                \
                    } };                                                                                               \
    }()

// The readers stop at a struct that is refused, before they look at anything else.
std::vector<Row> rows()
{
    static moco_encoder *encoder = nullptr;
    static moco_dataset *dataset = nullptr;
    static moco_sampler *sampler = nullptr;
    static moco_model *model = nullptr;
    static moco_queue *queue = nullptr;
    static moco_peers *peers = nullptr;
    static moco_linear *linear = nullptr;
    return {
        ROW(moco_augment_policy, MOCO_AUGMENT_POLICY_INIT, moco_augment_check(o)),
        ROW(moco_dataset_callbacks, MOCO_DATASET_CALLBACKS_INIT,
            moco_dataset_from_callbacks(&dataset, 1, 0, o, nullptr)),
        ROW(moco_dataset_options, MOCO_DATASET_OPTIONS_INIT, moco_dataset_open(&dataset, "/none", o)),
        ROW(moco_encoder_options, MOCO_ENCODER_OPTIONS_INIT, moco_encoder_create(&encoder, o)),
        ROW(moco_export_options, MOCO_EXPORT_OPTIONS_INIT, moco_export("/none/out", "/none/in", o)),
        ROW(moco_launch, MOCO_LAUNCH_INIT, moco__launch_check(o)),
        ROW(moco_linear_options, MOCO_LINEAR_OPTIONS_INIT, moco_linear_create(&linear, o)),
        ROW(moco_model_options, MOCO_MODEL_OPTIONS_INIT, moco_model_create(&model, o)),
        ROW(moco_peers_options, MOCO_PEERS_OPTIONS_INIT, moco_peers_join(&peers, nullptr, o)),
        ROW(moco_queue_options, MOCO_QUEUE_OPTIONS_INIT, moco_queue_create(&queue, o)),
        ROW(moco_report_options, MOCO_REPORT_OPTIONS_INIT, moco_report_write("/none", o)),
        ROW(moco_sampler_options, MOCO_SAMPLER_OPTIONS_INIT, moco_sampler_create(&sampler, o)),
        ROW(moco_train_options, MOCO_TRAIN_OPTIONS_INIT, moco_resume("/none", o)),
    };
}

struct LongerQueueOptions {
    moco_queue_options known = MOCO_QUEUE_OPTIONS_INIT;
    int64_t newer[4] = {};
};

// Whether two words are equal, or point to equal texts.
bool same_word(const unsigned char *a, const unsigned char *b)
{
    const char *texts[2];
    std::memcpy(&texts[0], a, sizeof texts[0]);
    std::memcpy(&texts[1], b, sizeof texts[1]);
    const auto is_address = [](const char *text) { return reinterpret_cast<uintptr_t>(text) >> 40U != 0; };
    return texts[0] == texts[1] || (is_address(texts[0]) && is_address(texts[1]) && std::string(texts[0]) == texts[1]);
}

Owned<moco_queue> queue_of(const moco_queue_options *options)
{
    moco_queue *queue = nullptr;
    EXPECT_OK(moco_queue_create(&queue, options));
    return Owned<moco_queue>(queue);
}

} // namespace

TEST_F(Options, FunctionsFillInWhatTheMacrosHold)
{
    for (const Row &row : rows()) {
        std::vector<unsigned char> bytes(row.size + 16, 0xa5);
        row.init(bytes.data(), row.size);
        const auto *macro = static_cast<const unsigned char *>(row.macro);
        for (size_t i = 0; i < row.size; i += sizeof(size_t)) {
            EXPECT_TRUE(same_word(bytes.data() + i, macro + i)) << row.name << ", byte " << i;
        }
        EXPECT_EQ(bytes[row.size], 0xa5) << row.name;
        row.init(nullptr, row.size);
    }
}

TEST_F(Options, ZeroIsRefusedAndTheMacroNamed)
{
    for (const Row &row : rows()) {
        std::string macro = row.name + "_INIT";
        std::transform(macro.begin(), macro.end(), macro.begin(), [](unsigned char c) { return std::toupper(c); });
        for (const size_t size : { size_t{ 0 }, size_t{ 1 }, row.size + 1, size_t{ 1 } << 40U, SIZE_MAX - 7 }) {
            std::vector<unsigned char> bytes(row.size);
            std::memcpy(bytes.data(), &size, sizeof size);
            EXPECT_EQ(row.read(bytes.data()), MOCO_EINVALID) << row.name << " of " << size;
            EXPECT_TRUE(has(macro) && has(row.name + "_init()")) << row.name << ": " << moco_error_message();
        }
    }
}

TEST_F(Options, UnknownMembersMustBeUnused)
{
    for (const Row &row : rows()) {
        std::vector<unsigned char> bytes(row.size + 32);
        row.init(bytes.data(), bytes.size());
        bytes.back() = 1;
        EXPECT_EQ(row.read(bytes.data()), MOCO_EINVALID) << row.name;
        EXPECT_TRUE(has(row.name + ": byte " + std::to_string(row.size + 31))) << moco_error_message();
    }
    LongerQueueOptions longer;
    longer.known.struct_size = sizeof longer;
    longer.known.size = 5;
    EXPECT_EQ(moco_queue_size(queue_of(&longer.known).get()), 5);
}

TEST_F(Options, AnOlderStructKeepsTheDefaultsOfTheRest)
{
    moco_queue_options options;
    std::memset(&options, 0xff, sizeof options);
    options.struct_size = offsetof(moco_queue_options, dim);
    options.size = 5;
    const auto queue = queue_of(&options);
    EXPECT_EQ(moco_queue_size(queue.get()), 5);
    EXPECT_EQ(moco_tensor_size(moco_queue_keys(queue.get()), 1), 128) << "the default, not what is behind the struct";
}

TEST_F(Options, ResultsDoNotGoBeyondAnOlderStruct)
{
    moco_augment_policy policy;
    std::memset(&policy, 0x5a, sizeof policy);
    policy.struct_size = offsetof(moco_augment_policy, mean);
    ASSERT_OK(moco_augment_preset(&policy, "cifar", 0));
    EXPECT_EQ(policy.struct_size, offsetof(moco_augment_policy, mean));
    EXPECT_EQ(policy.size, 32);
    EXPECT_EQ(reinterpret_cast<const unsigned char *>(&policy.mean)[0], 0x5a);
    moco_config config;
    std::memset(&config, 0x5a, sizeof config);
    moco_config_init(&config, offsetof(moco_config, momentum));
    ASSERT_OK(moco_config_apply_preset(&config, "tiny"));
    ASSERT_OK(moco_config_check(&config));
    EXPECT_EQ(config.queue_size, 512);
    EXPECT_EQ(reinterpret_cast<const unsigned char *>(&config.momentum)[0], 0x5a);
    EXPECT_EQ(moco_config_set(&config, "momentum", "0.5"), MOCO_EINVALID);
    EXPECT_TRUE(has("momentum")) << moco_error_message();
}

TEST_F(Options, ZeroedOptionsOfAPartAreRefused)
{
    const moco_encoder_options network{};
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    options.encoder = &network;
    moco_model *model = nullptr;
    EXPECT_EQ(moco_model_create(&model, &options), MOCO_EINVALID);
    EXPECT_TRUE(has("MOCO_ENCODER_OPTIONS_INIT")) << moco_error_message();
    const moco_schedule schedule{};
    EXPECT_TRUE(std::isnan(moco_schedule_lr(&schedule, 0)));
    EXPECT_TRUE(has("MOCO_SCHEDULE_INIT")) << moco_error_message();
}

TEST_F(Options, AnEncoderTellsItsOptions)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.dim = 4;
    options.mlp = true;
    options.cifar_stem = true;
    options.bn_splits = 2;
    options.layout = MOCO_NHWC;
    moco_encoder *encoder = nullptr;
    ASSERT_OK(moco_encoder_create(&encoder, &options));
    moco_encoder_options told = MOCO_ENCODER_OPTIONS_INIT;
    ASSERT_OK(moco_encoder_describe(&told, encoder));
    EXPECT_STREQ(told.arch, "resnet20");
    EXPECT_EQ(told.dim, 4);
    EXPECT_TRUE(told.mlp && told.cifar_stem);
    EXPECT_EQ(told.bn_splits, 2);
    EXPECT_EQ(told.layout, MOCO_NHWC);
    EXPECT_EQ(told.precision, MOCO_FP32);
    moco_encoder_free(encoder);
}
