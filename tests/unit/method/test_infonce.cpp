// Tests InfoNCE with values by hand.
#include "support/tensors.hpp"

extern "C" {
#include "method/infonce_internal.h"
#include "method/loss_bounds_internal.h"
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

TEST_F(InfoNce, BoundsOfEachMechanism)
{
    moco__loss_setting s{};
    s.queue_size = 4096;
    s.batch = 512;
    s.dim = 128;
    s.temperature = 0.1;
    const double one = std::log1p(4096 * std::exp(1 / (2 * 128 * 0.01) - 10));
    auto bounds = moco__loss_bounds_of(&s);
    EXPECT_DOUBLE_EQ(bounds.negatives, 4096);
    EXPECT_NEAR(bounds.floor, one, 1e-12);
    EXPECT_NEAR(bounds.chance, std::log(4097), 1e-12);
    s.symmetric = true;
    EXPECT_NEAR(moco__loss_bounds_of(&s).floor, 2 * one, 1e-12);
    s.symmetric = false;
    s.mechanism = MOCO_MECHANISM_END_TO_END;
    bounds = moco__loss_bounds_of(&s);
    EXPECT_DOUBLE_EQ(bounds.negatives, 511);
    EXPECT_NEAR(bounds.chance, std::log(512), 1e-12);
    s.mechanism = MOCO_MECHANISM_MOMENTUM_BATCH; // its loss is scaled by 2 T
    EXPECT_NEAR(moco__loss_bounds_of(&s).chance, 0.2 * std::log(512), 1e-12);
    EXPECT_NEAR(moco__loss_bounds_of(&s).floor, 0.2 * bounds.floor, 1e-12);
}

// An image's own features among the negatives are as good as the positive: one of them keeps the loss above ln 2.
TEST_F(InfoNce, FloorCountsTheImagesOwnFeatures)
{
    moco__loss_setting s{};
    s.queue_size = 1000;
    s.dim = 128;
    s.temperature = 0.01; // other negatives cost nothing
    s.images = 1000;
    auto bounds = moco__loss_bounds_of(&s);
    EXPECT_DOUBLE_EQ(bounds.own, 0.5) << "half of the keys of the epoch before are still there";
    EXPECT_NEAR(bounds.floor, std::log(2) / 2, 1e-12);
    s.images = 500;
    bounds = moco__loss_bounds_of(&s);
    EXPECT_DOUBLE_EQ(bounds.own, 1.5);
    EXPECT_NEAR(bounds.floor, (std::log(2) + std::log(3)) / 2, 1e-12);
    s.images = 100000;
    EXPECT_LT(moco__loss_bounds_of(&s).floor, 1e-4);
    s.images = 1000;
    s.symmetric = true; // the queue holds two keys of each of 500 images
    EXPECT_DOUBLE_EQ(moco__loss_bounds_of(&s).own, 0.25);
    s.symmetric = false;
    s.mechanism = MOCO_MECHANISM_MEMORY_BANK;
    bounds = moco__loss_bounds_of(&s);
    EXPECT_DOUBLE_EQ(bounds.own, 1);
    EXPECT_NEAR(bounds.floor, std::log(2), 1e-12);
    s.mechanism = MOCO_MECHANISM_END_TO_END;
    EXPECT_DOUBLE_EQ(moco__loss_bounds_of(&s).own, 0);
}
