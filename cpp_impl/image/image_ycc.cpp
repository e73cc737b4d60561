// How an image comes to luma and chroma, and leaves them again.
#include "image/image.hpp"

#include "image/pixel_kernels.hpp"

namespace {

// The largest factor that decoders know which is not above another.
int decoder_reduction(std::int32_t most)
{
    return most >= 8 ? 8 : most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

} // namespace

// Back to RGB. What is not the whole picture came from a file, unchanged, and is left to be decoded again.
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

// Decodes the file; false where it is none that holds luma and chroma.
bool moco_image::decode_ycc(const moco::Part &part, int reduction) const
{
    moco::Pixels out{ .bytes = pixels_ };
    moco::Ycc made;
    part_ = {};
    in_ycc_ = false;
    const moco::Part got =
        moco::decode_jpeg_planes(out, made, part, reduction, file_.data(), file_size_, name_.c_str());
    if (got == moco::Part{}) {
        return false;
    }
    part_ = got;
    ycc_ = made;
    reduction_ = reduction;
    return true;
}

// From the RGB pixels of the part that is there.
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
    ycc_.standard = part_ == moco::Part{ 0, 0, height, width };
    reduction_ = 1;
}

const moco::Ycc &moco_image::ycc(const moco::Part &part, std::int32_t most_reduced) const
{
    const int reduction = decoder_reduction(most_reduced);
    if (in_ycc_ && part_.holds(part) && reduction_ <= reduction) {
        return ycc_;
    }
    if (in_ycc_ || !part_.holds(part)) { // only a file's picture lacks a part
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
    const moco::Part all = { 0, 0, height, width };
    const moco::Ycc &held = ycc(all, 1);
    if (!held.standard) {
        const bool halved = moco::ycc_halves(held);
        std::uint8_t *to = spare_.grow(moco::ycc_size(width, height, held.grey, halved));
        const moco::Ycc made = moco::ycc_layout(to, width, height, held.grey, halved);
        moco::ycc_resize(made, held, all, height, width); // nothing is noted of what is not standard
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

void moco_image_set_fast(moco_image *image, bool fast)
{
    if (image != nullptr) {
        image->fast = fast;
    }
}
