// Tests that small files which claim to be large end by a stated limit, and that names in archives reach no other file.
#include "support/tar_builder.hpp"
#include "support/temporary_folder.hpp"

extern "C" {
#include "dataset/shard_scan_internal.h"
}

#include <zlib.h>

#include <vector>

using namespace moco_test;
namespace fs = std::filesystem;

namespace {

std::string number(unsigned long value, size_t bytes, bool big_endian = false)
{
    std::string out(bytes, '\0');
    for (size_t i = 0; i < bytes; ++i) {
        out[big_endian ? bytes - 1 - i : i] = static_cast<char>(value >> (8 * i));
    }
    return out;
}

std::string png_chunk(const std::string &text)
{
    const auto sum = crc32(0, reinterpret_cast<const Bytef *>(text.data()), static_cast<uInt>(text.size()));
    return number(text.size() - 4, 4, true) + text + number(sum, 4, true);
}

std::string tiff_tag(unsigned tag, unsigned long value)
{
    return number(tag, 2) + number(4, 2) + number(1, 4) + number(value, 4);
}

// Files of a few bytes, whose headers say 10^9 pixels and more.
std::vector<std::pair<std::string, std::string>> image_bombs()
{
    constexpr unsigned long side = 40000;
    const std::string jpeg(
        "\xFF\xD8\xFF\xC0\x00\x0B\x08\xFF\xDC\xFF\xDC\x01\x01\x11\x00\xFF\xDA\x00\x08\x01\x01\x00\x00"
        "\x3F\x00\x00",
        26);
    const std::string npy = "{'descr': '|u1', 'fortran_order': False, 'shape': (40000, 40000), }\n";
    return {
        { "a.png",
          "\x89PNG\r\n\x1A\n" +
              png_chunk("IHDR" + number(side, 4, true) + number(side, 4, true) + std::string("\x08\x02\0\0\0", 5)) +
              png_chunk("IDATx") + png_chunk("IEND") },
        { "a.bmp", "BM" + number(58, 4) + number(0, 4) + number(54, 4) + number(40, 4) + number(side, 4) +
                       number(side, 4) + number(1, 2) + number(24, 2) + std::string(28, '\0') },
        { "a.tif", std::string("II*\0", 4) + number(8, 4) + number(7, 2) + tiff_tag(256, side) + tiff_tag(257, side) +
                       tiff_tag(258, 8) + tiff_tag(259, 1) + tiff_tag(262, 1) + tiff_tag(273, 8) + tiff_tag(279, 8) +
                       number(0, 4) },
        { "a.jpg", jpeg },
        { "a.webp",
          "RIFF" + number(22, 4) + "WEBPVP8L" + number(9, 4) + std::string("\x2F\xFF\xFF\xFF\x0F\0\0\0\0\0", 10) },
        { "a.pgm", "P5 40000 40000 255\n" },
        { "a.npy", std::string("\x93NUMPY\1\0", 8) + number(npy.size(), 2) + npy },
    };
}

// A progressive JPEG of 8 x 8 pixels.
std::string jpeg_of_scans(int scans)
{
    std::string file("\xFF\xD8\xFF\xDB\x00\x43\x00", 7);
    file += std::string(64, '\x01') + std::string("\xFF\xC2\x00\x0B\x08\x00\x08\x00\x08\x01\x01\x11\x00", 13);
    file += std::string("\xFF\xC4\x00\x14\x00\x01", 6) + std::string(16, '\0'); // one code, of one bit
    for (int i = 0; i < scans; ++i) {
        file += std::string("\xFF\xDA\x00\x08\x01\x01\x00\x00\x00\x00\x7F", 11);
    }
    return file + "\xFF\xD9";
}

class Bombs : public WithFolder {};

TEST_F(Bombs, ImagesOfMorePixelsThanAllowed)
{
    moco_image *image = nullptr;
    ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    for (const auto &[name, bytes] : image_bombs()) {
        EXPECT_EQ(moco_image_decode(image, bytes.data(), bytes.size(), name.c_str()), MOCO_EFORMAT) << name;
        EXPECT_TRUE(message_has(name.c_str())) << moco_error_message();
        EXPECT_TRUE(message_has("limit")) << moco_error_message();
    }
    moco_image_free(image);
}

TEST_F(Bombs, ScansOfAJpeg)
{
    moco_image *image = nullptr;
    ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    const std::string most = jpeg_of_scans(100);
    EXPECT_EQ(moco_image_decode(image, most.data(), most.size(), "a.jpg"), MOCO_OK) << moco_error_message();
    const std::string more = jpeg_of_scans(101);
    EXPECT_EQ(moco_image_decode(image, more.data(), more.size(), "a.jpg"), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("a.jpg") && message_has("more than 100 scans")) << moco_error_message();
    moco_image_free(image);
}

TEST_F(Bombs, AFileLargerThanAnyImage)
{
    write_file(path("a.jpg"), "\xFF\xD8\xFF");
    ASSERT_EQ(truncate(path("a.jpg").c_str(), off_t{ 1 } << 40), 0);
    moco_image *image = nullptr;
    ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    EXPECT_EQ(moco_image_read(image, path("a.jpg").c_str()), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("a.jpg") && message_has("1099511627776 bytes are more than any image has"))
        << moco_error_message();
    moco_image_free(image);
}

moco_status scan(const std::string &path)
{
    moco__shard shard = {};
    const moco_status status = moco__shard_scan(&shard, path.c_str());
    if (status == MOCO_OK) {
        moco__shard_free(&shard);
    }
    return status;
}

// A frame whose window is 2^31 bytes, and that holds 100,000 bytes.
TEST_F(Bombs, WindowOfZstd)
{
    write_file(path("a.tar.zst"), std::string("\x28\xB5\x2F\xFD\x00\xA8\x03\x35\x0C"
                                              "a",
                                              10));
    EXPECT_EQ(scan(path("a.tar.zst")), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("a window of 2048 MB to unpack it; the limit is 128 MB")) << moco_error_message();
}

// 200,000 members of 99 bytes of name, which pack to 1,000 times less.
TEST_F(Bombs, EndlessMembers)
{
    std::string members;
    for (const char *first : { "a", "b" }) {
        members += tar_header({ first + std::string(94, 'x') + ".jpg", "", '0', "", "" });
    }
    gzFile file = gzopen(path("a.tar.gz").c_str(), "wb9");
    ASSERT_NE(file, nullptr);
    for (int i = 0; i < 100000; ++i) {
        ASSERT_EQ(gzwrite(file, members.data(), static_cast<unsigned>(members.size())), 1024);
    }
    ASSERT_EQ(gzclose(file), Z_OK);
    EXPECT_EQ(scan(path("a.tar.gz")), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("too many for an archive of")) << moco_error_message();
}

TEST_F(Bombs, NamesOfTooManyClasses)
{
    write_file(path("a.tar"), tar_member("__classes__", std::string((1 << 24) + 1, '\n')) + tar_end());
    EXPECT_EQ(scan(path("a.tar")), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("there can be 16777216")) << moco_error_message();
}

std::string repeated(const std::string &text, int times)
{
    std::string out;
    for (int i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

TEST_F(Bombs, DeepNesting)
{
    constexpr int depth = 200000;
    moco_config config;
    for (const char *level : { "[", "{a: ", "- " }) {
        moco_config_init(&config, sizeof config);
        write_file(path("a.yaml"), "policy: " + repeated(level, depth));
        EXPECT_NE(moco_config_load(&config, path("a.yaml").c_str()), MOCO_OK) << level;
        EXPECT_TRUE(message_has("a.yaml:1")) << moco_error_message();
    }
    const std::string header = R"({"__metadata__": )" + repeated("[", depth);
    moco_weights *weights = nullptr;
    write_file(path("a.safetensors"), number(header.size(), 8) + header);
    EXPECT_EQ(moco_weights_open(&weights, path("a.safetensors").c_str()), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("a.safetensors")) << moco_error_message();
    moco_series series;
    write_file(path("metrics.jsonl"), "{\"step\": 1, \"loss\": 2}\n" + repeated("[", depth) + "\n");
    ASSERT_EQ(moco_series_read(&series, folder_.c_str(), "loss"), MOCO_OK) << moco_error_message();
    EXPECT_EQ(series.count, 1U) << "a line that is not JSON is passed over";
    moco_series_free(&series);
}

// Members that would lie elsewhere are read where they are, in the archive; links are not followed.
TEST_F(Bombs, NamesAndLinksInArchivesReachNoFile)
{
    fs::create_directories(path("in/here"));
    write_file(path("in/secret.pgm"), "P5 1 1 255\ns");
    const std::string pixel = "P5 1 1 255\np";
    const std::string target = "../secret.pgm";
    std::string linked = tar_header({ "d.pgm", "", '2', "", "" });
    unsigned long sum = std::stoul(linked.substr(148, 6), nullptr, 8);
    for (const char byte : target) {
        sum += static_cast<unsigned char>(byte);
    }
    char digits[8];
    (void)snprintf(digits, sizeof digits, "%06lo", sum);
    linked.replace(148, 6, digits, 6);
    linked.replace(157, target.size(), target);
    write_file(path("in/here/a.tar"), tar_member("../secret.pgm", pixel) + tar_member("/b.pgm", pixel) +
                                          tar_member("x/../../c.pgm", pixel) + linked + tar_end());
    ASSERT_EQ(moco_shards_index(path("in/here/a.tar").c_str(), nullptr, nullptr), MOCO_OK) << moco_error_message();
    moco_dataset *images = nullptr;
    moco_image *image = nullptr;
    ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    ASSERT_EQ(moco_dataset_open(&images, path("in/here/a.tar").c_str(), nullptr), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco_dataset_count(images), 3U);
    for (size_t i = 0; i < 3; ++i) {
        ASSERT_EQ(moco_dataset_read(images, image, i), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_image_pixels(image)[0], 'p');
    }
    ASSERT_EQ(moco_shards_pack(images, path("in/here/b.tar").c_str(), nullptr), MOCO_OK) << moco_error_message();
    moco_image_free(image);
    moco_dataset_free(images);
    EXPECT_EQ(read_file(path("in/secret.pgm")), "P5 1 1 255\ns");
    EXPECT_EQ(entries_of(folder_), 1U);
    EXPECT_EQ(entries_of(path("in")), 2U);
    EXPECT_FALSE(fs::exists("/b.pgm"));
}

} // namespace
