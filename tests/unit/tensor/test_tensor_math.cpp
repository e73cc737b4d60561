// Tests the arithmetic of tensors with values by hand, and what it refuses.
#include "base/tensor_internal.h"
#include "support/tensors.hpp"

#include <cmath>
#include <cstdint>

using moco_test::longs_of;
using moco_test::sizes_of;
using moco_test::values_of;

namespace {

using Values = std::vector<float>;

class TensorMath : public moco_test::TensorTest {
  protected:
    moco_tensor *two_by_three() { return floats({ 2, 3 }, { 1, 2, 3, 4, 5, 6 }); }
};

} // namespace

TEST_F(TensorMath, CatJoinsAlongADimension)
{
    const moco_tensor *both[] = { two_by_three(), floats({ 2, 1 }, { 7, 8 }) };
    ASSERT_OK(moco_tensor_cat(&out, scope, both, 2, 1));
    EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 2, 4 }));
    EXPECT_EQ(values_of(out), (Values{ 1, 2, 3, 7, 4, 5, 6, 8 }));
    const moco_tensor *with_null[] = { both[0], nullptr };
    EXPECT_EQ(moco_tensor_cat(nullptr, scope, both, 2, 1), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_cat(&out, scope, nullptr, 2, 1), MOCO_EINVALID, "tensors");
    EXPECT_REFUSED(moco_tensor_cat(&out, scope, with_null, 2, 1), MOCO_EINVALID, "NULL");
    EXPECT_REFUSED(moco_tensor_cat(&out, scope, both, 0, 1), MOCO_EINVALID, "non-empty list");
    EXPECT_REFUSED(moco_tensor_cat(&out, scope, both, 2, 2), MOCO_EINVALID, "dimension 2");
    EXPECT_REFUSED(moco_tensor_cat(&out, scope, both, 2, SIZE_MAX), MOCO_EINVALID, "dimension");
    EXPECT_REFUSED(moco_tensor_cat(&out, scope, both, 2, 0), MOCO_EINVALID, "aten::cat");
}

TEST_F(TensorMath, IndexSelectTakesRows)
{
    moco_tensor *tensor = two_by_three();
    ASSERT_OK(moco_tensor_index_select(&out, scope, tensor, longs({ 3 }, { 1, 0, 1 })));
    EXPECT_EQ(values_of(out), (Values{ 4, 5, 6, 1, 2, 3, 4, 5, 6 }));
    EXPECT_EQ(moco_tensor_index_select(nullptr, scope, tensor, longs({ 1 }, { 0 })), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_index_select(&out, scope, nullptr, tensor), MOCO_EINVALID, "tensor");
    EXPECT_REFUSED(moco_tensor_index_select(&out, scope, tensor, nullptr), MOCO_EINVALID, "index");
    if (moco_test::device().type == MOCO_CPU) { // a GPU ends the process
        for (const int64_t row : { -1, 2 }) {
            moco_tensor *index = longs({ 1 }, { row });
            EXPECT_REFUSED(moco_tensor_index_select(&out, scope, tensor, index), MOCO_EINVALID, "index_select");
        }
    }
    moco_tensor *real = floats({ 1 }, { 0 });
    EXPECT_REFUSED(moco_tensor_index_select(&out, scope, tensor, real), MOCO_EINVALID, "index_select");
}

TEST_F(TensorMath, NormalizeGivesRowsOfLengthOne)
{
    moco_tensor *tensor = floats({ 3, 2 }, { 3, 4, 0, 0, -5, 0 });
    const Values expected = { 0.6F, 0.8F, 0, 0, -1, 0 };
    ASSERT_OK(moco_tensor_normalize(&out, scope, tensor));
    EXPECT_EQ(values_of(out), expected);
    moco_tensor *vector = floats({ 2 }, { 1, 2 });
    EXPECT_EQ(moco_tensor_normalize(nullptr, scope, tensor), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_normalize(&out, scope, nullptr), MOCO_EINVALID, "tensor");
    EXPECT_REFUSED(moco_tensor_normalize(&out, scope, vector), MOCO_EINVALID, "1 dimensions");

    moco_tensor *room = floats({ 2, 3 }, { 1, 2, 3, 4, 5, 6 });
    EXPECT_EQ(moco__tensor_normalize_into(room, tensor), MOCO_EINVALID) << "other sizes";
    EXPECT_EQ(moco__tensor_normalize_into(room, vector), MOCO_EINVALID);
    EXPECT_EQ(moco__tensor_normalize_into(room, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco__tensor_normalize_into(nullptr, tensor), MOCO_EINVALID);
    EXPECT_EQ(values_of(room), (Values{ 1, 2, 3, 4, 5, 6 }));
    ASSERT_OK(moco__tensor_normalize_into(tensor, tensor));
    EXPECT_EQ(values_of(tensor), expected);
}

TEST_F(TensorMath, MatmulAndRowDot)
{
    moco_tensor *a = two_by_three();
    moco_tensor *b = floats({ 3, 1 }, { 1, 10, 100 });
    moco_tensor *row = floats({ 1, 3 }, { 1, 1, 1 });
    moco_tensor *vector = floats({ 3 }, { 1, 1, 1 });
    ASSERT_OK(moco_tensor_matmul(&out, scope, a, b));
    EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 2, 1 }));
    EXPECT_EQ(values_of(out), (Values{ 321, 654 }));
    EXPECT_EQ(moco_tensor_matmul(nullptr, scope, a, b), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_matmul(&out, scope, nullptr, b), MOCO_EINVALID, " a ");
    EXPECT_REFUSED(moco_tensor_matmul(&out, scope, a, nullptr), MOCO_EINVALID, " b ");
    EXPECT_REFUSED(moco_tensor_matmul(&out, scope, a, vector), MOCO_EINVALID, "must be a matrix");
    EXPECT_REFUSED(moco_tensor_matmul(&out, scope, a, a), MOCO_EINVALID, "aten::mm");

    ASSERT_OK(moco__tensor_row_dot(&out, scope, a, floats({ 2, 3 }, { 1, 0, 2, 0, 1, -1 })));
    EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 2, 1 }));
    EXPECT_EQ(values_of(out), (Values{ 7, -1 }));
    EXPECT_EQ(moco__tensor_row_dot(nullptr, scope, a, a), MOCO_EINVALID);
    EXPECT_REFUSED(moco__tensor_row_dot(&out, scope, nullptr, a), MOCO_EINVALID, " a ");
    EXPECT_REFUSED(moco__tensor_row_dot(&out, scope, a, nullptr), MOCO_EINVALID, " b ");
    EXPECT_REFUSED(moco__tensor_row_dot(&out, scope, a, row), MOCO_EINVALID, "sizes"); // no broadcasting
    EXPECT_REFUSED(moco__tensor_row_dot(&out, scope, vector, vector), MOCO_EINVALID, "1 dimensions");
}

TEST_F(TensorMath, ScaleDivideAdd)
{
    moco_tensor *tensor = floats({ 2 }, { 3, -4 });
    ASSERT_OK(moco_tensor_scale(&out, scope, tensor, 0.5));
    EXPECT_EQ(values_of(out), (Values{ 1.5F, -2 }));
    ASSERT_OK(moco_tensor_divide(&out, scope, tensor, 3));
    EXPECT_EQ(values_of(out), (Values{ 1, -4.0F / 3 }));
    ASSERT_OK(moco_tensor_add(&out, scope, tensor, floats({ 2 }, { 10, 20 })));
    EXPECT_EQ(values_of(out), (Values{ 13, 16 }));
    EXPECT_EQ(moco_tensor_scale(nullptr, scope, tensor, 1), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_divide(nullptr, scope, tensor, 1), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_add(nullptr, scope, tensor, tensor), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_scale(&out, scope, nullptr, 1), MOCO_EINVALID, "tensor");
    EXPECT_REFUSED(moco_tensor_divide(&out, scope, nullptr, 1), MOCO_EINVALID, "tensor");
    EXPECT_REFUSED(moco_tensor_add(&out, scope, nullptr, tensor), MOCO_EINVALID, " a ");
    EXPECT_REFUSED(moco_tensor_add(&out, scope, tensor, nullptr), MOCO_EINVALID, " b ");
    moco_tensor *three = floats({ 3 }, { 1, 2, 3 });
    EXPECT_REFUSED(moco_tensor_add(&out, scope, tensor, three), MOCO_EINVALID, "aten::add");
}

TEST_F(TensorMath, CrossEntropyByHand)
{
    moco_tensor *logits = floats({ 2, 2 }, { 2, 0, 1, 3 });
    moco_tensor *labels = longs({ 2 }, { 0, 0 });
    ASSERT_OK(moco_tensor_cross_entropy(&out, scope, logits, labels));
    double loss = 0;
    ASSERT_OK(moco_tensor_item(&loss, out));
    EXPECT_NEAR(loss, (std::log1p(std::exp(-2)) + std::log1p(std::exp(2))) / 2, 1e-6);
    EXPECT_EQ(moco_tensor_cross_entropy(nullptr, scope, logits, labels), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_cross_entropy(&out, scope, nullptr, labels), MOCO_EINVALID, "logits");
    EXPECT_REFUSED(moco_tensor_cross_entropy(&out, scope, logits, nullptr), MOCO_EINVALID, "labels");
    EXPECT_REFUSED(moco_tensor_cross_entropy(&out, scope, labels, labels), MOCO_EINVALID, "floating-point");
    EXPECT_REFUSED(moco_tensor_cross_entropy(&out, scope, logits, logits), MOCO_EINVALID, "int64 label");
    moco_tensor *one = longs({ 1 }, { 0 });
    EXPECT_REFUSED(moco_tensor_cross_entropy(&out, scope, logits, one), MOCO_EINVALID, "2 rows");
    moco_tensor *beyond = longs({ 2 }, { 0, 2 });
    if (moco_test::device().type == MOCO_CPU) { // values on a GPU are not looked at
        EXPECT_REFUSED(moco_tensor_cross_entropy(&out, scope, logits, beyond), MOCO_EINVALID, "is not in");
    }
}

TEST_F(TensorMath, RanksCountTiesAndNanAgainst)
{
    moco_tensor *tensor = floats({ 4, 3 }, { 3, 1, 2, 1, 1, 0, 0, 5, 5, NAN, 1, 2 });
    ASSERT_OK(moco__tensor_row_rank(&out, scope, tensor, 0));
    EXPECT_EQ(longs_of(out), (std::vector<int64_t>{ 0, 1, 2, 2 }));
    ASSERT_OK(moco_tensor_label_rank(&out, scope, tensor, longs({ 4 }, { 1, 2, 2, 0 })));
    EXPECT_EQ(longs_of(out), (std::vector<int64_t>{ 2, 2, 1, 2 }));
    EXPECT_EQ(moco__tensor_row_rank(nullptr, scope, tensor, 0), MOCO_EINVALID);
    EXPECT_REFUSED(moco__tensor_row_rank(&out, scope, nullptr, 0), MOCO_EINVALID, "tensor");
    EXPECT_REFUSED(moco__tensor_row_rank(&out, scope, tensor, 3), MOCO_EINVALID, "column 3 of 3");
    EXPECT_REFUSED(moco__tensor_row_rank(&out, scope, tensor, -1), MOCO_EINVALID, "column -1");
    moco_tensor *vector = floats({ 2 }, { 1, 2 });
    EXPECT_REFUSED(moco__tensor_row_rank(&out, scope, vector, 0), MOCO_EINVALID, "1 dimensions");

    moco_tensor *labels = longs({ 4 }, { 0, 0, 0, 3 });
    EXPECT_EQ(moco_tensor_label_rank(nullptr, scope, tensor, labels), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_label_rank(&out, scope, nullptr, labels), MOCO_EINVALID, "tensor");
    EXPECT_REFUSED(moco_tensor_label_rank(&out, scope, tensor, nullptr), MOCO_EINVALID, "labels");
    if (moco_test::device().type == MOCO_CPU) {
        EXPECT_REFUSED(moco_tensor_label_rank(&out, scope, tensor, labels), MOCO_EINVALID, "out of bounds");
    }
    moco_tensor *one = longs({ 1 }, { 0 });
    EXPECT_REFUSED(moco_tensor_label_rank(&out, scope, tensor, one), MOCO_EINVALID, "4 rows");
    moco_tensor *real = floats({ 4 }, { 0, 0, 0, 0 });
    EXPECT_REFUSED(moco_tensor_label_rank(&out, scope, tensor, real), MOCO_EINVALID, "int64");
}

TEST_F(TensorMath, ShareBelowABound)
{
    moco_tensor *ranks = longs({ 4 }, { 0, 5, 2, 1 });
    ASSERT_OK(moco_tensor_share_below(&out, scope, ranks, 2));
    EXPECT_EQ(values_of(out), Values{ 0.5F });
    EXPECT_EQ(moco_tensor_ndim(out), 0U);
    EXPECT_EQ(moco_tensor_share_below(nullptr, scope, ranks, 2), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_share_below(&out, scope, nullptr, 2), MOCO_EINVALID, "tensor");
}

TEST_F(TensorMath, TopkIsSorted)
{
    moco_tensor *tensor = floats({ 2, 3 }, { 1, 3, 2, 6, 4, 5 });
    moco_tensor *indices = nullptr;
    ASSERT_OK(moco_tensor_topk(&out, &indices, scope, tensor, 2));
    EXPECT_EQ(values_of(out), (Values{ 3, 2, 6, 5 }));
    EXPECT_EQ(longs_of(indices), (std::vector<int64_t>{ 1, 2, 0, 2 }));
    moco_tensor *const kept = indices;
    EXPECT_EQ(moco_tensor_topk(nullptr, &indices, scope, tensor, 2), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_topk(&out, nullptr, scope, tensor, 2), MOCO_EINVALID, "indices");
    EXPECT_REFUSED(moco_tensor_topk(&out, &indices, scope, nullptr, 2), MOCO_EINVALID, "tensor");
    EXPECT_REFUSED(moco_tensor_topk(&out, &indices, scope, tensor, 4), MOCO_EINVALID, "the 4 largest of 3");
    EXPECT_REFUSED(moco_tensor_topk(&out, &indices, scope, tensor, -1), MOCO_EINVALID, "-1");
    moco_tensor *vector = floats({ 2 }, { 1, 2 });
    EXPECT_REFUSED(moco_tensor_topk(&out, &indices, scope, vector, 1), MOCO_EINVALID, "give a matrix");
    EXPECT_EQ(indices, kept);
}

TEST_F(TensorMath, AccumulateAndZeroWorkInPlace)
{
    moco_tensor *tensor = two_by_three();
    ASSERT_OK(moco_tensor_accumulate(tensor, floats({ 3 }, { 10, 20, 30 })));
    const Values sum = { 11, 22, 33, 14, 25, 36 };
    EXPECT_EQ(values_of(tensor), sum) << "broadcast";
    EXPECT_EQ(moco_tensor_accumulate(tensor, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_accumulate(nullptr, tensor), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_accumulate(tensor, floats({ 2 }, { 1, 2 })), MOCO_EINVALID);
    EXPECT_EQ(values_of(tensor), sum);
    moco_tensor *whole = longs({ 1 }, { 1 });
    EXPECT_EQ(moco_tensor_accumulate(whole, floats({ 1 }, { 0.5F })), MOCO_EINVALID) << "no cut to integers";
    EXPECT_EQ(longs_of(whole), std::vector<int64_t>{ 1 });
    ASSERT_OK(moco_tensor_zero(tensor));
    EXPECT_EQ(values_of(tensor), Values(6, 0));
    EXPECT_EQ(moco_tensor_zero(nullptr), MOCO_EINVALID);
}
