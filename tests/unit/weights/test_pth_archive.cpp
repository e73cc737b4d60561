// Tests that archives of torch.save are read that another program has packed again, or another machine has written.
#include "support/temporary_folder.hpp"

#include <zlib.h>

#include <string>
#include <utility>
#include <vector>

using moco_test::message_has;
using moco_test::write_file;

namespace {

std::string number(uint64_t value, size_t bytes)
{
    std::string out;
    for (size_t i = 0; i < bytes; ++i) {
        out += static_cast<char>(value >> (8 * i));
    }
    return out;
}

std::string deflated(const std::string &bytes)
{
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef *>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

// A zip archive; announced: the unpacked size that is written, 0: the true one.
std::string zip(const std::vector<std::pair<std::string, std::string>> &records, bool packed, uint64_t announced = 0,
                unsigned method = 8)
{
    std::string out;
    std::string directory;
    for (const auto &[name, bytes] : records) {
        const std::string data = packed ? deflated(bytes) : bytes;
        const auto crc = crc32(0, reinterpret_cast<const Bytef *>(bytes.data()), static_cast<uInt>(bytes.size()));
        const std::string common = number(0, 2) + number(packed ? method : 0, 2) + number(0, 4) + number(crc, 4) +
                                   number(data.size(), 4) + number(announced > 0 ? announced : bytes.size(), 4) +
                                   number(name.size(), 2) + number(0, 2);
        directory += "PK\1\2" + number(20, 2) + number(20, 2) + common + number(0, 2) + number(0, 2) + number(0, 2) +
                     number(0, 4) + number(out.size(), 4) + name;
        out += "PK\3\4" + number(20, 2) + common + name + data;
    }
    const std::string end = "PK\5\6" + number(0, 4) + number(records.size(), 2) + number(records.size(), 2) +
                            number(directory.size(), 4) + number(out.size(), 4) + number(0, 2);
    return out + directory + end;
}

// {"t": a tensor of 3 floats}
std::string tree()
{
    return "\x80\x02}\x8c\x01t"
           "ctorch._utils\n_rebuild_tensor_v2\n((\x8c\x07storagectorch\nFloatStorage\n\x8c\x01"
           "0\x8c\x03" +
           std::string("cpuK\3tQK\0K\3\x85K\1\x85\x89", 16) + "}tRs.";
}

class PthArchive : public moco_test::WithFolder {
  protected:
    // Returns the three values, or none with the message set.
    std::vector<float> values(const std::string &bytes) const
    {
        moco_weights *weights = nullptr;
        std::vector<float> out(3);
        write_file(path("f.pth"), bytes);
        if (moco_weights_open(&weights, path("f.pth").c_str()) != MOCO_OK ||
            moco_weights_read(out.data(), 12, weights, "t") != MOCO_OK) {
            out.clear();
        }
        moco_weights_free(weights);
        return out;
    }
};

const std::string little("\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40", 12);
const std::string big("\x3f\x80\0\0\x40\0\0\0\x40\x40\0\0", 12);
const std::vector<float> expected = { 1, 2, 3 };

TEST_F(PthArchive, CompressedRecordsAreUnpacked)
{
    const std::vector<std::pair<std::string, std::string>> records = { { "a/data.pkl", tree() },
                                                                       { "a/data/0", little } };
    EXPECT_EQ(values(zip(records, false)), expected) << moco_error_message();
    EXPECT_EQ(values(zip(records, true)), expected) << moco_error_message();
}

TEST_F(PthArchive, DamagedAndHostileCompressionIsRefused)
{
    const std::vector<std::pair<std::string, std::string>> records = { { "a/data.pkl", tree() },
                                                                       { "a/data/0", little } };
    EXPECT_TRUE(values(zip(records, true, 5)).empty()) << "announces too little";
    EXPECT_TRUE(values(zip(records, true, 500)).empty()) << "announces too much";
    EXPECT_TRUE(message_has("damaged")) << moco_error_message();
    EXPECT_TRUE(values(zip(records, true, 3000000000U)).empty()) << "a bomb";
    EXPECT_TRUE(message_has("too many for the file")) << moco_error_message();
    EXPECT_TRUE(values(zip(records, true, 0, 12)).empty());
    EXPECT_TRUE(message_has("another method than deflate")) << moco_error_message();
    std::string cut = zip(records, true);
    cut[cut.find("a/data/0") + 8] ^= 0x7f;
    EXPECT_TRUE(values(cut).empty());
}

TEST_F(PthArchive, BigEndianValuesAreTurned)
{
    EXPECT_EQ(values(zip({ { "a/data.pkl", tree() }, { "a/byteorder", "big" }, { "a/data/0", big } }, false)), expected)
        << moco_error_message();
    EXPECT_EQ(values(zip({ { "a/data.pkl", tree() }, { "a/byteorder", "little" }, { "a/data/0", little } }, false)),
              expected)
        << moco_error_message();
}

} // namespace
