// Tests what is done with gradients: set, clip, keep the graph, and regions that record nothing.
#include "support/tensors.hpp"

#include <cmath>
#include <thread>

using moco_test::values_of;

namespace {

using Values = std::vector<float>;

class Gradients : public moco_test::TensorTest {
  protected:
    moco_tensor *parameter(const Values &values)
    {
        moco_tensor *made = floats({ static_cast<int64_t>(values.size()) }, values);
        EXPECT_OK(moco_tensor_require_gradient(made));
        return made;
    }

    // Adds 2 x to the gradient of x.
    void square(const moco_tensor *x)
    {
        moco_tensor *loss = nullptr;
        ASSERT_OK(moco_tensor_mul(&loss, scope, x, x));
        ASSERT_OK(moco_tensor_sum(&loss, scope, loss));
        ASSERT_OK(moco_tensor_backward(loss));
    }

    Values gradient_of(const moco_tensor *x)
    {
        EXPECT_OK(moco_tensor_gradient(&out, scope, x));
        return values_of(out);
    }
};

} // namespace

TEST_F(Gradients, CanBeSetAndDropped)
{
    moco_tensor *x = parameter({ 1, 2 });
    moco_tensor *mine = floats({ 2 }, { 5, 6 });
    ASSERT_OK(moco_tensor_set_gradient(x, mine));
    EXPECT_EQ(gradient_of(x), (Values{ 5, 6 }));
    square(x);
    EXPECT_EQ(gradient_of(x), (Values{ 7, 10 })) << "a backward pass adds to it";
    ASSERT_OK(moco_tensor_set_gradient(x, nullptr));
    EXPECT_EQ(moco_tensor_gradient(&out, scope, x), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_set_gradient(x, floats({ 1 }, { 5 })), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_set_gradient(x, longs({ 2 }, { 5, 6 })), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_set_gradient(mine, mine), MOCO_EINVALID) << "no parameter";
    EXPECT_EQ(moco_tensor_set_gradient(nullptr, mine), MOCO_EINVALID);
}

TEST_F(Gradients, AreClippedToACommonNorm)
{
    moco_tensor *x = parameter({ 1, 2 });
    moco_tensor *y = parameter({ 2 });
    const moco_tensor *all[] = { x, parameter({ 9 }), y };
    moco_tensor_list *list = nullptr;
    ASSERT_OK(moco_tensor_list_create(&list, all, 3));
    const moco_test::Owned<moco_tensor_list> owned(list);
    double norm = -1;
    ASSERT_OK(moco_tensor_list_clip_gradients(&norm, list, 1));
    EXPECT_EQ(norm, 0) << "there are none yet";
    square(x);
    square(y); // gradients 2 4 | 4, norm 6
    ASSERT_OK(moco_tensor_list_clip_gradients(&norm, list, INFINITY));
    EXPECT_NEAR(norm, 6, 1e-6);
    ASSERT_OK(moco_tensor_list_clip_gradients(nullptr, list, 10));
    EXPECT_EQ(gradient_of(x), (Values{ 2, 4 })) << "below the bound";
    ASSERT_OK(moco_tensor_list_clip_gradients(&norm, list, 3));
    EXPECT_NEAR(norm, 6, 1e-6);
    EXPECT_NEAR(gradient_of(x)[1], 2, 1e-5);
    EXPECT_NEAR(gradient_of(y)[0], 2, 1e-5);
    for (const double bad : { 0.0, -1.0, static_cast<double>(NAN) }) {
        EXPECT_EQ(moco_tensor_list_clip_gradients(&norm, list, bad), MOCO_EINVALID);
    }
    EXPECT_EQ(moco_tensor_list_clip_gradients(&norm, nullptr, 1), MOCO_EINVALID);
}

TEST_F(Gradients, GoThroughAGraphThatIsKeptTwice)
{
    moco_tensor *x = parameter({ 3 });
    moco_tensor *loss = nullptr;
    ASSERT_OK(moco_tensor_mul(&loss, scope, x, x));
    ASSERT_OK(moco_tensor_backward_with(loss, nullptr, true));
    ASSERT_OK(moco_tensor_backward_with(loss, floats({ 1 }, { 10 }), false));
    EXPECT_EQ(gradient_of(x), Values{ 66 });
    EXPECT_EQ(moco_tensor_backward(loss), MOCO_EINVALID) << "the second pass did not keep it";
    moco_tensor *pair = parameter({ 1, 2 });
    ASSERT_OK(moco_tensor_scale(&loss, scope, pair, 3));
    EXPECT_EQ(moco_tensor_backward_with(loss, nullptr, false), MOCO_EINVALID) << "no scalar";
    EXPECT_EQ(moco_tensor_backward_with(loss, floats({ 1 }, { 1 }), false), MOCO_EINVALID);
    ASSERT_OK(moco_tensor_backward_with(loss, floats({ 2 }, { 1, 2 }), false));
    EXPECT_EQ(gradient_of(pair), (Values{ 3, 6 }));
}

TEST_F(Gradients, AreNotRecordedInARegion)
{
    moco_tensor *x = parameter({ 3 });
    const auto records = [&] {
        moco_tensor *loss = nullptr;
        EXPECT_OK(moco_tensor_mul(&loss, scope, x, x));
        return moco_tensor_backward(loss) == MOCO_OK;
    };
    EXPECT_EQ(moco_no_grad_end(), MOCO_EINVALID);
    EXPECT_TRUE(records());
    moco_no_grad_begin();
    moco_no_grad_begin();
    EXPECT_FALSE(records());
    EXPECT_OK(moco_no_grad_end());
    EXPECT_FALSE(records()) << "the outer region has not ended";
    bool other = false;
    std::thread([&] { other = records(); }).join();
    EXPECT_TRUE(other) << "a region is of its thread";
    EXPECT_OK(moco_no_grad_end());
    EXPECT_TRUE(records());
    EXPECT_EQ(moco_no_grad_end(), MOCO_EINVALID);
}
