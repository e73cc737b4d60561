// Tests calls of libtorch's operators by name: schemas, defaults, overloads, gradients, and what is refused.
#include "support/tensors.hpp"

#include <cmath>

using moco_test::longs_of;
using moco_test::sizes_of;
using moco_test::values_of;

namespace {

using Values = std::vector<float>;

class TensorCall : public moco_test::TensorTest {
  protected:
    moco_status call(const char *op, const std::vector<moco_value> &args)
    {
        return moco_tensor_call(&out, 1, scope, op, args.data(), args.size());
    }

    moco_tensor *matrix() { return floats({ 2, 3 }, { 1, 2, 3, 4, 5, 6 }); }
};

moco_value value(const moco_tensor *tensor)
{
    return moco_value_tensor(tensor);
}

moco_value value(const std::vector<int64_t> &ints)
{
    return moco_value_ints(ints.data(), ints.size());
}

moco_value named(const char *name, moco_value it)
{
    return moco_value_named(name, it);
}

} // namespace

TEST_F(TensorCall, FillsInDefaultsAndTakesArgumentsByName)
{
    const std::vector<int64_t> rows{ 1 };
    ASSERT_OK(call("aten::logsumexp", { value(matrix()), value(rows) }));
    EXPECT_EQ(sizes_of(out), std::vector<int64_t>{ 2 });
    EXPECT_NEAR(values_of(out)[0], std::log(std::exp(1) + std::exp(2) + std::exp(3)), 1e-5);
    ASSERT_OK(call("aten::logsumexp", { value(matrix()), moco_value_int(1), moco_value_bool(true) }));
    EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 2, 1 }));
    ASSERT_OK(call("aten::logsumexp", { named("keepdim", moco_value_bool(true)), named("self", value(matrix())),
                                        named("dim", moco_value_int(0)) }));
    EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 1, 3 }));
    ASSERT_OK(call("aten::add.Tensor", { value(matrix()), value(matrix()), named("alpha", moco_value_int(2)) }));
    EXPECT_EQ(values_of(out), (Values{ 3, 6, 9, 12, 15, 18 }));
    ASSERT_OK(call("aten::clamp", { value(matrix()), moco_value_none(), moco_value_real(2) })) << "None where it fits";
    EXPECT_EQ(values_of(out), (Values{ 1, 2, 2, 2, 2, 2 }));
    ASSERT_OK(call("aten::sum.dim_IntList", { value(matrix()), moco_value_int(0), moco_value_none() }))
        << "the default";
    EXPECT_EQ(values_of(out), (Values{ 5, 7, 9 }));
}

TEST_F(TensorCall, TakesOneNumberForAllAndNoneForADefaultOfNone)
{
    moco_tensor *const image = floats({ 1, 2, 2 }, { 1, 2, 3, 4 });
    const int64_t one[] = { 1 };
    const int64_t two[] = { 2, 2 };
    ASSERT_OK(call("aten::reflection_pad2d", { value(image), moco_value_ints(one, 1) }));
    EXPECT_EQ(moco_tensor_size(out, 1), 4);
    ASSERT_OK(call("aten::max_pool2d", { value(image), moco_value_ints(two, 2), moco_value_ints(nullptr, 0) }));
    EXPECT_EQ(values_of(out), Values{ 4 });
    ASSERT_OK(call("aten::sum", { value(image), moco_value_ints(two, 1) }));
    EXPECT_EQ(values_of(out), (Values{ 3, 7 }));
}

TEST_F(TensorCall, ChoosesTheOverloadThatFits)
{
    ASSERT_OK(call("aten::add", { value(matrix()), moco_value_real(0.5) }));
    EXPECT_EQ(values_of(out)[0], 1.5F);
    ASSERT_OK(call("aten::add", { value(matrix()), value(matrix()) }));
    EXPECT_EQ(values_of(out)[5], 12.0F);
    ASSERT_OK(call("aten::sum", { value(matrix()) }));
    EXPECT_EQ(values_of(out), Values{ 21 });
    const std::vector<int64_t> both{ 0, 1 };
    ASSERT_OK(call("aten::sum", { value(matrix()), value(both), moco_value_bool(true) }));
    EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 1, 1 }));
    ASSERT_OK(call("aten::max", { value(matrix()), value(floats({ 1 }, { 4 })) }));
    EXPECT_EQ(values_of(out), (Values{ 4, 4, 4, 4, 5, 6 }));
    ASSERT_OK(call("aten::mean", { value(longs({ 2 }, { 1, 2 })), named("dtype", moco_value_dtype(MOCO_FLOAT32)) }));
    EXPECT_EQ(values_of(out), Values{ 1.5F });
}

TEST_F(TensorCall, GivesSeveralResultsListsAndNumbers)
{
    moco_tensor *outs[3] = { nullptr, nullptr, nullptr };
    moco_value args[] = { value(matrix()), moco_value_int(1) };
    ASSERT_OK(moco_tensor_call(outs, 2, scope, "aten::max.dim", args, 2));
    EXPECT_EQ(values_of(outs[0]), (Values{ 3, 6 }));
    EXPECT_EQ(longs_of(outs[1]), (std::vector<int64_t>{ 2, 2 }));
    ASSERT_OK(moco_tensor_call(outs, 1, scope, "aten::max.dim", args, 2)) << "fewer than it gives";
    args[1] = moco_value_int(1);
    moco_value split[] = { value(matrix()), moco_value_int(1), moco_value_int(1) };
    ASSERT_OK(moco_tensor_call(outs, 3, scope, "aten::split.Tensor", split, 3));
    EXPECT_EQ(values_of(outs[2]), (Values{ 3, 6 }));
    const moco_tensor *two[] = { matrix(), matrix() };
    ASSERT_OK(call("aten::stack", { moco_value_tensors(two, 2) }));
    EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 2, 2, 3 }));
    const moco_tensor *picks[] = { nullptr, longs({ 1 }, { 2 }) };
    ASSERT_OK(call("aten::index.Tensor", { value(matrix()), moco_value_tensors(picks, 2) })) << "None in a list";
    EXPECT_EQ(values_of(out), (Values{ 3, 6 }));
    ASSERT_OK(call("aten::equal", { value(matrix()), value(matrix()) }));
    EXPECT_EQ(moco_tensor_dtype(out), MOCO_BOOL);
    EXPECT_EQ(moco_tensor_numel(out), 1);
}

TEST_F(TensorCall, GradientsAreThoseOfTheDirectFunctions)
{
    moco_tensor *gradients[2] = { nullptr, nullptr };
    for (int generic = 0; generic < 2; ++generic) {
        moco_tensor *w = floats({ 2, 3 }, { 1, -2, 3, -4, 5, 6 });
        moco_tensor *product = nullptr;
        moco_tensor *loss = nullptr;
        ASSERT_OK(moco_tensor_require_gradient(w));
        const moco_tensor *labels = longs({ 2 }, { 0, 2 });
        if (generic == 1) {
            ASSERT_OK(call("aten::linalg_vector_norm",
                           { value(w), moco_value_int(2), moco_value_int(1), moco_value_bool(true) }));
            ASSERT_OK(call("aten::clamp_min", { value(out), moco_value_real(1e-12) }));
            ASSERT_OK(call("aten::div.Tensor", { value(w), value(out) }));
            product = out;
            ASSERT_OK(call("aten::cross_entropy_loss", { value(product), value(labels) }));
            loss = out;
        } else {
            ASSERT_OK(moco_tensor_normalize(&product, scope, w));
            ASSERT_OK(moco_tensor_cross_entropy(&loss, scope, product, labels));
        }
        ASSERT_OK(moco_tensor_backward(loss));
        ASSERT_OK(moco_tensor_gradient(&gradients[generic], scope, w));
    }
    EXPECT_EQ(values_of(gradients[0]), values_of(gradients[1])) << "to the bit";
}

TEST_F(TensorCall, SaysWhichArgumentIsWrongAndWhatTheSchemaWants)
{
    const moco_value self = value(matrix());
    EXPECT_REFUSED(call("aten::logsumexp", { self, moco_value_bool(true) }), MOCO_EINVALID,
                   "args[1] (dim) is a truth value; the schema wants int[1]");
    EXPECT_REFUSED(call("aten::logsumexp", { self }), MOCO_EINVALID, "argument dim (int[1]) is missing");
    EXPECT_REFUSED(call("aten::relu", { self, self }), MOCO_EINVALID, "args[1] is one too many");
    EXPECT_REFUSED(call("aten::relu", { value(static_cast<moco_tensor *>(nullptr)) }), MOCO_EINVALID,
                   "args[0] (self) holds NULL");
    EXPECT_REFUSED(call("aten::relu", { moco_value_none() }), MOCO_EINVALID, "args[0] (self) is none");
    EXPECT_REFUSED(call("aten::relu", { named("selv", self) }), MOCO_EINVALID, "named 'selv'");
    EXPECT_REFUSED(call("aten::relu", { self, named("self", self) }), MOCO_EINVALID, "args[1] (self) is given twice");
    EXPECT_REFUSED(call("aten::stack", { moco_value_tensors(nullptr, 2) }), MOCO_EINVALID, "holds NULL");
    EXPECT_REFUSED(call("aten::index.Tensor", { self, moco_value_tensors(nullptr, 0) }), MOCO_EINVALID,
                   "at least one index must be provided");
    EXPECT_REFUSED(call("aten::permute", { self, moco_value_ints(nullptr, 2) }), MOCO_EINVALID, "holds NULL");
    EXPECT_REFUSED(call("aten::add", { self, moco_value_text("1") }), MOCO_EINVALID, "no overload takes these");
    const int64_t many[] = { 1, 1, 1 };
    EXPECT_REFUSED(call("aten::reflection_pad2d", { self, moco_value_ints(many, 3) }), MOCO_EINVALID,
                   "args[1] (padding) is a list of 3 whole numbers; the schema wants SymInt[4]");
    EXPECT_REFUSED(call("aten::reflection_pad2d", { self, moco_value_ints(many, 0) }), MOCO_EINVALID, "a list of 0");
    moco_value odd = self;
    odd.kind = static_cast<moco_value_kind>(77);
    EXPECT_REFUSED(call("aten::relu", { odd }), MOCO_EINVALID, "unknown kind 77");
    EXPECT_REFUSED(call("aten::mm", { self, self }), MOCO_EINVALID, "shapes cannot be multiplied");
    EXPECT_REFUSED(call("aten::cat", { moco_value_tensors(nullptr, 0) }), MOCO_EINVALID, "non-empty list");
    EXPECT_EQ(std::string(moco_error_message()).find("torch."), std::string::npos) << moco_error_message();
    EXPECT_REFUSED(moco_tensor_call(&out, 2, scope, "aten::relu", &self, 1), MOCO_EINVALID, "gives 1 tensors; 2");
    EXPECT_REFUSED(moco_tensor_call(nullptr, 1, scope, "aten::relu", &self, 1), MOCO_EINVALID, "outs");
    EXPECT_REFUSED(moco_tensor_call(&out, 1, scope, nullptr, &self, 1), MOCO_EINVALID, "op");
    EXPECT_REFUSED(moco_tensor_call(&out, 1, scope, "aten::relu", nullptr, 1), MOCO_EINVALID, "args");
}

TEST_F(TensorCall, KnowsTheNameThatWasMeant)
{
    const moco_value self = value(matrix());
    EXPECT_REFUSED(call("aten::logsumex", { self }), MOCO_ENOTFOUND, "did you mean 'aten::logsumexp'?");
    EXPECT_REFUSED(call("relu", { self }), MOCO_ENOTFOUND, "did you mean 'aten::relu'?");
    EXPECT_REFUSED(call("aten::add.Tensr", { self }), MOCO_ENOTFOUND, "no overload 'Tensr'; there are");
    EXPECT_REFUSED(call("", { self }), MOCO_ENOTFOUND, "no operator ''");
    EXPECT_REFUSED(call("aten::", { self }), MOCO_ENOTFOUND, "no operator");
    EXPECT_REFUSED(call("::", { self }), MOCO_ENOTFOUND, "no operator");
    EXPECT_REFUSED(call(".", { self }), MOCO_ENOTFOUND, "no operator");
}

TEST_F(TensorCall, RefusesWhatChangesMoreThanItsFirstArgument)
{
    const moco_value self = value(matrix());
    const std::vector<int64_t> size{ 100 };
    EXPECT_REFUSED(call("aten::resize_", { self, value(size) }), MOCO_EINVALID, "changes sizes");
    EXPECT_REFUSED(call("aten::t_", { self }), MOCO_EINVALID, "changes sizes");
    EXPECT_REFUSED(call("aten::set_.source_Tensor", { self, self }), MOCO_EINVALID, "changes sizes");
    EXPECT_REFUSED(call("aten::add.out", { self, self, named("out", self) }), MOCO_EINVALID,
                   "writes into its argument");
    EXPECT_REFUSED(call("aten::from_file", { moco_value_text("/etc/passwd") }), MOCO_EINVALID, "files");
    EXPECT_REFUSED(call("aten::_reshape_alias", { self, value(size), value(size) }), MOCO_EINVALID, "internal");
    EXPECT_REFUSED(call("aten::complex", { self, self }), MOCO_EINVALID, "ComplexFloat");
    EXPECT_REFUSED(call("aten::to_sparse", { self }), MOCO_EINVALID, "sparse");
}

TEST_F(TensorCall, WritesInPlaceAsAutogradAllows)
{
    moco_tensor *bank = floats({ 3, 1 }, { 1, 2, 3 });
    const moco_value args[] = { value(bank), moco_value_int(0), value(longs({ 2 }, { 2, 0 })),
                                value(floats({ 2, 1 }, { 7, 8 })) };
    ASSERT_OK(moco_tensor_call(nullptr, 0, scope, "aten::index_copy_", args, 4)) << "no results are wanted";
    EXPECT_EQ(values_of(bank), (Values{ 8, 2, 7 }));
    ASSERT_OK(moco_tensor_require_gradient(bank));
    EXPECT_EQ(moco_tensor_call(nullptr, 0, scope, "aten::zero_", args, 1), MOCO_EINVALID) << "a parameter";
    EXPECT_EQ(values_of(bank), (Values{ 8, 2, 7 }));
    moco_no_grad_begin();
    EXPECT_OK(moco_tensor_call(nullptr, 0, scope, "aten::zero_", args, 1));
    EXPECT_OK(moco_no_grad_end());
    EXPECT_EQ(values_of(bank), (Values{ 0, 0, 0 }));
    const moco_tensor *list[] = { floats({ 1 }, { 2 }), floats({ 1 }, { 3 }) };
    const moco_value scale[] = { moco_value_tensors(list, 2), moco_value_real(10) };
    ASSERT_OK(moco_tensor_call(nullptr, 0, scope, "aten::_foreach_mul_.Scalar", scale, 2));
    EXPECT_EQ(values_of(list[1]), Values{ 30 });
}
