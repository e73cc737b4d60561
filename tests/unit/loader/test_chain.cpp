// Tests that the complete augmentation of random JPEG files is bit-identical to that of Pillow and torchvision, in
// chain.txt, which tests/golden/make_chain.py wrote.
#include "support/all_tests.hpp"
#include "support/tests_folder.hpp"

#include <moco.h>

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "synth_jpeg.h"

namespace {

constexpr std::int32_t size = 224;

struct View {
    std::uint64_t number = 0;
    unsigned long file_crc = 0;
    moco_box box = {};
    std::string order;
    double factor[4] = {};
    bool grey = false;
    double sigma = 0;
    bool mirrored = false;
    unsigned long crc = 0;
};

std::vector<View> read_views()
{
    std::ifstream table(std::filesystem::path(moco_test::tests_folder()) / "golden/chain.txt");
    std::vector<View> views;
    for (std::string line; std::getline(table, line);) {
        std::istringstream fields(line);
        View view;
        if (line[0] != '#' && fields >> view.number >> view.file_crc >> view.box.top >> view.box.left >>
                                  view.box.height >> view.box.width >> view.order >> view.factor[0] >> view.factor[1] >>
                                  view.factor[2] >> view.factor[3] >> view.grey >> view.sigma >> view.mirrored >>
                                  view.crc) {
            views.push_back(view);
        }
    }
    return views;
}

moco_status augment(moco_image *out, const moco_image *source, const View &view)
{
    MOCO_TRY(moco_image_resized_crop(out, source, view.box, size, size));
    for (const char which : view.order) {
        if (which != '-') {
            const int index = which - '0';
            MOCO_TRY(moco_image_adjust(out, static_cast<moco_adjustment>(index), view.factor[index]));
        }
    }
    if (view.grey) {
        MOCO_TRY(moco_image_grayscale(out));
    }
    MOCO_TRY(moco_image_gaussian_blur(out, view.sigma));
    return view.mirrored ? moco_image_hflip(out) : MOCO_OK;
}

unsigned long crc_of(const void *data, std::size_t bytes)
{
    return crc32(0, static_cast<const Bytef *>(data), static_cast<uInt>(bytes));
}

// Reads a file's views from one decoding of what both of them take.
moco_status load(moco_image *source, const View &a, const View &b)
{
    const synth_image image = synth_photo(7, a.number, static_cast<int>(a.number % 10));
    std::size_t count = 0;
    unsigned char *file = synth_jpeg(&count, &image);
    EXPECT_EQ(crc_of(file, count), a.file_crc) << "this libjpeg writes other files than the golden's";
    const moco_status status = moco_image_decode(source, file, count, "synthetic");
    free(file);
    MOCO_TRY(status);
    const std::int32_t top = std::min(a.box.top, b.box.top);
    const std::int32_t left = std::min(a.box.left, b.box.left);
    const std::int32_t bottom = std::max(a.box.top + a.box.height, b.box.top + b.box.height);
    const std::int32_t right = std::max(a.box.left + a.box.width, b.box.left + b.box.width);
    return moco_image_load(source, { top, left, bottom - top, right - left }, 1);
}

TEST(Chain, EqualsTorchvisionToTheLastBit)
{
    const double mean[3] = { 0.485, 0.456, 0.406 };
    const double std[3] = { 0.229, 0.224, 0.225 };
    const auto views = read_views();
    ASSERT_EQ(views.size(), 440U);
    std::vector<float> values(std::size_t{ 3 } * size * size);
    moco_image *source = nullptr;
    moco_image *out = nullptr;
    ASSERT_EQ(moco_image_create(&source), MOCO_OK);
    ASSERT_EQ(moco_image_create(&out), MOCO_OK);
    moco_image_set_lazy(source, true);
    const std::size_t every = moco_test::all_tests() ? 2 : 8; // two views of an image follow one another
    for (std::size_t i = 0; i < views.size(); i += every) {
        ASSERT_EQ(load(source, views[i], views[i + 1]), MOCO_OK) << moco_error_message();
        for (const View &view : { views[i], views[i + 1] }) {
            ASSERT_EQ(augment(out, source, view), MOCO_OK) << moco_error_message();
            ASSERT_EQ(moco_image_store(values.data(), MOCO_FLOAT32, out, mean, std, MOCO_NCHW), MOCO_OK);
            EXPECT_EQ(crc_of(values.data(), values.size() * sizeof(float)), view.crc)
                << "file " << view.number << ", " << view.box.height << " x " << view.box.width << ", order "
                << view.order << ", sigma " << view.sigma;
        }
    }
    moco_image_free(source);
    moco_image_free(out);
}

} // namespace
