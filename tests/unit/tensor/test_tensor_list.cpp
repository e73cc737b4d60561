// Tests lists of tensors and gradients.
#include "base/tensor_internal.h"
#include "support/tensors.hpp"

using moco_test::values_of;

namespace {

using Values = std::vector<float>;

using List = moco_test::Owned<moco_tensor_list>;

List list_of(const std::vector<const moco_tensor *> &tensors)
{
    moco_tensor_list *list = nullptr;
    EXPECT_OK(moco_tensor_list_create(&list, tensors.data(), tensors.size()));
    return List(list);
}

class TensorList : public moco_test::TensorTest {};
class Autograd : public moco_test::TensorTest {};

} // namespace

TEST_F(TensorList, HoldsSecondHandles)
{
    moco_tensor *a = floats({ 2 }, { 1, 2 });
    moco_tensor *b = floats({ 1 }, { 3 });
    const List list = list_of({ a, b });
    EXPECT_EQ(moco_tensor_list_count(list.get()), 2U);
    ASSERT_OK(moco_tensor_zero(a));
    EXPECT_EQ(values_of(moco_tensor_list_get(list.get(), 0)), (Values{ 0, 0 }));
    EXPECT_EQ(values_of(moco_tensor_list_get(list.get(), 1)), Values{ 3 });
    EXPECT_EQ(moco_tensor_list_get(list.get(), 2), nullptr);
    EXPECT_EQ(moco_tensor_list_count(nullptr), 0U);
    EXPECT_EQ(moco_tensor_list_get(nullptr, 0), nullptr);
    moco_tensor_list_free(nullptr);
}

TEST_F(TensorList, RefusesNull)
{
    const moco_tensor *tensors[] = { floats({ 1 }, { 3 }), nullptr };
    auto *const sentinel = reinterpret_cast<moco_tensor_list *>(this);
    moco_tensor_list *list = sentinel;
    EXPECT_EQ(moco_tensor_list_create(nullptr, tensors, 1), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_list_create(&list, nullptr, 1), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_list_create(&list, tensors, 2), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("tensor 1 is NULL"), std::string::npos) << moco_error_message();
    EXPECT_EQ(moco_tensor_list_create(&list, tensors, SIZE_MAX), MOCO_ENOMEM) << "before it reads any";
    EXPECT_EQ(list, sentinel);
}

TEST_F(TensorList, AverageIsRoundedAsWritten)
{
    moco_tensor *a = floats({ 2 }, { 1, 0.1F });
    moco_tensor *b = floats({ 1 }, { 8 });
    const List list = list_of({ a, b });
    const List other = list_of({ floats({ 2 }, { 3, 0.7F }), floats({ 1 }, { 0 }) });
    ASSERT_OK(moco__tensor_list_average(list.get(), other.get(), 0.75));
    EXPECT_EQ(values_of(a), (Values{ 1.5F, 0.1F * 0.75F + 0.25F * 0.7F }));
    EXPECT_EQ(values_of(b), Values{ 6 });
}

TEST_F(TensorList, AverageOfListsThatDifferChangesNothing)
{
    moco_tensor *a = floats({ 2 }, { 1, 2 });
    moco_tensor *b = floats({ 1 }, { 8 });
    const List list = list_of({ a, b });
    const List shorter = list_of({ a });
    const List sizes = list_of({ a, floats({ 2 }, { 1, 2 }) });
    const List types = list_of({ a, longs({ 1 }, { 1 }) });
    for (const auto *other : { shorter.get(), sizes.get(), types.get(), static_cast<moco_tensor_list *>(nullptr) }) {
        EXPECT_EQ(moco__tensor_list_average(list.get(), other, 0.5), MOCO_EINVALID);
        EXPECT_EQ(moco_tensor_list_average(list.get(), other, 0.5), MOCO_EINVALID);
    }
    EXPECT_EQ(moco__tensor_list_average(nullptr, list.get(), 0.5), MOCO_EINVALID);
    EXPECT_EQ(values_of(a), (Values{ 1, 2 }));
    EXPECT_EQ(values_of(b), Values{ 8 });
}

TEST_F(Autograd, BackwardAddsGradients)
{
    moco_tensor *x = floats({ 1, 2 }, { 2, 3 });
    EXPECT_REFUSED(moco_tensor_gradient(&out, scope, x), MOCO_EINVALID, "no gradient");
    ASSERT_OK(moco_tensor_require_gradient(x));
    for (const float times : { 1.0F, 2.0F }) {
        moco_tensor *loss = nullptr; /* 5 x.x */
        ASSERT_OK(moco__tensor_row_dot(&loss, scope, x, x));
        ASSERT_OK(moco_tensor_scale(&loss, scope, loss, 5));
        ASSERT_OK(moco_tensor_backward(loss));
        ASSERT_OK(moco_tensor_gradient(&out, scope, x));
        EXPECT_EQ(values_of(out), (Values{ 20 * times, 30 * times }));
        EXPECT_EQ(moco_tensor_backward(loss), MOCO_EINVALID) << "the graph is gone";
    }
}

TEST_F(Autograd, RefusesWhatHasNoGradient)
{
    moco_tensor *x = floats({ 1, 2 }, { 2, 3 });
    EXPECT_EQ(moco_tensor_backward(x), MOCO_EINVALID) << "no parameter";
    EXPECT_EQ(moco_tensor_require_gradient(longs({ 1 }, { 1 })), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_require_gradient(nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_backward(nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_gradient(nullptr, scope, x), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_gradient(&out, scope, nullptr), MOCO_EINVALID, "tensor");
    ASSERT_OK(moco_tensor_require_gradient(x));
    ASSERT_OK(moco_tensor_scale(&out, scope, x, 5));
    EXPECT_EQ(moco_tensor_backward(out), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("2 elements"), std::string::npos) << moco_error_message();
}

TEST_F(Autograd, DetachCutsTheHistory)
{
    moco_tensor *x = floats({ 1, 1 }, { 2 });
    moco_tensor *y = nullptr;
    ASSERT_OK(moco_tensor_require_gradient(x));
    ASSERT_OK(moco_tensor_scale(&y, scope, x, 5));
    ASSERT_OK(moco_tensor_detach(&out, scope, y));
    EXPECT_EQ(values_of(out), Values{ 10 });
    EXPECT_EQ(moco_tensor_backward(out), MOCO_EINVALID);
    ASSERT_OK(moco_tensor_zero(out));
    EXPECT_EQ(values_of(y), Values{ 0 }) << "the memory is shared";
    EXPECT_EQ(moco_tensor_detach(nullptr, scope, y), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_detach(&out, scope, nullptr), MOCO_EINVALID, "tensor");
}

// Operations that write into a tensor are not recorded, though it is a parameter.
TEST_F(Autograd, WritingIsNotRecorded)
{
    moco_tensor *x = floats({ 1, 2 }, { 3, 4 });
    moco_tensor *y = floats({ 1, 2 }, { 1, 1 });
    ASSERT_OK(moco_tensor_require_gradient(x));
    ASSERT_OK(moco__tensor_normalize_into(x, x));
    ASSERT_OK(moco_tensor_accumulate(x, y));
    ASSERT_OK(moco_tensor_copy(x, y));
    ASSERT_OK(moco_tensor_zero(x));
    ASSERT_OK(moco_tensor_accumulate(y, x));
    EXPECT_EQ(moco_tensor_backward(y), MOCO_EINVALID);
    ASSERT_OK(moco__tensor_row_dot(&out, scope, x, y));
    ASSERT_OK(moco_tensor_backward(out));
    ASSERT_OK(moco_tensor_gradient(&out, scope, x));
    EXPECT_EQ(values_of(out), (Values{ 1, 1 }));
}
