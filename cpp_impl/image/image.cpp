// Changes the form of an image's pixels: interleaved, planes, or luma and chroma.
#include "image/image.hpp"

#include "image/decoders.hpp"
#include "image/pixel_kernels.hpp"

#include <algorithm>

namespace {

// Returns the largest factor of the decoder that is at most @p most.
int decoder_reduction(std::int32_t most)
{
    return most >= 8 ? 8 : most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

} // namespace

void moco::check_box(const char *function, const moco_image &source, const moco_box &box)
{
    if (box.height < 1 || box.width < 1 || !holds({ 0, 0, source.height, source.width }, box)) {
        throw Error(MOCO_EINVALID, std::string(function) + ": box (top " + std::to_string(box.top) + ", left " +
                                       std::to_string(box.left) + ", " + std::to_string(box.height) + " x " +
                                       std::to_string(box.width) + ") is not within the " +
                                       std::to_string(source.height) + " x " + std::to_string(source.width) +
                                       " pixels of the source");
    }
}

void moco_image::load(const moco_box &part) const
{
    if (in_ycc_) {
        leave_ycc();
    }
    if (planar_) {
        (void)rgb();
    }
    if (!moco::holds(part_, part)) { // only an image that is a file lacks a part
        part_ = {};
        moco::Pixels out{ .bytes = pixels_ };
        part_ = moco::decode_jpeg(out, part, file_.data(), file_size_, name_.c_str());
    }
}

const std::uint8_t *moco_image::loaded(std::int32_t top, std::int32_t left) const noexcept
{
    return pixels_.data() + static_cast<std::size_t>(top - part_.top) * loaded_stride() +
           static_cast<std::size_t>(left - part_.left) * 3;
}

std::uint8_t *moco_image::rgb() const
{
    if (!planar_ || in_ycc_) {
        load({ 0, 0, height, width });
    } else {
        const moco::Planes from = planes();
        moco::pixel_kernels().join(spare_.grow(count()), from.plane, area());
        pixels_.swap(spare_);
        planar_ = false;
    }
    return pixels_.data();
}

moco::Planes moco_image::planes_either_way() const
{
    if (!planar_ || in_ycc_) {
        const std::uint8_t *from = rgb();
        const moco::Planes to(spare_.grow(count()), area());
        moco::pixel_kernels().split(to.plane, from, area());
        pixels_.swap(spare_);
        planar_ = true;
    }
    return { pixels_.data(), area() };
}

moco::Planes moco_image::planes() const
{
    const moco::Planes all = planes_either_way();
    if (mirrored_) {
        std::uint8_t *line = all.plane[0];
        for (std::size_t i = 0; i < static_cast<std::size_t>(height) * 3; ++i, line += width) {
            std::reverse(line, line + width);
        }
        mirrored_ = false;
    }
    return all;
}

void moco_image::mirror()
{
    (void)planes_either_way();
    mirrored_ = !mirrored_;
}

void moco_image::give_rgb(std::int32_t new_width, std::int32_t new_height) noexcept
{
    pixels_.swap(spare_);
    hold_rgb(new_width, new_height);
}

void moco_image::hold_rgb(std::int32_t new_width, std::int32_t new_height) noexcept
{
    width = new_width;
    height = new_height;
    part_ = { 0, 0, new_height, new_width };
    planar_ = false;
    mirrored_ = false;
    in_ycc_ = false;
    in_bands_ = false;
}

void moco_image::give_bands() noexcept
{
    bands_.swap(spare_bands_);
    hold_rgb(bands_.width, bands_.height);
    in_bands_ = true;
}

void moco_image::expect_rgb(const char *name) const
{
    if (wanted != 3 && wanted != 1) {
        moco::refuse_band_count(3, wanted, name);
    }
}

void moco_image::settle()
{
    if (wanted != 3) {
        moco::bands_from_rgb(spare_bands_, rgb(), width, height, wanted, "");
        give_bands();
    }
}

void moco_image::give_planes(std::int32_t new_width, std::int32_t new_height) noexcept
{
    give_rgb(new_width, new_height);
    planar_ = true;
}

void moco_image::give_file(std::int32_t new_width, std::int32_t new_height, moco::Bytes &file, std::size_t size,
                           const char *name)
{
    name_ = name;
    file_.swap(file);
    file_size_ = size;
    hold_rgb(new_width, new_height);
    part_ = {};
}

// ---- Luma and chroma ----

// Goes back to RGB. A part of a picture is unchanged from its file, and will be decoded again.
void moco_image::leave_ycc() const
{
    in_ycc_ = false;
    planar_ = false;
    part_ = {};
    if (ycc_.standard) {
        moco::ycc_to_rgb(spare_.grow(count()), ycc_);
        pixels_.swap(spare_);
        part_ = { 0, 0, height, width };
    }
}

// Decodes the file; returns false if the file does not hold luma and chroma.
bool moco_image::decode_ycc(const moco_box &part, int reduction) const
{
    moco::Pixels out{ .bytes = pixels_ };
    moco::Ycc made;
    part_ = {};
    in_ycc_ = false;
    const moco_box got = moco::decode_jpeg_planes(out, made, part, reduction, file_.data(), file_size_, name_.c_str());
    if (got == moco_box{}) {
        return false;
    }
    part_ = got;
    ycc_ = made;
    reduction_ = reduction;
    return true;
}

// Converts the RGB pixels of the part that is decoded.
void moco_image::convert_to_ycc() const
{
    const auto area = static_cast<std::size_t>(part_.width) * static_cast<std::size_t>(part_.height);
    if (planar_) {
        (void)planes(); // upright
    } else {
        moco::pixel_kernels().split(moco::Planes(spare_.grow(3 * area), area).plane, pixels_.data(), area);
        pixels_.swap(spare_);
    }
    moco::pixel_kernels().to_ycc(moco::Planes(pixels_.data(), area).plane, area);
    ycc_ = moco::ycc_layout(pixels_.data(), part_.width, part_.height, false, false);
    for (moco::Plane &plane : ycc_.plane) {
        plane.top = part_.top;
        plane.left = part_.left;
    }
    ycc_.standard = part_ == moco_box{ 0, 0, height, width };
    reduction_ = 1;
}

const moco::Ycc &moco_image::ycc(const moco_box &part, std::int32_t most_reduced) const
{
    const int reduction = decoder_reduction(most_reduced);
    if (in_ycc_ && moco::holds(part_, part) && reduction_ <= reduction) {
        return ycc_;
    }
    if (in_ycc_ || !moco::holds(part_, part)) { // only an image that is a file lacks a part
        in_ycc_ = decode_ycc(part, reduction);
        if (in_ycc_) {
            return ycc_;
        }
        load(part);
    }
    convert_to_ycc();
    in_ycc_ = true;
    planar_ = false;
    return ycc_;
}

moco::Ycc *moco_image::fast_form() const
{
    if (!fast || width == 0) {
        return nullptr;
    }
    const moco_box all = { 0, 0, height, width };
    const moco::Ycc &held = ycc(all, 1);
    if (!held.standard) {
        const bool halved = moco::ycc_halves(held);
        std::uint8_t *to = spare_.grow(moco::ycc_size(width, height, held.grey, halved));
        const moco::Ycc made = moco::ycc_layout(to, width, height, held.grey, halved);
        moco::ycc_resize(made, held, all, height, width); // no colour change is recorded before the standard form
        pixels_.swap(spare_);
        ycc_ = made;
    }
    return &ycc_;
}

void moco_image::give_ycc(std::int32_t new_width, std::int32_t new_height, const moco::Ycc &ycc) noexcept
{
    give_rgb(new_width, new_height);
    ycc_ = ycc;
    in_ycc_ = true;
    reduction_ = 1;
}
