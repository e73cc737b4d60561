// Colours and blur of pictures in luma and chroma.
#include "image.hpp"

#include "pixel_kernels.hpp"

#include <cmath>
#include <numbers>

namespace {

using Matrix = float[2][2];

void scale_chroma(moco::Ycc &ycc, double factor) noexcept
{
    for (auto &row : ycc.chroma) {
        for (float &value : row) {
            value *= static_cast<float>(factor);
        }
    }
}

// The mean of luma as it is noted to become.
double mean_luma(const moco::Ycc &ycc)
{
    const moco::Plane &luma = ycc.plane[0];
    const std::size_t area = luma.stride * static_cast<std::size_t>(luma.height);
    const auto sum = static_cast<double>(moco::pixel_kernels().sum_bytes(luma.data, area));
    return ycc.gain * (sum / static_cast<double>(area)) + ycc.offset;
}

// The Gaussian's weights of a distance of 0, 1 and so on, which add up to 256 over both sides; returns the radius.
std::int32_t gaussian(std::uint16_t weights[moco::fast_blur_radius + 1], double sigma)
{
    double exact[moco::fast_blur_radius + 1];
    double sum = 0.0;
    for (std::int32_t i = 0; i <= moco::fast_blur_radius; ++i) {
        exact[i] = std::exp(-0.5 * i * i / (sigma * sigma));
        sum += i == 0 ? exact[i] : 2.0 * exact[i];
    }
    std::int32_t radius = 0;
    weights[0] = 256;
    for (std::int32_t i = 1; i <= moco::fast_blur_radius; ++i) {
        weights[i] = static_cast<std::uint16_t>(256.0 * exact[i] / sum + 0.5);
        weights[0] = static_cast<std::uint16_t>(weights[0] - 2 * weights[i]);
        radius = weights[i] > 0 ? i : radius;
    }
    return radius;
}

// Up to here the weights of a Gaussian end within the widest filter.
constexpr double max_sigma = moco::fast_blur_radius / 2.7;

void blur_plane(const moco::Plane &plane, double sigma)
{
    thread_local moco::Bytes turned;
    thread_local moco::Bytes other;
    std::uint16_t weights[moco::fast_blur_radius + 1];
    const std::int32_t radius = gaussian(weights, sigma);
    if (radius == 0) {
        return;
    }
    const moco::PixelKernels &kernels = moco::pixel_kernels();
    const auto width = static_cast<std::size_t>(plane.width);
    const auto height = static_cast<std::size_t>(plane.height);
    turned.grow(width * height);
    other.grow(width * height);
    kernels.blur_rows_fast(other.data(), plane.data, width, height, weights, radius);
    kernels.transpose(turned.data(), height, other.data(), width, height, width);
    kernels.blur_rows_fast(other.data(), turned.data(), height, width, weights, radius);
    kernels.transpose(plane.data, width, other.data(), height, width, height);
}

} // namespace

void moco::ycc_blur(Ycc &ycc, double sigma)
{
    for (int c = 0; c < (ycc.colourless() ? 1 : 3); ++c) {
        const Plane &plane = ycc.plane[c];
        const double samples = sigma * plane.across;
        if (samples <= max_sigma) {
            blur_plane(plane, samples);
        } else {
            blur_planes(plane.data, 1, static_cast<std::size_t>(plane.width), static_cast<std::size_t>(plane.height),
                        samples);
        }
    }
}

void moco::ycc_brightness(Ycc &ycc, double factor) noexcept
{
    ycc.gain *= static_cast<float>(factor);
    ycc.offset *= static_cast<float>(factor);
    scale_chroma(ycc, factor);
}

void moco::ycc_contrast(Ycc &ycc, double factor)
{
    const double mean = mean_luma(ycc);
    ycc_brightness(ycc, factor);
    ycc.offset += static_cast<float>((1.0 - factor) * mean);
}

void moco::ycc_saturation(Ycc &ycc, double factor) noexcept
{
    scale_chroma(ycc, factor);
}

// A turn of the plane in which colours lie at their hue's angle: alpha = R - (G + B) / 2, beta = (G - B) x sqrt(3) / 2.
void moco::ycc_hue(Ycc &ycc, double factor) noexcept
{
    // Alpha and beta from blue and red.
    constexpr double a = -0.713932;
    constexpr double b = 1.759068;
    constexpr double c = -1.832635;
    constexpr double d = -0.618462;
    constexpr double area = a * d - b * c;
    const double angle = 2.0 * std::numbers::pi * factor;
    const double cosine = std::cos(angle);
    const double sine = std::sin(angle);
    const double turned[2][2] = { { cosine * a - sine * c, cosine * b - sine * d },
                                  { sine * a + cosine * c, sine * b + cosine * d } };
    const Matrix before = { { ycc.chroma[0][0], ycc.chroma[0][1] }, { ycc.chroma[1][0], ycc.chroma[1][1] } };
    for (int i = 0; i < 2; ++i) {
        const double row[2] = { ((i == 0 ? d : -c) * turned[0][0] + (i == 0 ? -b : a) * turned[1][0]) / area,
                                ((i == 0 ? d : -c) * turned[0][1] + (i == 0 ? -b : a) * turned[1][1]) / area };
        for (int j = 0; j < 2; ++j) {
            ycc.chroma[i][j] = static_cast<float>(row[0] * before[0][j] + row[1] * before[1][j]);
        }
    }
}

void moco::ycc_grey(Ycc &ycc) noexcept
{
    scale_chroma(ycc, 0.0);
}
