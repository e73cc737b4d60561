// Fuzzes the JPEG decoder: any bytes must become a picture or an error, and a part of a file must have the pixels of
// the complete file.
#include <moco.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

void require(bool condition, const char *what)
{
    if (!condition) {
        (void)std::fprintf(stderr, "fuzz_jpeg: %s: %s\n", what, moco_error_message());
        std::abort();
    }
}

moco_image *new_image(bool lazy)
{
    moco_image *image = nullptr;
    require(moco_image_create(&image) == MOCO_OK, "no image");
    moco_image_set_lazy(image, lazy);
    return image;
}

// A box within the image that follows from the file's bytes.
moco_box box_of(std::uint32_t seed, std::int32_t image_height, std::int32_t image_width)
{
    moco_box box = {};
    box.top = static_cast<std::int32_t>(seed % static_cast<std::uint32_t>(image_height));
    box.left = static_cast<std::int32_t>((seed >> 8U) % static_cast<std::uint32_t>(image_width));
    box.height = 1 + static_cast<std::int32_t>((seed >> 16U) % static_cast<std::uint32_t>(image_height - box.top));
    box.width = 1 + static_cast<std::int32_t>((seed >> 4U) % static_cast<std::uint32_t>(image_width - box.left));
    return box;
}

// The same rows of both images.
void compare(const moco_image *whole, const moco_image *part, const moco_box &box)
{
    static moco_image *a = new_image(false);
    static moco_image *b = new_image(false);
    require(moco_image_crop(a, whole, box) == MOCO_OK, "crop of the whole");
    require(moco_image_crop(b, part, box) == MOCO_OK, "crop of the part");
    const auto count = static_cast<std::size_t>(box.height) * static_cast<std::size_t>(box.width) * 3;
    require(std::memcmp(moco_image_pixels(a), moco_image_pixels(b), count) == 0, "the part differs");
}

// The same in luma and chroma: whatever the data, it is decoded or refused as the exact one, and resized.
void try_fast(const std::uint8_t *data, std::size_t size, const moco_box &box, moco_status expected)
{
    static moco_image *fast = new_image(true);
    static moco_image *view = new_image(false);
    moco_image_set_fast(fast, true);
    moco_image_set_fast(view, true);
    require(moco_image_decode(fast, data, size, "input") == MOCO_OK, "the header is refused");
    const std::int32_t reduction = 1 << (size % 4);
    const moco_status status = moco_image_load(fast, box, reduction);
    require(status == expected, "the status of fast decoding differs");
    if (status == MOCO_OK) {
        require(moco_image_resized_crop(view, fast, box, 13, 17) == MOCO_OK, "fast resize");
        require(moco_image_pixels(view) != nullptr, "pixels");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static moco_image *whole = new_image(false);
    static moco_image *lazy = new_image(true);
    if (size < 3 || std::memcmp(data, "\xFF\xD8\xFF", 3) != 0) {
        return 0; // of another format: libtiff would take most of the time
    }
    constexpr std::int64_t most_pixels = 1 << 20; // larger ones cost time and show nothing new
    if (moco_image_decode(lazy, data, size, "input") != MOCO_OK) {
        require(moco_image_decode(whole, data, size, "input") != MOCO_OK, "only the header is refused");
        return 0;
    }
    const std::int32_t width = moco_image_width(lazy);
    const std::int32_t height = moco_image_height(lazy);
    if (std::int64_t{ width } * height > most_pixels) {
        return 0;
    }
    std::uint32_t seed = 2166136261U;
    for (std::size_t i = 0; i < size; ++i) {
        seed = (seed ^ data[i]) * 16777619U;
    }
    const moco_box box = box_of(seed, height, width);
    const moco_status status = moco_image_decode(whole, data, size, "input");
    require(moco_image_load(lazy, box, 1) == status, "the part's status differs");
    if (status == MOCO_OK) {
        compare(whole, lazy, box);
    }
    try_fast(data, size, box, status);
    return 0;
}
