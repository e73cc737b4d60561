// Tests InfoNCE with values by hand.
#include "support/tensors.hpp"

extern "C" {
#include "method/infonce_internal.h"
}

#include <cmath>

using moco_test::values_of;

namespace {

class InfoNce : public moco_test::TensorTest {};

} // namespace

TEST_F(InfoNce, ByHand)
{
    moco_tensor *q = floats({ 2, 2 }, { 1, 0, 0, 1 });
    moco_tensor *k = floats({ 2, 2 }, { 1, 0, 0.6F, 0.8F });
    moco_tensor *queue = floats({ 1, 2 }, { 0, 1 });
    ASSERT_OK(moco_infonce_logits(&out, scope, q, k, queue, 0.5));
    EXPECT_EQ(values_of(out), (std::vector<float>{ 2, 0, 1.6F, 2 }));
    moco_tensor *loss = nullptr;
    double value = 0;
    ASSERT_OK(moco_infonce_loss(&loss, scope, out));
    ASSERT_OK(moco_tensor_item(&value, loss));
    EXPECT_NEAR(value, (std::log(1 + std::exp(-2.0)) + std::log(1 + std::exp(0.4))) / 2, 1e-6);
}

TEST_F(InfoNce, Refuses)
{
    moco_tensor *q = random({ 2, 3 }, 1);
    moco_tensor *queue = random({ 4, 3 }, 2);
    moco_tensor *other = random({ 2, 2 }, 3);
    moco_tensor *vector = random({ 2 }, 4);
    EXPECT_REFUSED(moco_infonce_logits(&out, scope, q, q, queue, 0), MOCO_EINVALID, "temperature 0");
    EXPECT_REFUSED(moco_infonce_logits(&out, scope, q, q, queue, NAN), MOCO_EINVALID, "temperature");
    EXPECT_REFUSED(moco_infonce_logits(&out, scope, nullptr, q, queue, 1), MOCO_EINVALID, "NULL");
    EXPECT_REFUSED(moco_infonce_logits(&out, scope, q, nullptr, queue, 1), MOCO_EINVALID, "NULL");
    EXPECT_REFUSED(moco_infonce_logits(&out, scope, q, q, nullptr, 1), MOCO_EINVALID, "negatives");
    EXPECT_REFUSED(moco_infonce_logits(&out, scope, q, other, queue, 1), MOCO_EINVALID, "sizes");
    EXPECT_REFUSED(moco_infonce_logits(&out, scope, q, q, other, 1), MOCO_EINVALID, "cannot be multiplied");
    EXPECT_EQ(moco_infonce_logits(nullptr, scope, q, q, queue, 1), MOCO_EINVALID);
    EXPECT_REFUSED(moco_infonce_loss(&out, scope, nullptr), MOCO_EINVALID, "logits");
    EXPECT_REFUSED(moco_infonce_loss(&out, scope, vector), MOCO_EINVALID, "matrix");
}

TEST_F(InfoNce, FloorAndChance)
{
    // v2, v1 and the CIFAR demonstration of the reference.
    EXPECT_NEAR(moco__infonce_floor(65536, 128, 0.2), 6.19, 0.01);
    EXPECT_NEAR(moco__infonce_floor(65536, 128, 0.07), 0.09, 0.01);
    EXPECT_NEAR(moco__infonce_floor(4096, 128, 0.1), 0.24, 0.01);
    EXPECT_NEAR(moco__infonce_chance(65536), 11.09, 0.01);
    EXPECT_NEAR(moco__infonce_chance(4096), 8.32, 0.01);
}
