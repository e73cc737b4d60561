// Tests SGD against its formula, and what it refuses.
#include "support/tensors.hpp"

#include <cmath>

using moco_test::values_of;

namespace {

using Values = std::vector<float>;

class Sgd : public moco_test::TensorTest {
  protected:
    void SetUp() override
    {
        TensorTest::SetUp();
        x_ = floats({ 1, 2 }, { 1, -2 });
        idle_ = floats({ 1 }, { 5 });
        ASSERT_OK(moco_tensor_require_gradient(x_));
        ASSERT_OK(moco_tensor_require_gradient(idle_));
        const moco_tensor *both[] = { x_, idle_ };
        moco_tensor_list *list = nullptr;
        ASSERT_OK(moco_tensor_list_create(&list, both, 2));
        parameters_.reset(list);
    }

    void TearDown() override
    {
        sgd_.reset();
        parameters_.reset();
        TensorTest::TearDown();
    }

    void create(double momentum, double weight_decay)
    {
        moco_sgd_options options = MOCO_SGD_OPTIONS_INIT;
        options.momentum = momentum;
        options.weight_decay = weight_decay;
        moco_sgd *sgd = nullptr;
        ASSERT_OK(moco_sgd_create(&sgd, parameters_.get(), &options));
        sgd_.reset(sgd);
    }

    // Adds {3, 4} to the gradient of x.
    void add_gradient()
    {
        moco_tensor *loss = nullptr;
        ASSERT_OK(moco_tensor_row_dot(&loss, scope, x_, floats({ 1, 2 }, { 3, 4 })));
        ASSERT_OK(moco_tensor_backward(loss));
    }

    const moco_tensor *buffer(size_t index)
    {
        return moco_tensor_list_get(moco_sgd_momentum_buffers(sgd_.get()), index);
    }

    moco_tensor *x_ = nullptr;
    moco_tensor *idle_ = nullptr;
    moco_test::Owned<moco_tensor_list> parameters_;
    moco_test::Owned<moco_sgd> sgd_;
};

} // namespace

TEST_F(Sgd, FollowsItsFormula)
{
    create(0.5, 0.25);
    add_gradient();
    ASSERT_OK(moco_sgd_step(sgd_.get(), 0.125));
    // g = {3, 4} + .25 {1, -2}; v = g; x -= .125 v
    EXPECT_EQ(values_of(buffer(0)), (Values{ 3.25F, 3.5F }));
    EXPECT_EQ(values_of(x_), (Values{ 0.59375F, -2.4375F }));
    ASSERT_OK(moco_sgd_zero_grad(sgd_.get()));
    add_gradient();
    ASSERT_OK(moco_sgd_step(sgd_.get(), 0.125));
    // g = {3, 4} + .25 x; v = .5 v + g
    const Values v = { 0.5F * 3.25F + 3 + 0.25F * 0.59375F, 0.5F * 3.5F + 4 - 0.25F * 2.4375F };
    EXPECT_EQ(values_of(buffer(0)), v);
    EXPECT_EQ(values_of(x_), (Values{ 0.59375F - 0.125F * v[0], -2.4375F - 0.125F * v[1] }));
    EXPECT_EQ(values_of(idle_), Values{ 5 }) << "no gradient, so no step and no weight decay";
    EXPECT_EQ(values_of(buffer(1)), Values{ 0 });
    EXPECT_EQ(moco_tensor_list_count(moco_sgd_momentum_buffers(sgd_.get())), 2U);
}

TEST_F(Sgd, ZeroGradDropsGradients)
{
    create(0, 0);
    ASSERT_OK(moco_sgd_zero_grad(sgd_.get())) << "before there are gradients";
    add_gradient();
    add_gradient();
    ASSERT_OK(moco_tensor_gradient(&out, scope, x_));
    EXPECT_EQ(values_of(out), (Values{ 6, 8 }));
    ASSERT_OK(moco_sgd_zero_grad(sgd_.get()));
    EXPECT_EQ(values_of(out), (Values{ 6, 8 })) << "a handle keeps its values";
    EXPECT_EQ(moco_tensor_gradient(&out, scope, x_), MOCO_EINVALID);
    add_gradient();
    ASSERT_OK(moco_sgd_step(sgd_.get(), 1));
    EXPECT_EQ(values_of(x_), (Values{ -2, -6 }));
}

TEST_F(Sgd, StepsWithoutAGradientOrARateChangeNothing)
{
    create(0.9, 0.5);
    ASSERT_OK(moco_sgd_step(sgd_.get(), 1));
    add_gradient();
    ASSERT_OK(moco_sgd_step(sgd_.get(), 0));
    EXPECT_EQ(values_of(x_), (Values{ 1, -2 }));
}

TEST_F(Sgd, RefusesBadLearningRatesAndChangesNothing)
{
    create(0.9, 0.5);
    add_gradient();
    for (const double lr : { -0.1, static_cast<double>(NAN), static_cast<double>(INFINITY) }) {
        EXPECT_EQ(moco_sgd_step(sgd_.get(), lr), MOCO_EINVALID);
        EXPECT_NE(std::string(moco_error_message()).find("learning rate"), std::string::npos);
    }
    EXPECT_EQ(values_of(x_), (Values{ 1, -2 }));
    EXPECT_EQ(values_of(buffer(0)), (Values{ 0, 0 }));
}

TEST_F(Sgd, RefusesBadOptions)
{
    auto *const sentinel = reinterpret_cast<moco_sgd *>(this);
    moco_sgd *sgd = sentinel;
    const auto create = [&](double momentum, double weight_decay) {
        moco_sgd_options options = MOCO_SGD_OPTIONS_INIT;
        options.momentum = momentum;
        options.weight_decay = weight_decay;
        return moco_sgd_create(&sgd, parameters_.get(), &options);
    };
    EXPECT_EQ(create(1, 0), MOCO_EINVALID);
    EXPECT_EQ(create(-0.1, 0), MOCO_EINVALID);
    EXPECT_EQ(create(NAN, 0), MOCO_EINVALID);
    EXPECT_EQ(create(0.9, -1), MOCO_EINVALID);
    EXPECT_EQ(create(0.9, NAN), MOCO_EINVALID);
    EXPECT_EQ(moco_sgd_create(nullptr, parameters_.get(), nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_sgd_create(&sgd, nullptr, nullptr), MOCO_EINVALID);
    EXPECT_EQ(sgd, sentinel);
    EXPECT_EQ(moco_sgd_zero_grad(nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_sgd_step(nullptr, 0.1), MOCO_EINVALID);
    EXPECT_EQ(moco_sgd_momentum_buffers(nullptr), nullptr);
    moco_sgd_free(nullptr);
}
