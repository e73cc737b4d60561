// Looks at the content of small datasets.
#pragma once

#include <moco.h>

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace moco_test {

using Dataset = std::unique_ptr<moco_dataset, decltype(&moco_dataset_free)>;
using Content = std::vector<std::pair<int, int64_t>>;

// The red value of an image's first pixel; -1 if it cannot be read.
inline int red_of(const moco_dataset *dataset, size_t index)
{
    moco_image *image = nullptr;
    EXPECT_EQ(moco_image_create(&image), MOCO_OK);
    EXPECT_EQ(moco_dataset_read(dataset, image, index), MOCO_OK) << moco_error_message();
    const int red = moco_image_width(image) > 0 ? moco_image_pixels(image)[0] : -1;
    moco_image_free(image);
    return red;
}

// Red values of all images and their labels, in order.
inline Content content(const Dataset &dataset)
{
    Content out;
    for (size_t i = 0; dataset != nullptr && i < moco_dataset_count(dataset.get()); ++i) {
        out.emplace_back(red_of(dataset.get(), i), moco_dataset_label(dataset.get(), i));
    }
    return out;
}

} // namespace moco_test
