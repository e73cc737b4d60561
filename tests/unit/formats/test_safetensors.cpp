// Tests the safetensors format: round trips, equal bytes, and hostile files.
#include "support/device.hpp"
#include "support/temporary_folder.hpp"

#include <cstring>
#include <vector>

using moco_test::cpu;
using moco_test::message_has;
using moco_test::read_file;
using moco_test::write_file;

namespace {

class Safetensors : public moco_test::WithFolder {
  protected:
    // A file from a header's text and a number of data bytes.
    std::string build(const std::string &header, size_t data) const
    {
        std::string bytes(8, '\0');
        const uint64_t length = header.size();
        std::memcpy(bytes.data(), &length, 8);
        const std::string name = path("built.safetensors");
        write_file(name, bytes + header + std::string(data, '\x01'));
        return name;
    }
    void refuses(const std::string &name, const char *why) const
    {
        moco_weights *file = nullptr;
        EXPECT_EQ(moco_weights_open(&file, name.c_str()), MOCO_EFORMAT) << why;
        EXPECT_EQ(file, nullptr) << why;
        EXPECT_TRUE(message_has(name)) << why << ": " << moco_error_message();
        moco_weights_free(file);
    }
    void refuses(const std::string &header, size_t data, const char *why) const { refuses(build(header, data), why); }
};

} // namespace

TEST_F(Safetensors, RoundTripsEveryTypeAndShape)
{
    const struct {
        const char *name;
        moco_dtype dtype;
        std::vector<int64_t> sizes;
    } cases[] = { { "f32", MOCO_FLOAT32, { 2, 3 } }, { "f64", MOCO_FLOAT64, { 3 } },
                  { "f16", MOCO_FLOAT16, { 5 } },    { "bf16", MOCO_BFLOAT16, { 3 } },
                  { "i64", MOCO_INT64, {} },         { "i32", MOCO_INT32, { 1, 1 } },
                  { "u8", MOCO_UINT8, { 7 } },       { "bool", MOCO_BOOL, { 2, 2, 1 } },
                  { "none", MOCO_FLOAT32, { 0, 4 } } };
    std::vector<moco_named_tensor> tensors;
    std::vector<std::vector<unsigned char>> values;
    std::vector<moco_tensor *> owned;
    for (const auto &c : cases) {
        size_t count = moco_dtype_size(c.dtype);
        for (const int64_t size : c.sizes) {
            count *= static_cast<size_t>(size);
        }
        std::vector<unsigned char> bytes(count);
        for (size_t i = 0; i < count; ++i) {
            bytes[i] = c.dtype == MOCO_BOOL ? i % 2 : static_cast<unsigned char>(i * 37 % 60);
        }
        moco_tensor *tensor = nullptr;
        ASSERT_EQ(moco_tensor_from_host(&tensor, nullptr, c.dtype, cpu, c.sizes.data(), c.sizes.size(),
                                        count > 0 ? bytes.data() : reinterpret_cast<const unsigned char *>("")),
                  MOCO_OK)
            << moco_error_message();
        values.push_back(bytes);
        owned.push_back(tensor);
        tensors.push_back({ c.name, tensor });
    }
    const moco_metadata metadata[] = { { "b", "2" }, { "a", "gr\xc3\xbc\xc3\x9f \"q\"" } };
    const std::string name = path("a.safetensors");
    ASSERT_EQ(moco_safetensors_write(name.c_str(), tensors.data(), tensors.size(), metadata, 2), MOCO_OK)
        << moco_error_message();
    const std::string once = read_file(name);
    ASSERT_EQ(moco_safetensors_write(name.c_str(), tensors.data(), tensors.size(), metadata, 2), MOCO_OK);
    EXPECT_EQ(read_file(name), once) << "the same input gives the same bytes";
    uint64_t header = 0;
    std::memcpy(&header, once.data(), 8);
    EXPECT_EQ(header % 8, 0U) << "the data are aligned";

    moco_weights *file = nullptr;
    ASSERT_EQ(moco_weights_open(&file, name.c_str()), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco_weights_count(file), tensors.size());
    EXPECT_STREQ(moco_weights_metadata(file, "a"), metadata[1].value);
    EXPECT_EQ(moco_weights_metadata(file, "none"), nullptr);
    for (size_t i = 0; i < tensors.size(); ++i) {
        const auto *entry = moco_weights_find(file, tensors[i].name);
        ASSERT_NE(entry, nullptr);
        EXPECT_EQ(entry->dtype, cases[i].dtype);
        EXPECT_EQ(std::vector<int64_t>(entry->sizes, entry->sizes + entry->ndim), cases[i].sizes);
        ASSERT_EQ(entry->bytes, values[i].size());
        std::vector<unsigned char> bytes(entry->bytes + 1);
        ASSERT_EQ(moco_weights_read(bytes.data(), entry->bytes, file, tensors[i].name), MOCO_OK);
        EXPECT_TRUE(std::equal(values[i].begin(), values[i].end(), bytes.begin())) << tensors[i].name;
        moco_tensor *copy = nullptr;
        ASSERT_EQ(moco_tensor_zeros(&copy, nullptr, cases[i].dtype, cpu, cases[i].sizes.data(), cases[i].sizes.size()),
                  MOCO_OK);
        EXPECT_EQ(moco_weights_read_tensor(copy, file, tensors[i].name), MOCO_OK) << moco_error_message();
        moco_tensor_free(copy);
    }
    EXPECT_EQ(moco_weights_read_tensor(owned[0], file, "f64"), MOCO_EFORMAT);
    EXPECT_EQ(moco_weights_read_tensor(owned[0], file, "nothing"), MOCO_EFORMAT);
    moco_weights_free(file);
    for (auto *tensor : owned) {
        moco_tensor_free(tensor);
    }
}

TEST_F(Safetensors, WritesViewsRowMajor)
{
    const float values[] = { 1, 2, 3, 4, 5, 6 };
    const int64_t sizes[] = { 2, 3 };
    moco_tensor *matrix = nullptr;
    moco_tensor *transposed = nullptr;
    ASSERT_EQ(moco_tensor_from_host(&matrix, nullptr, MOCO_FLOAT32, cpu, sizes, 2, values), MOCO_OK);
    ASSERT_EQ(moco_tensor_transpose(&transposed, nullptr, matrix), MOCO_OK);
    const moco_named_tensor named = { "t", transposed };
    ASSERT_EQ(moco_safetensors_write(path("t").c_str(), &named, 1, nullptr, 0), MOCO_OK);
    const float expected[] = { 1, 4, 2, 5, 3, 6 };
    const std::string bytes = read_file(path("t"));
    EXPECT_EQ(std::memcmp(bytes.data() + bytes.size() - 24, expected, 24), 0);
    const moco_named_tensor twice[] = { named, named };
    EXPECT_EQ(moco_safetensors_write(path("u").c_str(), twice, 2, nullptr, 0), MOCO_EINVALID);
    const moco_named_tensor reserved = { "__metadata__", matrix };
    EXPECT_EQ(moco_safetensors_write(path("u").c_str(), &reserved, 1, nullptr, 0), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("__metadata__"), std::string::npos) << moco_error_message();
    const moco_metadata same[] = { { "key", "one" }, { "key", "two" } };
    EXPECT_EQ(moco_safetensors_write(path("u").c_str(), &named, 1, same, 2), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("used twice"), std::string::npos) << moco_error_message();
    EXPECT_FALSE(std::filesystem::exists(path("u")));
    moco_tensor_free(transposed);
    moco_tensor_free(matrix);
}

TEST_F(Safetensors, RefusesWhatIsMissing)
{
    moco_tensor *tensor = nullptr;
    const int64_t size = 1;
    const std::string path = this->path("x.safetensors");
    ASSERT_EQ(moco_tensor_zeros(&tensor, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, &size, 1), MOCO_OK);
    const moco_named_tensor good[] = { { "a", tensor } };
    const moco_named_tensor nothing[] = { { "a", nullptr } };
    const moco_named_tensor nameless[] = { { nullptr, tensor } };
    const moco_metadata no_key[] = { { nullptr, "x" } };
    const moco_metadata no_value[] = { { "x", nullptr } };
    const struct {
        const moco_named_tensor *tensors;
        const moco_metadata *metadata;
        const char *says;
    } bad[] = { { nullptr, no_key, "tensors is NULL" },
                { nothing, nullptr, "tensors[0]" },
                { nameless, nullptr, "tensors[0]" },
                { good, no_key, "metadata[0]" },
                { good, no_value, "metadata[0]" } };
    for (const auto &b : bad) {
        EXPECT_EQ(moco_safetensors_write(path.c_str(), b.tensors, 1, b.metadata, b.metadata != nullptr ? 1 : 0),
                  MOCO_EINVALID);
        EXPECT_NE(std::string(moco_error_message()).find(b.says), std::string::npos) << moco_error_message();
    }
    EXPECT_EQ(moco_safetensors_write(path.c_str(), good, 1, nullptr, 1), MOCO_EINVALID);
    EXPECT_FALSE(std::filesystem::exists(path));
    moco_tensor_free(tensor);
}

TEST_F(Safetensors, RefusesHostileHeaders)
{
    const auto entry = [](const char *dtype, const char *shape, const char *offsets) {
        return std::string(R"({"a":{"dtype":")") + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
               "}}";
    };
    moco_weights *file = nullptr;
    ASSERT_EQ(moco_weights_open(&file, build(entry("F32", "[2]", "[0,8]"), 8).c_str()), MOCO_OK);
    moco_weights_free(file);
    refuses("{not json}", 8, "no JSON");
    refuses("[1,2,3]   ", 8, "no object");
    refuses(R"({"t":{"dtype":32,"shape":[2],"data_offsets":[0,8]}})", 8, "a type that is no text");
    // A tensor of an unknown type is passed over, but must have its place.
    ASSERT_EQ(moco_weights_open(&file, build(entry("F31", "[2]", "[0,8]"), 8).c_str()), MOCO_OK);
    EXPECT_EQ(moco_weights_count(file), 0U);
    moco_weights_free(file);
    refuses(entry("F31", "[2]", "[0,9]"), 8, "a place beyond the file");
    refuses(entry("F31", "[2]", "[0,4]"), 8, "a place that leaves a rest");
    refuses(entry("F32", "[-2]", "[0,8]"), 8, "negative size");
    refuses(entry("F32", "[2.5]", "[0,8]"), 8, "fractional size");
    refuses(entry("F32", "2", "[0,8]"), 8, "shape is not a list");
    refuses(entry("F32", "[4611686018427387904,4]", "[0,8]"), 8, "product overflows to 0");
    refuses(entry("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "too many dimensions");
    refuses(entry("F32", "[2]", "[0,9]"), 9, "size differs from the shape");
    refuses(entry("F32", "[2]", "[8,0]"), 8, "end before begin");
    refuses(entry("F32", "[2]", "[-8,0]"), 8, "negative offset");
    refuses(entry("F32", "[2]", "[0.0,8.0]"), 8, "fractional offsets");
    refuses(entry("F32", "[2]", "[0]"), 8, "one offset");
    refuses(entry("F32", "[2]", "[0,8]"), 7, "beyond the end");
    refuses(entry("F32", "[2]", "[0,8]"), 9, "bytes that no tensor has");
    refuses(entry("F32", "[2]", "[4,12]"), 12, "gap before the first");
    refuses(
        R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
        6, "overlap");
    refuses(
        R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})",
        6, "gap");
    refuses(
        R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
        4, "the same name twice");
    refuses(R"({"__metadata__":{"k":1}})", 0, "metadata that is not a text");
    refuses(R"({"__metadata__":[]}    )", 0, "metadata that is not an object");
    refuses(R"({"a":7}         )", 0, "an entry that is not an object");
}

TEST_F(Safetensors, RefusesCutAndFalseLengths)
{
    const std::string header = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
    const std::string whole = read_file(build(header, 4));
    for (size_t length = 0; length < whole.size(); ++length) {
        write_file(path("cut"), whole.substr(0, length));
        refuses(path("cut"), ("cut at " + std::to_string(length)).c_str());
    }
    for (const uint64_t length : { UINT64_C(0), UINT64_C(1), UINT64_MAX, UINT64_C(100000001), UINT64_C(1) << 63U }) {
        std::string bytes = whole;
        std::memcpy(bytes.data(), &length, 8);
        write_file(path("length"), bytes);
        refuses(path("length"), ("header of " + std::to_string(length)).c_str());
    }
    moco_weights *file = nullptr;
    EXPECT_EQ(moco_weights_open(&file, path("none").c_str()), MOCO_ENOTFOUND);
    EXPECT_EQ(moco_weights_open(&file, folder_.c_str()), MOCO_EFORMAT);
}
