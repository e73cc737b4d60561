// Compares the parts of t-SNE with plain loops, and looks at a map of clusters.
#include "support/temporary_folder.hpp"
#include "support/tensor_values.hpp"
#include "unit/evaluate/matrix.hpp"

#include <cmath>
#include <random>
#include <vector>

extern "C" {
#include "evaluate/tsne_affinities_internal.h"
#include "evaluate/tsne_forces_internal.h"
#include "moco/embed.h"
}

using matrix_test::matrix;
using matrix_test::Tensor;

namespace {

using Tsne = moco_test::WithFolder;
using moco_test::message_has;
using moco_test::values_of;

constexpr int kPoints = 150; // more than a block
constexpr int kColumns = 8;
constexpr int kClusters = 3;

// Rows of three clusters, in turns.
std::vector<float> clusters()
{
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    std::vector<float> values;
    for (int i = 0; i < kPoints; ++i) {
        for (int j = 0; j < kColumns; ++j) {
            values.push_back(0.2F * normal(random) + (j == i % kClusters ? 1.0F : 0.0F));
        }
    }
    return values;
}

Tensor affinities(double perplexity)
{
    moco_tensor *p = nullptr;
    EXPECT_EQ(moco__tsne_affinities(&p, matrix(clusters(), kPoints).get(), perplexity), MOCO_OK)
        << moco_error_message();
    return Tensor(p);
}

double square_distance(const std::vector<float> &x, int i, int j)
{
    double sum = 0;
    for (int c = 0; c < kColumns; ++c) {
        const double d = static_cast<double>(x[i * kColumns + c]) - x[j * kColumns + c];
        sum += d * d;
    }
    return sum;
}

// The conditional probabilities of a row by bisection in double precision.
std::vector<double> conditional(const std::vector<float> &x, int row, double perplexity)
{
    double low = 0;
    double high = 1e4;
    std::vector<double> p(kPoints);
    for (int step = 0; step < 200; ++step) {
        const double beta = (low + high) / 2;
        double sum = 0;
        double entropy = 0;
        for (int j = 0; j < kPoints; ++j) {
            p[j] = j == row ? 0 : std::exp(-beta * square_distance(x, row, j));
            sum += p[j];
        }
        for (double &value : p) {
            value /= sum;
            entropy -= value > 0 ? value * std::log(value) : 0;
        }
        (entropy > std::log(perplexity) ? low : high) = beta;
    }
    return p;
}

int stop(size_t done, size_t count, void *payload)
{
    *static_cast<size_t *>(payload) = done;
    return done == 5 && count == 60 ? 1 : 0;
}

} // namespace

TEST_F(Tsne, AffinitiesEqualThoseOfPlainLoops)
{
    const std::vector<float> x = clusters();
    const std::vector<float> p = values_of(affinities(12).get());
    std::vector<std::vector<double>> rows;
    for (int i = 0; i < kPoints; ++i) {
        rows.push_back(conditional(x, i, 12));
    }
    double sum = 0;
    for (int i = 0; i < kPoints; ++i) {
        for (int j = 0; j < kPoints; ++j) {
            const double expected = (rows[i][j] + rows[j][i]) / (2 * kPoints);
            ASSERT_NEAR(p[i * kPoints + j], expected, 1e-7 + 1e-3 * expected) << i << " " << j;
            sum += p[i * kPoints + j];
        }
        EXPECT_FLOAT_EQ(p[i * kPoints + i], 0);
    }
    EXPECT_NEAR(sum, 1, 1e-5);
}

TEST_F(Tsne, ForcesEqualThoseOfPlainLoops)
{
    const Tensor tensor = affinities(12);
    const std::vector<float> p = values_of(tensor.get());
    std::vector<double> y;
    for (int i = 0; i < kPoints; ++i) {
        y.push_back(3 * std::sin(1.0 * i));
        y.push_back(3 * std::cos(1.7 * i));
    }
    std::vector<double> pull(2 * kPoints);
    std::vector<double> push(2 * kPoints);
    double sum = 0;
    ASSERT_EQ(moco__tsne_forces(pull.data(), push.data(), &sum, tensor.get(), y.data()), MOCO_OK)
        << moco_error_message();
    double whole = 0;
    for (int i = 0; i < kPoints; ++i) {
        double expected[4] = { 0, 0, 0, 0 };
        for (int j = 0; j < kPoints; ++j) {
            const double dx = y[2 * i] - y[2 * j];
            const double dy = y[2 * i + 1] - y[2 * j + 1];
            const double near = i == j ? 0 : 1 / (1 + dx * dx + dy * dy);
            whole += near;
            expected[0] += p[i * kPoints + j] * near * dx;
            expected[1] += p[i * kPoints + j] * near * dy;
            expected[2] += near * near * dx;
            expected[3] += near * near * dy;
        }
        EXPECT_NEAR(pull[2 * i], expected[0], 1e-6);
        EXPECT_NEAR(pull[2 * i + 1], expected[1], 1e-6);
        EXPECT_NEAR(push[2 * i], expected[2], 1e-3);
        EXPECT_NEAR(push[2 * i + 1], expected[3], 1e-3);
    }
    EXPECT_NEAR(sum, whole, 1e-4 * whole);
}

TEST_F(Tsne, ClustersAreApartAndTheMapIsTheSameEachTime)
{
    const Tensor features = matrix(clusters(), kPoints);
    moco_tsne_options options = MOCO_TSNE_OPTIONS_INIT;
    options.iterations = 200;
    moco_tensor *once = nullptr;
    moco_tensor *again = nullptr;
    ASSERT_EQ(moco_tsne(&once, nullptr, features.get(), &options), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco_tsne(&again, nullptr, features.get(), &options), MOCO_OK);
    const std::vector<float> y = values_of(once);
    EXPECT_EQ(y, values_of(again));
    int right = 0; // the nearest point is of the same cluster
    for (int i = 0; i < kPoints; ++i) {
        int nearest = -1;
        double least = INFINITY;
        for (int j = 0; j < kPoints; ++j) {
            const double distance = std::hypot(y[2 * i] - y[2 * j], y[2 * i + 1] - y[2 * j + 1]);
            if (j != i && distance < least) {
                least = distance;
                nearest = j;
            }
        }
        right += nearest % kClusters == i % kClusters ? 1 : 0;
    }
    EXPECT_GT(right, kPoints * 97 / 100);
    moco_tensor_free(once);
    moco_tensor_free(again);
}

TEST_F(Tsne, StopsAndRefuses)
{
    const Tensor features = matrix(clusters(), kPoints);
    moco_tsne_options options = MOCO_TSNE_OPTIONS_INIT;
    size_t done = 0;
    options.iterations = 60;
    options.progress = stop;
    options.payload = &done;
    moco_tensor *out = nullptr;
    EXPECT_EQ(moco_tsne(&out, nullptr, features.get(), &options), MOCO_ESTOPPED);
    EXPECT_EQ(done, 5U);
    options.perplexity = 1;
    EXPECT_EQ(moco_tsne(&out, nullptr, features.get(), &options), MOCO_EINVALID);
    EXPECT_EQ(moco_tsne(&out, nullptr, matrix({ 1, 2, 3, 4, 5, 6 }, 3).get(), nullptr), MOCO_EINVALID);
    EXPECT_TRUE(message_has("3 rows are too few; it needs 4"));
    EXPECT_EQ(moco_tsne(&out, nullptr, matrix({ 1, 2, 3, 4, 5, 6, 7, NAN }, 4).get(), nullptr), MOCO_EINVALID);
    EXPECT_TRUE(message_has("NaN or infinite")) << moco_error_message();
    EXPECT_EQ(out, nullptr);
    const Tensor equal = matrix(std::vector<float>(40, 0.5F), 10); /* nothing to tell apart, but no failure */
    ASSERT_EQ(moco_tsne(&out, nullptr, equal.get(), nullptr), MOCO_OK) << moco_error_message();
    for (const float value : values_of(out)) {
        EXPECT_TRUE(std::isfinite(value));
    }
    moco_tensor_free(out);
}
