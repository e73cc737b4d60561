// Decodes JPEG files to the planes of luma and chroma that they hold: without upsampling or converting colours, and at
// a fraction of the size if the picture is to become much smaller.
#include "image/jpeg_planes.hpp"

#include "image/image_box.hpp"

#include <algorithm>

namespace {

constexpr int most_rows = 4 * DCTSIZE; // rows of one component that are read at once

// Whether the planes can be used without further conversion. Factors that do not divide the largest one are left to
// decoding to RGB, which refuses them.
bool holds_planes(const jpeg_decompress_struct &jpeg)
{
    for (int c = 0; c < jpeg.num_components; ++c) {
        const jpeg_component_info &component = jpeg.comp_info[c];
        if (jpeg.max_h_samp_factor % component.h_samp_factor != 0 ||
            jpeg.max_v_samp_factor % component.v_samp_factor != 0) {
            return false;
        }
    }
    if (jpeg.num_components == 1) {
        return true;
    }
    if (jpeg.num_components != 3 || jpeg.jpeg_color_space != JCS_YCbCr) {
        return false;
    }
    const jpeg_component_info *component = jpeg.comp_info;
    return component[0].h_samp_factor == jpeg.max_h_samp_factor && component[0].v_samp_factor == jpeg.max_v_samp_factor;
}

// Returns the number of rows of a component in a unit.
int step_of(const jpeg_component_info &component)
{
    return component.v_samp_factor * component.DCT_scaled_size;
}

std::size_t stride_of(const jpeg_decompress_struct &jpeg, const jpeg_component_info &component)
{
    const auto across = static_cast<std::size_t>(jpeg.max_h_samp_factor) * DCTSIZE;
    const std::size_t units = (jpeg.image_width + across - 1) / across;
    return units * static_cast<std::size_t>(component.h_samp_factor * component.DCT_scaled_size);
}

// Lays out planes for @p count units of rows from unit @p first on. No exception may cross a longjmp.
bool lay_out(moco::JpegReader &reader, std::int32_t first, std::int32_t count) noexcept
{
    const jpeg_decompress_struct &jpeg = reader.jpeg;
    moco::Ycc &ycc = *reader.ycc;
    std::size_t sizes[3] = {};
    std::size_t all = 0;
    for (int c = 0; c < jpeg.num_components; ++c) {
        const jpeg_component_info &component = jpeg.comp_info[c];
        sizes[c] = stride_of(jpeg, component) * static_cast<std::size_t>(count * step_of(component));
        all += sizes[c];
    }
    std::uint8_t *bytes = nullptr;
    try {
        bytes = reader.out->bytes.grow(all);
    } catch (const std::exception &) {
        return false;
    }
    ycc = {};
    ycc.grey = jpeg.num_components == 1;
    for (int c = 0; c < jpeg.num_components; ++c) {
        const jpeg_component_info &component = jpeg.comp_info[c];
        moco::Plane &plane = ycc.plane[c];
        plane.data = bytes;
        plane.stride = stride_of(jpeg, component);
        plane.across = static_cast<double>(component.h_samp_factor * component.DCT_scaled_size) /
                       (jpeg.max_h_samp_factor * DCTSIZE);
        plane.down = static_cast<double>(step_of(component)) / (jpeg.max_v_samp_factor * DCTSIZE);
        plane.top = first * step_of(component);
        plane.width = static_cast<std::int32_t>(component.downsampled_width);
        plane.height =
            std::min(count * step_of(component), static_cast<std::int32_t>(component.downsampled_height) - plane.top);
        bytes += sizes[c];
    }
    return true;
}

// Reads a unit of rows into the planes, which start at unit @p first; skips it if it is above them.
bool read_unit(moco::JpegReader &reader, std::int32_t unit, std::int32_t first)
{
    jpeg_decompress_struct &jpeg = reader.jpeg;
    JSAMPROW rows[3][most_rows];
    JSAMPARRAY planes[3] = { rows[0], rows[1], rows[2] };
    for (int c = 0; c < jpeg.num_components; ++c) {
        const moco::Plane &plane = reader.ycc->plane[c];
        const std::int32_t step = step_of(jpeg.comp_info[c]);
        const std::int32_t above = std::max(unit - first, 0) * step;
        jpeg.comp_info[c].component_needed =
            unit >= first ? TRUE : FALSE; // if not, libjpeg does not transform the blocks
        for (std::int32_t y = 0; y < step; ++y) {
            rows[c][y] = plane.data + static_cast<std::size_t>(above + y) * plane.stride;
        }
    }
    const auto lines = static_cast<JDIMENSION>(jpeg.max_v_samp_factor * jpeg.min_DCT_scaled_size);
    return jpeg_read_raw_data(&jpeg, planes, lines) == lines;
}

} // namespace

moco::JpegOutcome moco::jpeg_read_planes(JpegReader &reader)
{
    jpeg_decompress_struct &jpeg = reader.jpeg;
    if (!holds_planes(jpeg)) {
        reader.refused = true;
        return JpegOutcome::whole;
    }
    const bool partly = jpeg_can_crop(jpeg);
    const std::int32_t height = jpeg.max_v_samp_factor * DCTSIZE; // pixels
    const moco_box all = { 0, 0, reader.out->height, reader.out->width };
    const moco_box part = reader.part != moco_box{} ? reader.part : all;
    const std::int32_t first = part.top / height;
    const std::int32_t end = ((partly ? part.top + part.height : all.height) + height - 1) / height;
    reader.part = { first * height, 0, std::min(end * height, all.height) - first * height, all.width };
    jpeg.raw_data_out = TRUE;
    jpeg.out_color_space = jpeg.jpeg_color_space;
    jpeg.scale_num = 1;
    jpeg.scale_denom = static_cast<unsigned>(reader.reduction);
    if (jpeg_start_decompress(&jpeg) == FALSE) {
        return JpegOutcome::truncated;
    }
    if (!lay_out(reader, first, end - first)) {
        return JpegOutcome::no_memory;
    }
    for (std::int32_t at = 0; at < end; ++at) {
        if (!read_unit(reader, at, first)) {
            return JpegOutcome::truncated;
        }
    }
    if (!partly) {
        (void)jpeg_finish_decompress(&jpeg); // finds damage after the last row, as decoding to RGB does
    }
    return JpegOutcome::whole;
}
