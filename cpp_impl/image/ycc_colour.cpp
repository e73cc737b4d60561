// Changes the colours of pictures in luma and chroma, and blurs them.
#include "image/blur.hpp"
#include "image/pixel_kernels.hpp"
#include "image/pixels.hpp"
#include "image/ycc.hpp"

#include <cmath>
#include <numbers>

namespace {

void scale(float row[3], double factor) noexcept
{
    for (int i = 0; i < 3; ++i) {
        row[i] *= static_cast<float>(factor);
    }
}

double mean_of(const moco::Plane &plane)
{
    const std::size_t area = plane.stride * static_cast<std::size_t>(plane.height);
    return static_cast<double>(moco::pixel_kernels().sum_bytes(plane.data, area)) / static_cast<double>(area);
}

// Returns the mean of luma after the recorded changes.
double mean_luma(const moco::Ycc &ycc)
{
    double mean = ycc.matrix[0][0] * mean_of(ycc.plane[0]) + ycc.offset;
    for (int c = 1; c < 3; ++c) {
        if (!ycc.grey && ycc.matrix[0][c] != 0.0F) {
            mean += ycc.matrix[0][c] * (mean_of(ycc.plane[c]) - 128.0);
        }
    }
    return mean;
}

// Computes the weights of a Gaussian for distances 0, 1, ...; over both sides they add up to 256. Returns the radius.
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

// Up to this sigma the weights of a Gaussian end within the largest radius.
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
    ycc.offset *= static_cast<float>(factor);
    for (auto &row : ycc.matrix) {
        scale(row, factor);
    }
}

void moco::ycc_contrast(Ycc &ycc, double factor)
{
    const double mean = mean_luma(ycc);
    ycc_brightness(ycc, factor);
    ycc.offset += static_cast<float>((1.0 - factor) * mean);
}

void moco::ycc_saturation(Ycc &ycc, double factor) noexcept
{
    scale(ycc.matrix[1], factor);
    scale(ycc.matrix[2], factor);
}

// Turns the plane of alpha = R - (G + B) / 2 and beta = (G - B) x sqrt(3) / 2, in which the angle of a colour is its
// hue; R + G + B stays unchanged.
void moco::ycc_hue(Ycc &ycc, double factor) noexcept
{
    // From blue and red: alpha, beta, and a third of R + G + B - 3 x luma.
    constexpr double alpha[2] = { -0.713932, 1.759068 };
    constexpr double beta[2] = { -1.832635, -0.618462 };
    constexpr double mean[2] = { 0.475955, 0.229288 };
    constexpr double area = alpha[0] * beta[1] - alpha[1] * beta[0];
    const double cosine = std::cos(2.0 * std::numbers::pi * factor);
    const double sine = std::sin(2.0 * std::numbers::pi * factor);
    for (int i = 0; i < 3; ++i) {
        const double blue = ycc.matrix[1][i];
        const double red = ycc.matrix[2][i];
        const double a = alpha[0] * blue + alpha[1] * red;
        const double b = beta[0] * blue + beta[1] * red;
        const double turned_a = cosine * a - sine * b;
        const double turned_b = sine * a + cosine * b;
        const double new_blue = (beta[1] * turned_a - alpha[1] * turned_b) / area;
        const double new_red = (alpha[0] * turned_b - beta[0] * turned_a) / area;
        ycc.matrix[0][i] += static_cast<float>(mean[0] * (blue - new_blue) + mean[1] * (red - new_red));
        ycc.matrix[1][i] = static_cast<float>(new_blue);
        ycc.matrix[2][i] = static_cast<float>(new_red);
    }
}

void moco::ycc_grey(Ycc &ycc) noexcept
{
    scale(ycc.matrix[1], 0.0);
    scale(ycc.matrix[2], 0.0);
}
