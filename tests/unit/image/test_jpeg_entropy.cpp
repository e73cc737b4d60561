// The decoder of baseline JPEG files that fast images have: what is out of order it leaves to libjpeg, whose pixels and
// errors the file then gets; unusual files in good order it reads as libjpeg does.
#include <gtest/gtest.h>
#include <moco.h>

#include <memory>
#include <string>
#include <vector>

#include "synth_jpeg.h"

namespace {

using namespace std::string_literals;

struct Decoded {
    moco_status status;
    std::vector<std::uint8_t> pixels;
};

Decoded decode(const std::string &file, bool fast)
{
    moco_image *made = nullptr;
    EXPECT_EQ(moco_image_create(&made), MOCO_OK);
    const std::unique_ptr<moco_image, decltype(&moco_image_free)> image(made, moco_image_free);
    moco_image_set_lazy(made, true);
    moco_image_set_fast(made, fast);
    Decoded out = { moco_image_decode(made, file.data(), file.size(), "file"), {} };
    const std::int32_t width = moco_image_width(made);
    const std::int32_t height = moco_image_height(made);
    if (out.status == MOCO_OK) {
        out.status = moco_image_load(made, 0, 0, height, width);
    }
    if (out.status == MOCO_OK && fast) { // in luma and chroma, of which the pixels are made
        out.status = moco_image_hflip(made);
    }
    if (out.status == MOCO_OK) {
        const std::uint8_t *pixels = moco_image_pixels(made);
        out.pixels.assign(pixels, pixels + static_cast<std::ptrdiff_t>(3) * width * height);
    }
    return out;
}

// A comment at its end sends a file to libjpeg.
std::string commented(const std::string &file)
{
    return file.substr(0, file.size() - 2) + "\xFF\xFE\0\4hi"s + file.substr(file.size() - 2);
}

// A file of ten restart intervals, or of one.
std::string photograph(bool restarts, bool grey = false)
{
    synth_image image = synth_photo(31, 7, 3);
    image.width = 150;
    image.height = 160;
    image.subsampling = 2;
    image.restart = restarts ? 1 : 0;
    image.grey = grey ? 1 : 0;
    std::size_t size = 0;
    unsigned char *bytes = synth_jpeg(&size, &image);
    std::string file(reinterpret_cast<char *>(bytes), size);
    free(bytes);
    return file;
}

std::size_t place_of(const std::string &file, int marker, std::size_t from = 0)
{
    const std::size_t at = file.find(std::string{ '\xFF', static_cast<char>(marker) }, from);
    EXPECT_NE(at, std::string::npos) << marker;
    return at;
}

std::size_t data_of(const std::string &file)
{
    const std::size_t scan = place_of(file, 0xDA);
    return scan + 2 + static_cast<std::uint8_t>(file[scan + 3]);
}

void expect_libjpegs(const std::string &file, const char *what)
{
    const Decoded exact = decode(file, false);
    const Decoded ours = decode(file, true);
    const Decoded theirs = decode(commented(file), true);
    EXPECT_EQ(ours.status, exact.status) << what;
    EXPECT_EQ(ours.status, theirs.status) << what;
    EXPECT_TRUE(ours.pixels == theirs.pixels) << what;
}

TEST(JpegEntropy, LeavesRestartsThatAreOutOfOrder)
{
    const std::string file = photograph(true);
    std::string other = file;
    const std::size_t third = place_of(file, 0xD2);
    other[third + 1] = '\xD5';
    expect_libjpegs(other, "another number");
    other = file;
    expect_libjpegs(other.erase(third, 2), "a marker less");
    other = file;
    expect_libjpegs(other.erase(third, place_of(file, 0xD3) - third), "an interval less");
    other = file;
    expect_libjpegs(other.erase(third - 40, 40), "an interval cut short");
    other = file;
    expect_libjpegs(other.insert(third, "\xFF\xFF\xFF"), "fill bytes");
    other = photograph(false);
    expect_libjpegs(other.insert(data_of(other) + 100, "\xFF\xD0"), "a marker where there are no intervals");
    other = file;
    const std::size_t interval = place_of(file, 0xDD);
    other[interval + 5] = static_cast<char>(other[interval + 5] + 1);
    expect_libjpegs(other, "intervals of another length");
}

TEST(JpegEntropy, LeavesWhatEndsEarlyOrHoldsMore)
{
    const std::string file = photograph(false);
    const std::string end = file.substr(file.size() - 2);
    for (std::size_t kept = data_of(file); kept < file.size() - 2; kept += 61) {
        const std::string cut = file.substr(0, kept);
        EXPECT_EQ(decode(cut, true).status, decode(cut, false).status) << kept;
        expect_libjpegs(file.substr(0, kept) + end, "an end too early");
    }
    const std::size_t tables = place_of(file, 0xC4);
    const std::string again = file.substr(tables, place_of(file, 0xDA) - tables);
    std::string other = file;
    expect_libjpegs(other.insert(file.size() - 300, again), "tables within the data");
    const std::size_t frame = place_of(file, 0xC0);
    other = file;
    expect_libjpegs(other.insert(frame, file.substr(frame, 19)), "a second frame");
}

TEST(JpegEntropy, LeavesTablesThatCannotBe)
{
    const std::string file = photograph(false);
    const std::size_t counts = place_of(file, 0xC4) + 5; // of the standard table of means
    std::string other = file;
    ASSERT_EQ(other[counts + 8], 1); // codes of nine bits
    other[counts + 7] = static_cast<char>(other[counts + 7] + 1);
    other[counts + 8] = 0; // so one of eight is 11111111
    expect_libjpegs(other, "a code of ones alone");
    EXPECT_EQ(decode(other, true).status, MOCO_EFORMAT);
    other = file;
    other[counts + 16 + 3] = 16; // of so many bits no mean's difference is
    expect_libjpegs(other, "a symbol of 16 bits");
    const std::size_t scan = place_of(file, 0xDA);
    for (const char numbers : { '\x03', '\x30', '\x44', '\xFF' }) {
        other = file;
        other[scan + 6] = numbers;
        expect_libjpegs(other, "a table that is not there");
    }
    for (const char number : { '\2', '\3', '\4', '\x7F', '\xFF' }) {
        other = file;
        other[place_of(file, 0xC0) + 12] = number;
        expect_libjpegs(other, "a quantisation table that is not there");
    }
}

TEST(JpegEntropy, LeavesSamplingsOfOtherKinds)
{
    const std::string file = photograph(false);
    const std::size_t frame = place_of(file, 0xC0);
    for (const char first : { '\0', '\x11', '\x12', '\x21', '\x22', '\x41', '\x14', '\x44', '\x24', '\x7F' }) {
        for (const char second : { '\0', '\x11', '\x12', '\x21', '\x22', '\xFF' }) {
            std::string other = file;
            other[frame + 11] = first;
            other[frame + 14] = second;
            const Decoded ours = decode(other, true);
            EXPECT_EQ(ours.status, decode(other, false).status) << int{ first } << " " << int{ second };
            EXPECT_EQ(ours.status, decode(commented(other), true).status) << int{ first } << " " << int{ second };
        }
    }
    std::string grey = photograph(false, true);
    grey[place_of(grey, 0xC0) + 11] = '\x22'; // which means nothing for one component
    expect_libjpegs(grey, "grey in units of 2 x 2");
}

TEST(JpegEntropy, TakesUnusualFilesInGoodOrder)
{
    const std::string file = photograph(true);
    const Decoded expected = decode(file, true);
    ASSERT_EQ(expected.status, MOCO_OK) << moco_error_message();
    std::string other = file;
    other[place_of(file, 0xC0) + 1] = '\xC1';
    EXPECT_TRUE(decode(other, true).pixels == expected.pixels) << "extended";
    // The first quantisation table in 16 bits.
    const std::size_t table = place_of(file, 0xDB);
    ASSERT_EQ(file.substr(table + 2, 3), "\0\x43\0"s);
    std::string wide = "\xFF\xDB\0\x83\x10"s;
    for (std::size_t i = 0; i < 64; ++i) {
        wide += "\0"s + file[table + 5 + i];
    }
    other = file;
    EXPECT_TRUE(decode(other.replace(table, 69, wide), true).pixels == expected.pixels) << "16 bits";
    EXPECT_TRUE(decode(file + "more", true).pixels == expected.pixels) << "behind the end";
}

TEST(JpegEntropy, LeavesHugeSizesToLibjpeg)
{
    const std::string file = photograph(false);
    const std::size_t frame = place_of(file, 0xC0);
    const struct {
        const char *size;
        const char *what;
    } cases[] = { { "\x10\0\x10\0", "4096 x 4096" },
                  { "\xFF\xFF\xFF\xFF", "65535 x 65535" },
                  { "\0\0\0\x10", "none" } };
    for (const auto &at : cases) {
        std::string other = file;
        other.replace(frame + 5, 4, at.size, 4);
        expect_libjpegs(other, at.what);
    }
}

// Differences of means of 15 bits, which add up to more than 32 bits.
TEST(JpegEntropy, LeavesMeansThatGrowWithoutEnd)
{
    std::string file =
        "\xFF\xD8\xFF\xDB\0\x43\0"s + std::string(64, '\1') + "\xFF\xC0\0\x0B\x08\0\x50\xFF\xD8\1\1\x11\0"s;
    for (const char *table : { "\0\x0F", "\x10\0" }) { // of one code, 0: 15 bits follow, and end of block
        file += "\xFF\xC4\0\x14"s + table[0] + "\1"s + std::string(15, '\0') + table[1];
    }
    file += "\xFF\xDA\0\x08\1\1\0\0\x3F\0"s;
    unsigned bits = 0;
    int count = 0;
    for (int i = 0; i < 17 * 8187 * 10 + 2; ++i) {
        const bool bit = i % 17 != 0 && i % 17 != 16;
        bits = bits << 1U | (bit ? 1U : 0U);
        if (++count == 8) {
            file += static_cast<char>(bits);
            file += (bits & 255U) == 255U ? "\0"s : ""s;
            count = 0;
        }
    }
    expect_libjpegs(file + "\xFF\xD9", "means");
}

} // namespace
