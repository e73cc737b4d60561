// Writes datasets of many images, made from the 200 of tests/data/fashion-mnist.
#pragma once

#include "support/temporary_folder.hpp"
#include "support/tests_folder.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace moco_test {

constexpr const char *fashion_images = "t10k-images-idx3-ubyte";
constexpr const char *fashion_labels = "t10k-labels-idx1-ubyte";

// The 200 images, unchanged.
inline std::filesystem::path fashion_folder()
{
    return std::filesystem::path(tests_folder()) / "data" / "fashion-mnist";
}

// The number of an IDX file's items, big-endian.
inline std::string idx_count(size_t count)
{
    std::string bytes(4, '\0');
    for (size_t i = 0; i < 4; ++i) {
        bytes[i] = static_cast<char>(count >> (24 - 8 * i));
    }
    return bytes;
}

// Writes `count` images and labels into a folder as IDX files. The 200 images repeat, each time shifted differently.
inline void write_fashion(const std::filesystem::path &folder, size_t count)
{
    constexpr size_t side = 28;
    const std::string images = read_file(fashion_folder() / fashion_images).substr(16);
    const std::string labels = read_file(fashion_folder() / fashion_labels).substr(8);
    std::string out_images = std::string("\0\0\x08\x03", 4) + idx_count(count) + idx_count(side) + idx_count(side);
    std::string out_labels = std::string("\0\0\x08\x01", 4) + idx_count(count);
    for (size_t i = 0; i < count; ++i) {
        const size_t round = i / labels.size();
        const size_t shift = round % side + side * (round / side % side);
        const std::string image = images.substr(i % labels.size() * side * side, side * side);
        out_images += image.substr(shift) + image.substr(0, shift);
        out_labels += labels[i % labels.size()];
    }
    write_file((folder / fashion_images).string(), out_images);
    write_file((folder / fashion_labels).string(), out_labels);
}

} // namespace moco_test
