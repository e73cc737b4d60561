// Compares the label-free numbers with those of quality_numbers.py, and tests their extremes.
#include "support/temporary_folder.hpp"
#include "support/tensor_values.hpp"
#include "unit/evaluate/matrix.hpp"

#include <cmath>
#include <vector>

using matrix_test::matrix;
using matrix_test::Tensor;

namespace {

using Quality = moco_test::WithFolder;
using moco_test::message_has;

// As rows() of quality_numbers.py, from a row on; with rows of norm 1 if asked.
Tensor rows(int count, int columns, int first = 0, bool unit = false)
{
    std::vector<float> values;
    for (int i = first; i < first + count; ++i) {
        std::vector<double> row;
        double norm = 0;
        for (int j = 0; j < columns; ++j) {
            row.push_back(static_cast<float>(std::sin(0.7 * i + 1.3 * j) + 0.3 * std::cos(0.11 * i * j)));
            norm += row.back() * row.back();
        }
        for (const double value : row) {
            values.push_back(static_cast<float>(unit ? value / std::sqrt(norm) : value));
        }
    }
    return matrix(values, count);
}

moco_quality measure(const Tensor &features)
{
    moco_quality quality = {};
    EXPECT_EQ(moco_quality_measure(&quality, features.get()), MOCO_OK) << moco_error_message();
    return quality;
}

} // namespace

TEST_F(Quality, SpectraEqualThoseOfNumpy)
{
    const moco_quality tall = measure(rows(40, 6));
    EXPECT_NEAR(tall.spread, 0.993905903, 1e-6);
    EXPECT_NEAR(tall.rankme, 4.3482653, 1e-5);
    EXPECT_NEAR(tall.alpha, 2.95739098, 1e-4);
    const moco_quality wide = measure(rows(5, 9));
    EXPECT_NEAR(wide.spread, 0.82707254, 1e-6);
    EXPECT_NEAR(wide.rankme, 2.53527156, 1e-5);
    EXPECT_NEAR(wide.alpha, 10.124197, 1e-2);
}

TEST_F(Quality, PairsEqualThoseOfNumpy)
{
    moco_pair_quality pairs = {};
    const Tensor q = rows(16, 4, 0, true);
    const Tensor k = rows(16, 4, 1, true);
    ASSERT_EQ(moco_quality_pairs(&pairs, q.get(), k.get()), MOCO_OK) << moco_error_message();
    EXPECT_NEAR(pairs.alignment, 0.439140744, 1e-5);
    EXPECT_NEAR(pairs.uniformity, -1.83123463, 1e-5);
    EXPECT_NEAR(pairs.spread, 1.0023455, 1e-5);
    ASSERT_EQ(moco_quality_pairs(&pairs, q.get(), nullptr), MOCO_OK);
    EXPECT_TRUE(std::isnan(pairs.alignment));
    ASSERT_EQ(moco_quality_pairs(&pairs, q.get(), q.get()), MOCO_OK);
    EXPECT_NEAR(pairs.alignment, 0, 1e-5);
}

TEST_F(Quality, LidarEqualsThatOfNumpy)
{
    double lidar = 0;
    ASSERT_EQ(moco_quality_lidar(&lidar, rows(24, 5).get(), 4), MOCO_OK) << moco_error_message();
    EXPECT_NEAR(lidar, 3.19086108, 1e-5);
    EXPECT_EQ(moco_quality_lidar(&lidar, rows(24, 5).get(), 5), MOCO_EINVALID);
    EXPECT_TRUE(message_has("24 rows are not views of several objects with 5 each"));
    EXPECT_EQ(moco_quality_lidar(&lidar, rows(24, 5).get(), 24), MOCO_EINVALID);
}

TEST_F(Quality, ExtremesHaveTheirValues)
{
    const moco_quality collapsed = measure(matrix(std::vector<float>(32, 0.5F), 8));
    EXPECT_NEAR(collapsed.spread, 0, 1e-6);
    EXPECT_NEAR(collapsed.rankme, 1, 1e-4);
    EXPECT_TRUE(std::isnan(collapsed.alpha));
    const moco_quality nothing = measure(matrix(std::vector<float>(32, 0), 8));
    EXPECT_DOUBLE_EQ(nothing.rankme, 0);
    std::vector<float> axes(64, 0);
    for (size_t i = 0; i < 16; ++i) {
        axes[4 * i + i % 4] = i < 8 ? 1.0F : -1.0F;
    }
    const moco_quality even = measure(matrix(axes, 16));
    EXPECT_NEAR(even.rankme, 4, 1e-4);
    EXPECT_NEAR(even.alpha, 0, 1e-6);
    moco_quality quality = { 7, 7, 7 };
    EXPECT_EQ(moco_quality_measure(&quality, matrix({ 1, 2, 3 }, 1).get()), MOCO_EINVALID);
    EXPECT_EQ(moco_quality_measure(&quality, matrix({ 1, NAN, 3, 4 }, 2).get()), MOCO_EINVALID);
    EXPECT_DOUBLE_EQ(quality.spread, 7); /* a failure leaves the result alone */
    EXPECT_FALSE(moco_no_grad_end() == MOCO_OK);
}
