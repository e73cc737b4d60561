// Tests that faults of the caller are called so, and that nothing is accepted in silence.
#include "support/tensors.hpp"

#include <cmath>

namespace {

using moco_test::cpu;
using moco_test::values_of;

class TensorMisuse : public moco_test::TensorTest {};

bool has(const char *part)
{
    return std::string(moco_error_message()).find(part) != std::string::npos;
}

} // namespace

TEST_F(TensorMisuse, ShapesAndTypesAreTheCallersFault)
{
    const moco_tensor *a = floats({ 2, 3 }, { 1, 2, 3, 4, 5, 6 });
    const moco_tensor *b = floats({ 2, 2 }, { 1, 2, 3, 4 });
    const moco_tensor *whole = longs({ 2 }, { 0, 1 });
    const moco_tensor *beyond = longs({ 1 }, { 2 });
    const moco_tensor *below = longs({ 1 }, { -1 });
    const moco_tensor *ignored = longs({ 2 }, { 0, -100 });
    const moco_tensor *fourth = longs({ 2 }, { 0, 3 });
    const moco_tensor *tenth = longs({ 2 }, { 0, 9 });
    const moco_tensor *wholes = longs({ 1, 2 }, { 3, 4 });
    const moco_tensor *both[] = { a, b };
    EXPECT_REFUSED(moco_tensor_matmul(&out, scope, a, a), MOCO_EINVALID, "2x3 and 2x3");
    EXPECT_REFUSED(moco_tensor_add(&out, scope, a, b), MOCO_EINVALID, "(3) must match");
    EXPECT_REFUSED(moco_tensor_cat(&out, scope, both, 2, 0), MOCO_EINVALID, "must match except in dimension 0");
    EXPECT_REFUSED(moco_tensor_index_select(&out, scope, a, b), MOCO_EINVALID, "int64 index");
    EXPECT_REFUSED(moco_tensor_index_select(&out, scope, a, beyond), MOCO_EINVALID, "index 2");
    EXPECT_REFUSED(moco_tensor_index_select(&out, scope, a, below), MOCO_EINVALID, "index -1");
    EXPECT_REFUSED(moco_tensor_cross_entropy(&out, scope, a, b), MOCO_EINVALID, "int64 label");
    EXPECT_REFUSED(moco_tensor_cross_entropy(&out, scope, a, ignored), MOCO_EINVALID, "label -100");
    EXPECT_REFUSED(moco_tensor_cross_entropy(&out, scope, a, fourth), MOCO_EINVALID, "label 3");
    EXPECT_REFUSED(moco_tensor_label_rank(&out, scope, a, tenth), MOCO_EINVALID, "index 9");
    EXPECT_REFUSED(moco_tensor_divide(&out, scope, a, 0), MOCO_EINVALID, "divisor");
    EXPECT_REFUSED(moco_tensor_divide(&out, scope, a, NAN), MOCO_EINVALID, "divisor");
    EXPECT_REFUSED(moco_tensor_narrow(&out, scope, a, 0, -1, 1), MOCO_EINVALID, "from -1");
    EXPECT_REFUSED(moco_tensor_normalize(&out, scope, wholes), MOCO_EINVALID, "whole numbers");
    moco_tensor *counts = longs({ 2 }, { 3, 4 });
    EXPECT_EQ(moco_tensor_accumulate(counts, floats({ 2 }, { 0.5, 0.5 })), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_accumulate(counts, whole), MOCO_OK);
    EXPECT_EQ(moco_tensor_require_gradient(counts), MOCO_EINVALID);
}

TEST_F(TensorMisuse, MemoryThatElementsShareAndNumbersThatDoNotFitAreTheCallersFault)
{
    const int64_t sizes[] = { 4, 3 };
    const moco_value args[] = { moco_value_tensor(floats({ 1, 3 }, { 1, 2, 3 })), moco_value_ints(sizes, 2) };
    ASSERT_OK(moco_tensor_call(&out, 1, scope, "aten::expand", args, 2));
    const float values[12] = {};
    EXPECT_EQ(moco_tensor_set_from_host(out, values, sizeof values), MOCO_EINVALID);
    EXPECT_TRUE(has("moco_tensor_clone()")) << moco_error_message();
    EXPECT_REFUSED(moco_tensor_full(&out, scope, NAN, MOCO_INT64, cpu, sizes, 2), MOCO_EINVALID, "overflow");
    EXPECT_REFUSED(moco_tensor_full(&out, scope, 300, MOCO_UINT8, cpu, sizes, 2), MOCO_EINVALID, "overflow");
}

TEST_F(TensorMisuse, DevicesAreChecked)
{
    const int64_t size = 2;
    const moco_tensor *a = floats({ 1 }, { 1 });
    EXPECT_REFUSED(moco_tensor_zeros(&out, scope, MOCO_FLOAT32, { static_cast<moco_device_type>(9), 3 }, &size, 1),
                   MOCO_EINVALID, "type 9");
    EXPECT_REFUSED(moco_tensor_to(&out, scope, a, { static_cast<moco_device_type>(9), 3 }), MOCO_EINVALID, "type 9");
    EXPECT_REFUSED(moco_tensor_to(&out, scope, a, { MOCO_CUDA, 77 }), MOCO_EUNAVAILABLE, "cuda:77");
    EXPECT_REFUSED(moco_tensor_to(&out, scope, a, { MOCO_CUDA, -1 }), MOCO_EUNAVAILABLE, "cuda:-1");
    EXPECT_EQ(moco_device_synchronize({ static_cast<moco_device_type>(9), 0 }), MOCO_EINVALID);
}

TEST_F(TensorMisuse, MemoryThatNobodyHasIsCalledSo)
{
    const int64_t petabytes = int64_t{ 1 } << 50;
    const std::vector<int64_t> overflow = { INT64_MAX, INT64_MAX };
    const std::vector<int64_t> many(65, 1);
    EXPECT_REFUSED(moco_tensor_empty(&out, scope, MOCO_FLOAT32, cpu, &petabytes, 1), MOCO_ENOMEM, "memory");
    EXPECT_REFUSED(moco_tensor_zeros(&out, scope, MOCO_FLOAT32, cpu, overflow.data(), 2), MOCO_ENOMEM, "memory");
    EXPECT_REFUSED(moco_tensor_zeros(&out, scope, MOCO_FLOAT32, cpu, many.data(), 65), MOCO_EINVALID, "at most 64");
    EXPECT_OK(moco_tensor_zeros(&out, scope, MOCO_FLOAT32, cpu, many.data(), 64));
}

TEST_F(TensorMisuse, AutogradSpeaksToProgramsInC)
{
    moco_tensor *w = floats({ 1, 1 }, { 2 });
    moco_tensor *product = nullptr;
    moco_tensor *loss = nullptr;
    ASSERT_OK(moco_tensor_require_gradient(w));
    ASSERT_OK(moco_tensor_matmul(&product, scope, w, w));
    ASSERT_OK(moco_tensor_matmul(&loss, scope, product, product));
    EXPECT_EQ(moco_tensor_require_gradient(loss), MOCO_EINVALID);
    ASSERT_OK(moco_tensor_backward(loss));
    EXPECT_EQ(moco_tensor_backward(loss), MOCO_EINVALID);
    EXPECT_TRUE(has("compute it again") && !has("retain_graph=True")) << moco_error_message();
    ASSERT_OK(moco_tensor_matmul(&product, scope, w, w));
    ASSERT_OK(moco_tensor_matmul(&loss, scope, product, product));
    ASSERT_OK(moco_tensor_zero(w));
    EXPECT_EQ(moco_tensor_backward(loss), MOCO_EINVALID);
    EXPECT_TRUE(has("written to after it was used") && !has("torch.")) << moco_error_message();
}
