// Tests the functions of ops.h with values by hand, and the gradients of some.
#include "base/tensor_internal.h"
#include "support/tensors.hpp"

#include <cmath>

using moco_test::cpu;
using moco_test::device;
using moco_test::longs_of;
using moco_test::sizes_of;
using moco_test::values_of;

namespace {

using Values = std::vector<float>;
using Sizes = std::vector<int64_t>;

class Ops : public moco_test::TensorTest {
  protected:
    moco_tensor *matrix() { return floats({ 2, 3 }, { 1, 2, 3, 4, 5, 6 }); }

    // Expects of a call, whose result went to `out`, these values.
    void expect(moco_status status, const Values &values)
    {
        ASSERT_OK(status);
        const Values got = values_of(out);
        ASSERT_EQ(got.size(), values.size());
        for (size_t i = 0; i < got.size(); ++i) {
            EXPECT_NEAR(got[i], values[i], 1e-5) << i;
        }
    }
};

} // namespace

TEST_F(Ops, MakeTensors)
{
    const Sizes sizes{ 2, 2 };
    expect(moco_tensor_full(&out, scope, 1.5, MOCO_FLOAT32, device(), sizes.data(), 2), { 1.5, 1.5, 1.5, 1.5 });
    ASSERT_OK(moco_tensor_arange(&out, scope, 3, device()));
    EXPECT_EQ(longs_of(out), (Sizes{ 0, 1, 2 }));
    moco_tensor *original = matrix();
    ASSERT_OK(moco_tensor_clone(&out, scope, original));
    ASSERT_OK(moco_tensor_zero(original));
    EXPECT_EQ(values_of(out)[5], 6.0F) << "a copy";
    ASSERT_OK(moco_tensor_cast(&out, scope, out, MOCO_INT64));
    EXPECT_EQ(longs_of(out), (Sizes{ 1, 2, 3, 4, 5, 6 }));
}

TEST_F(Ops, ComputeElementByElement)
{
    const moco_tensor *a = floats({ 2 }, { 1, 4 });
    const moco_tensor *b = floats({ 2 }, { 2, -8 });
    expect(moco_tensor_sub(&out, scope, a, b), { -1, 12 });
    expect(moco_tensor_mul(&out, scope, a, b), { 2, -32 });
    expect(moco_tensor_div(&out, scope, a, b), { 0.5, -0.5 });
    expect(moco_tensor_shift(&out, scope, a, 0.5), { 1.5, 4.5 });
    expect(moco_tensor_pow(&out, scope, a, 0.5), { 1, 2 });
    expect(moco_tensor_clamp(&out, scope, b, -3, INFINITY), { 2, -3 });
    expect(moco_tensor_exp(&out, scope, a), { std::exp(1.0F), std::exp(4.0F) });
    expect(moco_tensor_log(&out, scope, a), { 0, std::log(4.0F) });
    expect(moco_tensor_sqrt(&out, scope, a), { 1, 2 });
    expect(moco_tensor_abs(&out, scope, b), { 2, 8 });
    expect(moco_tensor_neg(&out, scope, b), { -2, 8 });
    expect(moco_tensor_relu(&out, scope, b), { 2, 0 });
    expect(moco_tensor_sigmoid(&out, scope, floats({ 1 }, { 0 })), { 0.5 });
    moco_tensor *below = nullptr;
    ASSERT_OK(moco_tensor_lt(&below, scope, a, b));
    EXPECT_EQ(moco_tensor_dtype(below), MOCO_BOOL);
    expect(moco_tensor_where(&out, scope, below, a, b), { 1, -8 });
    expect(moco_tensor_masked_fill(&out, scope, a, below, 9), { 9, 4 });
    ASSERT_OK(moco_tensor_gt(&below, scope, a, b));
    expect(moco_tensor_masked_fill(&out, scope, a, below, 9), { 1, 9 });
    ASSERT_OK(moco_tensor_eq(&below, scope, a, a));
    expect(moco_tensor_masked_fill(&out, scope, a, below, 9), { 9, 9 });
}

TEST_F(Ops, ReduceAllAndAlongADimension)
{
    expect(moco_tensor_sum(&out, scope, matrix()), { 21 });
    expect(moco_tensor_mean(&out, scope, matrix()), { 3.5 });
    expect(moco_tensor_max(&out, scope, matrix()), { 6 });
    expect(moco_tensor_norm(&out, scope, floats({ 2 }, { 3, 4 })), { 5 });
    expect(moco_tensor_sum_dim(&out, scope, matrix(), 1, true), { 6, 15 });
    EXPECT_EQ(sizes_of(out), (Sizes{ 2, 1 }));
    expect(moco_tensor_mean_dim(&out, scope, matrix(), -1, false), { 2, 5 });
    EXPECT_EQ(sizes_of(out), (Sizes{ 2 }));
    expect(moco_tensor_norm_dim(&out, scope, floats({ 2, 2 }, { 3, 4, 0, 2 }), 1, false), { 5, 2 });
    expect(moco_tensor_logsumexp(&out, scope, floats({ 1, 2 }, { 0, 0 }), 1, false), { std::log(2.0F) });
    expect(moco_tensor_softmax(&out, scope, floats({ 1, 2 }, { 0, 0 }), 1), { 0.5, 0.5 });
    expect(moco_tensor_log_softmax(&out, scope, floats({ 1, 2 }, { 0, 0 }), 1), { -std::log(2.0F), -std::log(2.0F) });
    moco_tensor *where = nullptr;
    expect(moco_tensor_max_dim(&out, &where, scope, matrix(), 0, false), { 4, 5, 6 });
    EXPECT_EQ(longs_of(where), (Sizes{ 1, 1, 1 }));
    ASSERT_OK(moco_tensor_argmax(&out, scope, matrix(), 1, false));
    EXPECT_EQ(longs_of(out), (Sizes{ 2, 2 }));
}

TEST_F(Ops, ViewAndSelect)
{
    const Sizes swapped{ 1, 0 };
    const Sizes column{ -1, 1 };
    expect(moco_tensor_permute(&out, scope, matrix(), swapped.data(), 2), { 1, 4, 2, 5, 3, 6 });
    ASSERT_OK(moco_tensor_reshape(&out, scope, matrix(), column.data(), 2));
    EXPECT_EQ(sizes_of(out), (Sizes{ 6, 1 }));
    ASSERT_OK(moco_tensor_unsqueeze(&out, scope, matrix(), 0));
    EXPECT_EQ(sizes_of(out), (Sizes{ 1, 2, 3 }));
    const moco_tensor *index = longs({ 2, 1 }, { 2, 0 });
    expect(moco_tensor_gather(&out, scope, matrix(), 1, index), { 3, 4 });
    expect(moco_tensor_scatter(&out, scope, matrix(), 1, index, floats({ 2, 1 }, { 8, 9 })), { 1, 2, 8, 9, 5, 6 });
    moco_tensor *bank = matrix();
    ASSERT_OK(moco_tensor_set_rows(bank, longs({ 1 }, { 1 }), floats({ 1, 3 }, { 7, 8, 9 })));
    EXPECT_EQ(values_of(bank), (Values{ 1, 2, 3, 7, 8, 9 }));
    EXPECT_EQ(moco_tensor_set_rows(bank, longs({ 1 }, { 2 }), floats({ 1, 3 }, { 7, 8, 9 })), MOCO_EINVALID);
}

TEST_F(Ops, MultiplyAndNormaliseAsLayersDo)
{
    expect(moco_tensor_bmm(&out, scope, floats({ 2, 1, 2 }, { 1, 2, 3, 4 }), floats({ 2, 2, 1 }, { 5, 6, 7, 8 })),
           { 17, 53 });
    const moco_tensor *weight = floats({ 1, 3 }, { 1, 0, -1 });
    expect(moco_tensor_linear(&out, scope, matrix(), weight, floats({ 1 }, { 0.5 })), { -1.5, -1.5 });
    expect(moco_tensor_linear(&out, scope, matrix(), weight, nullptr), { -2, -2 });
    moco_tensor *mean = floats({ 3 }, { 0, 0, 0 });
    moco_tensor *variance = floats({ 3 }, { 1, 1, 1 });
    expect(moco_tensor_batch_norm(&out, scope, matrix(), nullptr, nullptr, mean, variance, true, 0.1, 0),
           { -1, -1, -1, 1, 1, 1 });
    EXPECT_NEAR(values_of(mean)[0], 0.25, 1e-6);
    EXPECT_NEAR(values_of(variance)[0], 0.9 + 0.1 * 4.5, 1e-6);
    const Values before = values_of(mean);
    ASSERT_OK(moco_tensor_batch_norm(&out, scope, matrix(), nullptr, nullptr, mean, variance, false, 0.1, 1e-5));
    EXPECT_EQ(values_of(mean), before);
}

// The step has its own functions in the library.
TEST_F(Ops, ComputeWhatTheStepComputes)
{
    const moco_tensor *a = random({ 5, 4 }, 1);
    const moco_tensor *b = random({ 5, 4 }, 2);
    moco_tensor *of_step = nullptr;
    ASSERT_OK(moco_tensor_row_dot(&out, scope, a, b));
    ASSERT_OK(moco__tensor_row_dot(&of_step, scope, a, b));
    EXPECT_EQ(values_of(out), values_of(of_step));
    EXPECT_EQ(sizes_of(out), (Sizes{ 5, 1 }));
    ASSERT_OK(moco_tensor_row_rank(&out, scope, a, 2));
    ASSERT_OK(moco__tensor_row_rank(&of_step, scope, a, 2));
    EXPECT_EQ(longs_of(out), longs_of(of_step));
    ASSERT_OK(moco_tensor_normalize(&out, scope, a));
    ASSERT_OK(moco__tensor_normalize(&of_step, scope, a));
    EXPECT_EQ(values_of(out), values_of(of_step));
    const moco_tensor *labels = longs({ 5 }, { 3, 0, 2, 2, 1 });
    ASSERT_OK(moco_tensor_cross_entropy(&out, scope, a, labels));
    ASSERT_OK(moco__tensor_cross_entropy(&of_step, scope, a, labels));
    EXPECT_EQ(values_of(out), values_of(of_step));
    ASSERT_OK(moco_tensor_index_select(&out, scope, a, labels));
    ASSERT_OK(moco__tensor_index_select(&of_step, scope, a, labels));
    EXPECT_EQ(values_of(out), values_of(of_step));
    EXPECT_EQ(sizes_of(out), (Sizes{ 5, 4 }));
    EXPECT_REFUSED(moco_tensor_row_rank(&out, scope, a, 4), MOCO_EINVALID, "column 4 of 4");
    const moco_tensor *other_sizes = matrix();
    EXPECT_REFUSED(moco_tensor_row_dot(&out, scope, a, other_sizes), MOCO_EINVALID, "same sizes");
    Values averages[2];
    for (int inlined = 0; inlined < 2; ++inlined) {
        const moco_tensor *first[] = { random({ 3 }, 3) };
        const moco_tensor *second[] = { random({ 3 }, 4) };
        moco_tensor_list *list = nullptr;
        moco_tensor_list *other = nullptr;
        ASSERT_OK(moco_tensor_list_create(&list, first, 1));
        ASSERT_OK(moco_tensor_list_create(&other, second, 1));
        EXPECT_OK((inlined == 1 ? moco_tensor_list_average : moco__tensor_list_average)(list, other, 0.99));
        averages[inlined] = values_of(first[0]);
        moco_tensor_list_free(list);
        moco_tensor_list_free(other);
    }
    EXPECT_EQ(averages[0], averages[1]);
}

TEST_F(Ops, AreDifferentiable)
{
    moco_tensor *w = floats({ 2 }, { 0.5, 2 });
    ASSERT_OK(moco_tensor_require_gradient(w));
    ASSERT_OK(moco_tensor_log(&out, scope, w));
    ASSERT_OK(moco_tensor_pow(&out, scope, out, 2));
    ASSERT_OK(moco_tensor_sum(&out, scope, out));
    ASSERT_OK(moco_tensor_backward(out));
    ASSERT_OK(moco_tensor_gradient(&out, scope, w)); // 2 log(w) / w
    EXPECT_NEAR(values_of(out)[0], 2 * std::log(0.5) / 0.5, 1e-5);
    EXPECT_NEAR(values_of(out)[1], 2 * std::log(2.0) / 2, 1e-5);
}
