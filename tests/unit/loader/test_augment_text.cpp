// Tests policies as text, and operations by an application's callback.
#include "unit/loader/augment_fixture.hpp"

#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>
#include <iterator>
#include <string>

using namespace augment_test;

namespace {

std::string text_of(const moco_augment_policy &policy)
{
    char text[MOCO_AUGMENT_TEXT_MAX] = "";
    EXPECT_EQ(moco_augment_format(text, sizeof text, &policy), MOCO_OK) << moco_error_message();
    return text;
}

bool says(const std::string &text)
{
    return std::string(moco_error_message()).find(text) != std::string::npos;
}

TEST_F(Augment, TextsSayWhatAPolicyDoes)
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    ASSERT_EQ(moco_augment_preset(&policy, "cifar", 0), MOCO_OK);
    EXPECT_EQ(text_of(policy),
              "Size(32) RandomResizedCrop(0.08, 1, 0.75, 1.3333333333333333) RandomHorizontalFlip() @ 0.5 "
              "ColorJitter(0.4, 0.4, 0.4, 0.1) @ 0.8 RandomGrayscale() @ 0.2 "
              "Normalize(0.4914, 0.4822, 0.4465, 0.2023, 0.1994, 0.201)");
}

TEST_F(Augment, EveryPresetComesBackFromItsText)
{
    for (size_t i = 0; moco_augment_preset_name(i) != nullptr; ++i) {
        moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
        moco_augment_policy read = MOCO_AUGMENT_POLICY_INIT;
        ASSERT_EQ(moco_augment_preset(&policy, moco_augment_preset_name(i), 64), MOCO_OK);
        ASSERT_EQ(moco_augment_parse(&read, text_of(policy).c_str()), MOCO_OK) << moco_error_message();
        EXPECT_EQ(std::memcmp(&read, &policy, sizeof read), 0) << moco_augment_preset_name(i);
    }
}

RC_GTEST_PROP(AugmentText, NumbersComeBackToTheBit, ())
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    policy.count = MOCO_AUGMENT_MAX_OPS;
    for (auto &op : policy.ops) {
        op = { MOCO_AUGMENT_CALLBACK, *rc::gen::inRange(0, 1000) / 999.0, { 0, 0, 0, 0 } };
        for (double &parameter : op.parameter) {
            const auto mantissa = *rc::gen::inRange<int64_t>(-(int64_t{ 1 } << 53), int64_t{ 1 } << 53);
            parameter = std::ldexp(static_cast<double>(mantissa), *rc::gen::inRange(-900, 900));
        }
    }
    char text[MOCO_AUGMENT_TEXT_MAX];
    RC_ASSERT(moco_augment_format(text, sizeof text, &policy) == MOCO_OK);
    moco_augment_policy read = MOCO_AUGMENT_POLICY_INIT;
    RC_ASSERT(moco_augment_parse(&read, text) == MOCO_OK);
    RC_ASSERT(read.count == policy.count);
    for (size_t i = 0; i < policy.count; ++i) {
        RC_ASSERT(read.ops[i].kind == policy.ops[i].kind);
        RC_ASSERT(read.ops[i].probability == policy.ops[i].probability);
        RC_ASSERT(std::equal(std::begin(policy.ops[i].parameter), std::end(policy.ops[i].parameter),
                             std::begin(read.ops[i].parameter)));
    }
}

TEST_F(Augment, WrongTextsAreRefused)
{
    const std::string end = " Normalize(0, 0, 0, 1, 1, 1)";
    for (const auto &wrong : std::vector<std::string>{
             std::string(),
             "Size(32)",
             "Resize()" + end,
             "Size(0)" + end,
             "Size(32" + end,
             "Size(32) Blur()" + end,
             "Size(32) Resize(1, 2, 3, 4, 5)" + end,
             "Size(32) Resize(nan)" + end,
             "Size(32) Resize() @ 2" + end,
             "Size(32) Normalize(0, 0, 0, 1, 1)",
             "Size(32) Normalize(0, 0, 0, 1, 1, 0)",
             "Size(32)" + end + " Resize()",
             "Size(32)" + end + end,
             "Size(32)\n" + end,
             "Size(32) Resize(1 2)" + end,
             "Size(32) Resize(,1)" + end,
         }) {
        moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
        policy.size = 7;
        EXPECT_EQ(moco_augment_parse(&policy, wrong.c_str()), MOCO_EINVALID) << wrong;
        EXPECT_EQ(policy.size, 7) << "a failure changes nothing";
    }
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    EXPECT_EQ(moco_augment_parse(&policy, ("Size(32) Blurr(1)" + end).c_str()), MOCO_EINVALID);
    EXPECT_TRUE(says("wrong at \"Blurr(1)")) << moco_error_message();
    char small[8] = "before";
    EXPECT_EQ(moco_augment_format(small, sizeof small, &policy), MOCO_EINVALID);
    EXPECT_STREQ(small, "before");
}

// Adds parameter 0 to the red of all pixels, and random[0] x 10 to the green of the first.
moco_status brighten(moco_image *image, const double parameter[4], const double random[4], void *payload)
{
    ++*static_cast<int *>(payload);
    const auto width = moco_image_width(image);
    const auto height = moco_image_height(image);
    const uint8_t *pixels = moco_image_pixels(image);
    Bytes changed(pixels, pixels + size_t{ 3 } * static_cast<size_t>(width) * static_cast<size_t>(height));
    for (size_t i = 0; i < changed.size(); i += 3) {
        changed[i] = static_cast<uint8_t>(changed[i] + parameter[0]);
    }
    changed[1] = static_cast<uint8_t>(10 * random[0]);
    return moco_image_set(image, MOCO_FRAME_RGB, width, height, 0, changed.data());
}

moco_augment_policy own_policy(int *calls)
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    policy.size = 8;
    policy.count = 2;
    policy.ops[0] = { MOCO_AUGMENT_CALLBACK, 1, { 5, 0, 0, 0 } };
    policy.ops[1] = { MOCO_CENTER_CROP, 1, { 0, 0, 0, 0 } };
    policy.callback = brighten;
    policy.payload = calls;
    return policy;
}

TEST_F(Augment, ACallbackChangesTheImage)
{
    int calls = 0;
    const moco_augment_policy policy = own_policy(&calls);
    const Image source = image_of(8, 8, [](int, int, int) { return 40; });
    const Image out = new_image(), scratch = new_image();
    std::vector<uint8_t> drawn;
    for (const uint64_t index : { 1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 1U }) {
        ASSERT_EQ(moco_augment_apply(out.get(), scratch.get(), source.get(), &policy, { 1, 2, index, 0 }), MOCO_OK)
            << moco_error_message();
        const Bytes pixels = bytes_of(out);
        EXPECT_EQ(pixels[3], 45);
        EXPECT_EQ(pixels[4], 40);
        drawn.push_back(pixels[1]);
    }
    EXPECT_EQ(calls, 9);
    EXPECT_EQ(drawn.front(), drawn.back()) << "the same draws for the same sample";
    EXPECT_GT(*std::max_element(drawn.begin(), drawn.end()), *std::min_element(drawn.begin(), drawn.end()));
    EXPECT_EQ(bytes_of(source)[0], 40) << "the source is not changed";
}

TEST_F(Augment, CallbacksThatFailAreErrors)
{
    int calls = 0;
    moco_augment_policy policy = own_policy(&calls);
    const Image source = image_of(8, 8, [](int, int, int) { return 40; });
    const Image out = new_image(), scratch = new_image();
    const auto apply = [&] {
        return moco_augment_apply(out.get(), scratch.get(), source.get(), &policy, { 0, 0, 0, 0 });
    };
    policy.callback = nullptr;
    EXPECT_EQ(apply(), MOCO_EINVALID);
    EXPECT_TRUE(says("operation 0 is a callback")) << moco_error_message();
    EXPECT_EQ(text_of(policy), "Size(8) Callback(5) CenterCrop() Normalize(0, 0, 0, 1, 1, 1)")
        << "a text needs no function";
    policy.callback = [](moco_image *, const double *, const double *, void *) {
        return moco_error_set(MOCO_EIO, "no more light");
    };
    EXPECT_EQ(apply(), MOCO_EIO);
    EXPECT_TRUE(says("no more light")) << moco_error_message();
    policy.callback = [](moco_image *, const double *, const double *, void *) { return MOCO_EUNAVAILABLE; };
    EXPECT_EQ(apply(), MOCO_EUNAVAILABLE);
    EXPECT_TRUE(says("the policy's callback failed with status -7")) << moco_error_message();
    policy.callback = [](moco_image *image, const double *, const double *, void *) {
        moco_image_clear(image);
        return MOCO_OK;
    };
    EXPECT_EQ(apply(), MOCO_EINVALID);
    EXPECT_TRUE(says("left the image empty")) << moco_error_message();
}

} // namespace
