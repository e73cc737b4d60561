// Tests that both formats of torch.save are read exactly, and that hostile files are refused without running anything.
#include "support/all_tests.hpp"
#include "support/temporary_folder.hpp"
#include "support/tests_folder.hpp"

extern "C" {
#include "base/bytes_internal.h"
#include "formats/pickle_write_internal.h"
#include "formats/zip_read_internal.h"
#include "formats/zip_write_internal.h"
}

#include <cstring>
#include <vector>

namespace fs = std::filesystem;
using moco_test::message_has;
using moco_test::read_file;
using moco_test::write_file;

namespace {

const std::string kFolder = moco_test::tests_folder() + "/data/checkpoints/";

// The generator of the golden cases, see tests/golden/stream.h.
std::vector<float> stream(const std::string &name, size_t count)
{
    uint64_t state = 0xcbf29ce484222325U;
    for (const char c : name) {
        state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    std::vector<float> values;
    for (size_t i = 0; i < count; ++i) {
        uint64_t z = state + (i + 1) * 0x9E3779B97F4A7C15U;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        values.push_back(static_cast<float>(static_cast<double>((z ^ (z >> 31U)) >> 40U) / 8388608.0 - 1));
    }
    return values;
}

class Weights : public moco_test::WithFolder {
  protected:
    void TearDown() override
    {
        EXPECT_FALSE(fs::exists("PWNED"));
        WithFolder::TearDown();
    }
    static moco_weights *open(const std::string &path)
    {
        moco_weights *weights = nullptr;
        EXPECT_EQ(moco_weights_open(&weights, path.c_str()), MOCO_OK) << moco_error_message();
        return weights;
    }
    template <typename T> static std::vector<T> values(const moco_weights *weights, const std::string &name)
    {
        const auto *entry = moco_weights_find(weights, name.c_str());
        if (entry == nullptr) {
            ADD_FAILURE() << name;
            return {};
        }
        std::vector<T> out(entry->bytes / sizeof(T));
        EXPECT_EQ(moco_weights_read(out.data(), entry->bytes, weights, name.c_str()), MOCO_OK) << moco_error_message();
        return out;
    }
    void refuses(const std::string &path, const std::string &why) const
    {
        moco_weights *weights = nullptr;
        EXPECT_EQ(moco_weights_open(&weights, path.c_str()), MOCO_EFORMAT) << why;
        EXPECT_EQ(weights, nullptr);
        EXPECT_TRUE(message_has(path)) << moco_error_message();
        EXPECT_TRUE(message_has(why)) << why << " is not in: " << moco_error_message();
    }
    // An archive of torch.save with this tree.
    std::string archive(const std::string &tree, size_t storage_bytes = 0) const
    {
        const std::string name = path("made.pth");
        moco__zip_writer zip;
        const std::string data(storage_bytes, '\1');
        EXPECT_EQ(moco__zip_begin(&zip, name.c_str()), MOCO_OK);
        EXPECT_EQ(moco__zip_put(&zip, "a/data.pkl", tree.data(), tree.size()), MOCO_OK);
        EXPECT_EQ(moco__zip_put(&zip, "a/data/0", data.data(), data.size()), MOCO_OK);
        EXPECT_EQ(moco__zip_commit(&zip), MOCO_OK) << moco_error_message();
        return name;
    }
    // The tree {"t": tensor} with the given sizes and strides, over a storage of the given elements.
    static std::string tree(const std::vector<int64_t> &sizes, const std::vector<int64_t> &strides, int64_t offset,
                            int64_t elements)
    {
        moco__pickler p{};
        moco__pickler_start(&p, 2);
        moco__pickler_op(&p, '}');
        moco__pickler_text(&p, "t");
        moco__pickler_global(&p, "torch._utils", "_rebuild_tensor_v2");
        moco__pickler_op(&p, '(');
        moco__pickler_op(&p, '(');
        moco__pickler_text(&p, "storage");
        moco__pickler_global(&p, "torch", "FloatStorage");
        moco__pickler_text(&p, "0");
        moco__pickler_text(&p, "cpu");
        moco__pickler_int(&p, elements);
        moco__pickler_op(&p, 't');
        moco__pickler_op(&p, 'Q');
        moco__pickler_int(&p, offset);
        moco__pickler_tuple(&p, sizes.data(), sizes.size());
        moco__pickler_tuple(&p, strides.data(), strides.size());
        moco__pickler_bool(&p, false);
        moco__pickler_ordered_dict(&p);
        moco__pickler_op(&p, 't');
        moco__pickler_op(&p, 'R');
        moco__pickler_op(&p, 's');
        moco__pickler_op(&p, '.');
        std::string text(reinterpret_cast<const char *>(p.bytes.data), p.bytes.size);
        moco__pickler_free(&p);
        return text;
    }
    void refuses_tree(const std::string &text, const std::string &why, size_t storage_bytes = 0) const
    {
        refuses(archive(text, storage_bytes), why);
    }
};

} // namespace

TEST_F(Weights, ReadsBothFormatsToTheLastBit)
{
    for (const std::string name : { "zip.pth.tar", "legacy.pth.tar" }) {
        auto *weights = open(kFolder + name);
        ASSERT_NE(weights, nullptr);
        EXPECT_EQ(moco_weights_kind_of(weights), name[0] == 'z' ? MOCO_WEIGHTS_PTH : MOCO_WEIGHTS_PTH_LEGACY);
        EXPECT_EQ(moco_weights_count(weights), 24U);
        EXPECT_STREQ(moco_weights_metadata(weights, "epoch"), "3");
        EXPECT_STREQ(moco_weights_metadata(weights, "arch"), "resnet18");
        EXPECT_STREQ(moco_weights_metadata(weights, "optimizer.lr"), "0.03");
        EXPECT_EQ(moco_weights_metadata(weights, "no such key"), nullptr);
        ASSERT_NE(moco_weights_find(weights, "optimizer.momentum_buffer.0"), nullptr);
        EXPECT_EQ(moco_weights_find(weights, "optimizer.momentum_buffer.0")->ndim, 4U);
        EXPECT_EQ(values<int64_t>(weights, "module.queue_ptr"), std::vector<int64_t>{ 24 });
        EXPECT_EQ(values<int64_t>(weights, "module.encoder_k.bn1.num_batches_tracked"), std::vector<int64_t>{ 7 });
        EXPECT_EQ(values<float>(weights, "module.encoder_k.bn1.running_mean"), stream("encoder_k.bn1.running_mean", 8));
        // A tensor is the stream of its name.
        const auto raw = stream("encoder_q.fc.2.weight", 128 * 16);
        const auto read = values<float>(weights, "module.encoder_q.fc.2.weight");
        ASSERT_EQ(read.size(), raw.size());
        for (size_t i = 0; i < raw.size(); ++i) {
            ASSERT_EQ(read[i], raw[i]) << i;
        }
        moco_weights_free(weights);
    }
}

TEST_F(Weights, GivesAnyStridesRowMajor)
{
    for (const std::string name : { "zip.pth.tar", "legacy.pth.tar" }) {
        auto *weights = open(kFolder + name);
        ASSERT_NE(weights, nullptr);
        const auto *entry = moco_weights_find(weights, "module.encoder_q.bfloat16_transposed");
        ASSERT_NE(entry, nullptr);
        EXPECT_EQ(entry->dtype, MOCO_BFLOAT16);
        EXPECT_EQ(std::vector<int64_t>(entry->sizes, entry->sizes + 2), (std::vector<int64_t>{ 3, 6 }));
        const auto turned = values<uint16_t>(weights, "module.encoder_q.bfloat16_transposed");
        const auto raw = stream("bf16", 18);
        for (size_t r = 0; r < 3; ++r) {
            for (size_t c = 0; c < 6; ++c) {
                const uint32_t bits = static_cast<uint32_t>(turned[r * 6 + c]) << 16U;
                float value = 0;
                std::memcpy(&value, &bits, sizeof value);
                EXPECT_NEAR(value, raw[c * 3 + r], 0.004) << r << ", " << c;
            }
        }
        EXPECT_EQ(moco_weights_find(weights, "module.encoder_q.half")->dtype, MOCO_FLOAT16);
        const auto last = values<float>(weights, "module.encoder_q.channels_last");
        const auto plain = stream("cl", 2 * 3 * 4 * 5);
        EXPECT_EQ(last, plain);
        moco_weights_free(weights);
    }
}

TEST_F(Weights, RefusesHostileFiles)
{
    refuses(kFolder + "hostile_legacy.pth", "posix.system");
    refuses(kFolder + "hostile_zip.pth", "posix.system");
    refuses(kFolder + "hostile_missing_storage.pth", "storage 0");
}

TEST_F(Weights, RefusesTensorsBeyondTheirStorage)
{
    auto *fine = open(archive(tree({ 2, 3 }, { 3, 1 }, 0, 6), 24));
    ASSERT_NE(fine, nullptr);
    moco_weights_free(fine);
    fine = open(archive(tree({ 2, 0, 1LL << 40 }, { 1LL << 40, 1LL << 60, 1 }, 6, 6), 24));
    ASSERT_NE(fine, nullptr) << "no elements";
    EXPECT_EQ(moco_weights_get(fine, 0)->bytes, 0U);
    moco_weights_free(fine);
    const char *why = "beyond its storage";
    refuses_tree(tree({ 2, 4 }, { 4, 1 }, 0, 6), why, 24);
    refuses_tree(tree({ 2, 3 }, { 3, 1 }, 1, 6), why, 24);
    refuses_tree(tree({ 2, 3 }, { 4, 1 }, 0, 6), why, 24);
    refuses_tree(tree({ 1LL << 40 }, { 0 }, 0, 6), why, 24);
    refuses_tree(tree({ 1LL << 32, 1LL << 32 }, { 1LL << 32, 1 }, 0, 6), why, 24);
    refuses_tree(tree({ 3 }, { INT64_MAX }, 0, 6), why, 24);
    refuses_tree(tree({ 2 }, { INT64_MAX }, INT64_MAX, 6), why, 24);
    refuses_tree(tree({ 2 }, { -1 }, 1, 6), "at least 0", 24);
    refuses_tree(tree({ -2 }, { 1 }, 0, 6), "at least 0", 24);
    refuses_tree(tree({ 2, 3 }, { 1 }, 0, 6), "have a wrong type", 24);
    refuses_tree(tree(std::vector<int64_t>(17, 1), std::vector<int64_t>(17, 1), 0, 6), "have a wrong type", 24);
    refuses_tree(tree({ 2, 3 }, { 3, 1 }, 0, 6), "too short", 23);
    refuses_tree(tree({ 1 }, { 1 }, 0, INT64_MAX), "elements", 24);
    refuses_tree(tree({ 1 }, { 1 }, 0, INT64_MAX / 8), "too short", 24);
}

TEST_F(Weights, RefusesWhatTensorsDoNotNeed)
{
    const std::string head = "\x80\x02";
    refuses_tree(head + "cbuiltins\neval\n.", "builtins.eval");
    refuses_tree(head + "ctorch\nload\n.", "torch.load");
    refuses_tree(head + "ccollections\nOrderedDict\n\x8c\x04"
                        "evil\x85R.",
                 "arguments");
    refuses_tree(head + "}}R.", "not a known name");
    refuses_tree(head + "ctorch\nFloatStorage\n)R.", "it calls torch.FloatStorage");
    refuses_tree(head + "}(i.", "opcode 0x69");
    refuses_tree(head + "}\x82\x01.", "opcode 0x82");
    refuses_tree(head + "P1\n.", "opcode 0x50");
    refuses_tree("\x80\x07}.", "protocol 7");
    refuses_tree(head + "h\x07.", "refers to value 7");
    refuses_tree(head + "}r\xff\xff\xff\x7f.", "stack or memo");
    refuses_tree(head + "}", "ends in the middle");
    refuses_tree(head + "X\xff\xff\xff\xff.", "ends in the middle");
    refuses_tree(head + "\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "ends in the middle");
    refuses_tree(head + "X\x02" + std::string(3, '\0') + "\xc3\x28.", "UTF-8");
    refuses_tree(head + "}}.", "2 values");
    refuses_tree(head + ".", "0 values");
    refuses_tree(head + "}(.", "1 open brackets");
    refuses_tree(head + "t.", "bracket");
    refuses_tree(head + "a.", "lacks operands");
    refuses_tree(head + "}(K\1u.", "no value");
    refuses_tree(head + "K\1K\1a.", "not a container");
    refuses_tree(head + "K\1Nb.", "has none");
    refuses_tree(head + "NQ.", "name a storage");
    refuses_tree(head + ")(0t.", "lacks operands");
    refuses_tree(head + "K\1.", "no dictionary of tensors");
    refuses_tree(head + "}.", "holds no tensors");
}

TEST_F(Weights, BoundsTheMemoryOfATree)
{
    const std::string head = "\x80\x02";
    refuses_tree(head + std::string(5000, '('), "nested more than");
    refuses_tree(head + std::string((1U << 20U) + 100, 'N'), "stack or memo");
    refuses_tree(head + std::string(6U << 20U, '}'), "stack or memo");
    // Values that are dropped again take memory too.
    std::string many = head;
    for (size_t i = 0; i < (1U << 23U); ++i) {
        many += "N0";
    }
    refuses_tree(many + "}.", "MB");
}

TEST_F(Weights, RefusesTheSameNameTwice)
{
    std::string one = tree({ 2, 3 }, { 3, 1 }, 0, 6);
    const std::string item = one.substr(3, one.size() - 4); // from the key to 's'
    refuses_tree(one.substr(0, 3) + item + item + ".", "is repeated", 24);
}

TEST_F(Weights, RefusesEveryCut)
{
    for (const std::string name : { "zip.pth.tar", "legacy.pth.tar" }) {
        const std::string whole = read_file(kFolder + name);
        for (size_t length = 1; length < whole.size(); length += moco_test::all_tests() ? 61 : 305) {
            write_file(path("cut"), whole.substr(0, length));
            moco_weights *weights = nullptr;
            EXPECT_EQ(moco_weights_open(&weights, path("cut").c_str()), MOCO_EFORMAT) << name << " cut at " << length;
        }
    }
    moco_weights *weights = nullptr;
    write_file(path("empty"), "");
    EXPECT_EQ(moco_weights_open(&weights, path("empty").c_str()), MOCO_EFORMAT);
    EXPECT_EQ(moco_weights_open(&weights, path("none").c_str()), MOCO_ENOTFOUND);
    EXPECT_EQ(moco_weights_open(&weights, folder_.c_str()), MOCO_EFORMAT);
}

TEST_F(Weights, FindsDamageByChecksums)
{
    std::string whole = read_file(kFolder + "zip.pth.tar");
    const auto record = whole.find("/data/0");
    ASSERT_NE(record, std::string::npos);
    whole[record + 400] ^= 1;
    write_file(path("damaged"), whole);
    auto *weights = open(path("damaged"));
    ASSERT_NE(weights, nullptr);
    std::vector<float> first(8 * 3 * 7 * 7);
    EXPECT_EQ(moco_weights_read(first.data(), first.size() * 4, weights, "module.encoder_q.conv1.weight"),
              MOCO_EFORMAT);
    EXPECT_TRUE(message_has("checksum")) << moco_error_message();
    moco_weights_free(weights);
}

TEST_F(Weights, ReadsAndWritesArchivesBeyondFourGigabytes)
{
    moco__zip_writer writer;
    ASSERT_EQ(moco__zip_begin(&writer, path("wide").c_str()), MOCO_OK);
    writer.wide_from = 0; // as if every offset took 64 bits
    ASSERT_EQ(moco__zip_put(&writer, "a/one", "1234", 4), MOCO_OK);
    ASSERT_EQ(moco__zip_put(&writer, "a/two", "", 0), MOCO_OK);
    ASSERT_EQ(moco__zip_commit(&writer), MOCO_OK) << moco_error_message();
    const std::string bytes = read_file(path("wide"));
    moco__zip *zip = nullptr;
    ASSERT_EQ(moco__zip_open(&zip, "wide", reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()), MOCO_OK)
        << moco_error_message();
    const auto *one = moco__zip_find(zip, "a/one");
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(std::string(reinterpret_cast<const char *>(one->data), one->size), "1234");
    EXPECT_EQ((one->data - reinterpret_cast<const uint8_t *>(bytes.data())) % 64, 0);
    EXPECT_EQ(moco__zip_check(zip, one), MOCO_OK);
    EXPECT_EQ(moco__zip_find(zip, "a/three"), nullptr);
    moco__zip_free(zip);
}
