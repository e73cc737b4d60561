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

namespace {

class SgdGroups : public moco_test::TensorTest {
  protected:
    // Makes a parameter whose gradient is `gradient`, and a list of it alone.
    moco_tensor *parameter(const std::vector<int64_t> &sizes, const Values &values, const Values &gradient)
    {
        moco_tensor *made = floats(sizes, values);
        EXPECT_OK(moco_tensor_require_gradient(made));
        EXPECT_OK(moco_tensor_set_gradient(made, floats(sizes, gradient)));
        const moco_tensor *one[] = { made };
        moco_tensor_list *list = nullptr;
        EXPECT_OK(moco_tensor_list_create(&list, one, 1));
        lists_.emplace_back(list);
        return made;
    }

    void create(const moco_sgd_options &options)
    {
        moco_sgd *sgd = nullptr;
        ASSERT_OK(moco_sgd_create(&sgd, lists_[0].get(), &options));
        sgd_.reset(sgd);
    }

    void TearDown() override
    {
        sgd_.reset();
        lists_.clear();
        TensorTest::TearDown();
    }

    std::vector<moco_test::Owned<moco_tensor_list>> lists_;
    moco_test::Owned<moco_sgd> sgd_;
};

moco_sgd_options options_of(double momentum, double weight_decay, double rate, double trust)
{
    moco_sgd_options options = MOCO_SGD_OPTIONS_INIT;
    options.momentum = momentum;
    options.weight_decay = weight_decay;
    options.rate = rate;
    options.trust = trust;
    return options;
}

double length(const std::vector<double> &v)
{
    return std::sqrt(v[0] * v[0] + v[1] * v[1]);
}

} // namespace

TEST_F(SgdGroups, LearnAtRatesOfTheirOwn)
{
    moco_tensor *a = parameter({ 1 }, { 8 }, { 1 });
    moco_tensor *b = parameter({ 1 }, { 8 }, { 1 });
    create(options_of(0, 0, 1, 0));
    const moco_sgd_options other = options_of(0.5, 0.25, 2, 0);
    ASSERT_OK(moco_sgd_add_group(sgd_.get(), lists_[1].get(), &other));
    EXPECT_EQ(moco_tensor_list_count(moco_sgd_momentum_buffers(sgd_.get())), 2U);
    ASSERT_OK(moco_sgd_step(sgd_.get(), 0.5));
    EXPECT_EQ(values_of(a), Values{ 7.5 });
    EXPECT_EQ(values_of(b), Values{ 5 }) << "8 - 2 x .5 (1 + .25 x 8)";
    ASSERT_OK(moco_sgd_step(sgd_.get(), 0.5));
    EXPECT_EQ(values_of(a), Values{ 7 });
    EXPECT_EQ(values_of(b), Values{ 1.25 }) << "v = .5 x 3 + 1 + .25 x 5";
    ASSERT_OK(moco_sgd_zero_grad(sgd_.get()));
    EXPECT_EQ(moco_tensor_gradient(&out, scope, b), MOCO_EINVALID) << "of all groups";
    EXPECT_EQ(moco_sgd_add_group(sgd_.get(), lists_[1].get(), nullptr), MOCO_EINVALID) << "already in a group";
    const moco_tensor *const parameter = moco_tensor_list_get(lists_[0].get(), 0);
    const moco_tensor *const twice[] = { parameter, parameter };
    moco_tensor_list *list = nullptr;
    moco_sgd *made = nullptr;
    ASSERT_OK(moco_tensor_list_create(&list, twice, 2));
    EXPECT_EQ(moco_sgd_create(&made, list, nullptr), MOCO_EINVALID) << "it would move twice in a step";
    moco_tensor_list_free(list);
    EXPECT_EQ(moco_sgd_add_group(sgd_.get(), nullptr, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_sgd_add_group(nullptr, lists_[1].get(), nullptr), MOCO_EINVALID);
    const moco_sgd_options bad = options_of(0, 0, -1, 0);
    EXPECT_EQ(moco_sgd_add_group(sgd_.get(), lists_[0].get(), &bad), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_list_count(moco_sgd_momentum_buffers(sgd_.get())), 2U);
}

// The optimiser of facebookresearch/moco-v3, written out for two steps.
TEST_F(SgdGroups, LarsIsThatOfMocoV3)
{
    const double momentum = 0.9;
    const double decay = 0.1;
    const double trust = 0.001;
    const double lr = 2;
    moco_tensor *w = parameter({ 1, 2 }, { 3, -4 }, { 0.5, 2 });
    create(options_of(momentum, decay, 1, trust));
    moco_tensor *bias = parameter({ 2 }, { 3, -4 }, { 0.5, 2 });
    const moco_sgd_options same = options_of(momentum, decay, 1, trust);
    ASSERT_OK(moco_sgd_add_group(sgd_.get(), lists_[1].get(), &same));
    std::vector<double> p{ 3, -4 };
    std::vector<double> v{ 0, 0 };
    for (int step = 0; step < 2; ++step) {
        const std::vector<double> d{ 0.5 + decay * p[0], 2 + decay * p[1] };
        const double q = trust * length(p) / length(d);
        for (size_t i = 0; i < 2; ++i) {
            v[i] = momentum * v[i] + q * d[i];
        }
        p = { p[0] - lr * v[0], p[1] - lr * v[1] };
        ASSERT_OK(moco_sgd_step(sgd_.get(), lr));
    }
    EXPECT_NEAR(values_of(w)[0], p[0], 1e-6);
    EXPECT_NEAR(values_of(w)[1], p[1], 1e-6);
    EXPECT_NEAR(values_of(bias)[0], 3 - lr * 0.5 - lr * (momentum * 0.5 + 0.5), 1e-6) << "a plain step without decay";
    moco_tensor *gradient = nullptr;
    ASSERT_OK(moco_tensor_gradient(&gradient, scope, w));
    EXPECT_EQ(values_of(gradient), (Values{ 0.5, 2 })) << "the step leaves gradients as they are";
}

TEST_F(SgdGroups, LarsTakesParametersAndGradientsOfZero)
{
    moco_tensor *w = parameter({ 1, 2 }, { 0, 0 }, { 1, 1 });
    create(options_of(0, 0, 1, 0.5));
    ASSERT_OK(moco_sgd_step(sgd_.get(), 1));
    EXPECT_EQ(values_of(w), (Values{ -1, -1 })) << "the factor is 1";
    ASSERT_OK(moco_tensor_set_gradient(w, floats({ 1, 2 }, { 0, 0 })));
    ASSERT_OK(moco_sgd_step(sgd_.get(), 1));
    EXPECT_EQ(values_of(w), (Values{ -1, -1 }));
}
