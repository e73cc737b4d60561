// Draws small images of four classes, by callbacks: the class is the bright quadrant.
#pragma once

#include <moco.h>

#include <array>

namespace moco_test {

constexpr int kToySide = 12;

inline moco_status toy_read(moco_image *image, size_t index, void * /*payload*/)
{
    std::array<uint8_t, static_cast<size_t>(kToySide * kToySide)> pixels{};
    const size_t label = index % 4;
    for (int y = 0; y < kToySide; ++y) {
        for (int x = 0; x < kToySide; ++x) {
            const size_t quadrant = static_cast<size_t>(2 * (y / (kToySide / 2)) + x / (kToySide / 2));
            const auto noise = static_cast<unsigned>((index * 31 + static_cast<size_t>(x * 7 + y * 13)) % 50);
            pixels[static_cast<size_t>(y * kToySide + x)] =
                static_cast<uint8_t>(quadrant == label ? 180 + noise : noise);
        }
    }
    return moco_image_set(image, MOCO_FRAME_GREY, kToySide, kToySide, 0, pixels.data());
}

inline int64_t toy_label(size_t index, void * /*payload*/)
{
    return static_cast<int64_t>(index % 4);
}

inline moco_dataset *toy_dataset(size_t count, bool labels = true)
{
    moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
    callbacks.read = toy_read;
    callbacks.label = labels ? toy_label : nullptr;
    moco_dataset *dataset = nullptr;
    EXPECT_EQ(moco_dataset_from_callbacks(&dataset, count, labels ? 4 : 0, &callbacks, nullptr), MOCO_OK)
        << moco_error_message();
    return dataset;
}

// Features of these images, unchanged; the options give the rest.
inline moco_features *toy_features(const moco_dataset *dataset, moco_features_options options,
                                   moco_encoder *encoder = nullptr)
{
    moco_features *features = nullptr;
    options.augment = "plain";
    options.image_size = kToySide;
    EXPECT_EQ(moco_features_extract(&features, dataset, encoder, &options), MOCO_OK) << moco_error_message();
    return features;
}

} // namespace moco_test
