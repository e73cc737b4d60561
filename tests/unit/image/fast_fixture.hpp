// Makes views exactly and fast, for tests of fast augmentation.
#pragma once

#include <gtest/gtest.h>
#include <moco.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "synth_jpeg.h"

namespace fast_test {

using Image = std::unique_ptr<moco_image, decltype(&moco_image_free)>;

inline Image make_image(bool fast)
{
    moco_image *made = nullptr;
    EXPECT_EQ(moco_image_create(&made), MOCO_OK);
    moco_image_set_fast(made, fast);
    return { made, moco_image_free };
}

inline std::string jpeg_of(const synth_image &image)
{
    std::size_t size = 0;
    unsigned char *bytes = synth_jpeg(&size, &image);
    std::string file(reinterpret_cast<char *>(bytes), size);
    free(bytes);
    return file;
}

// Makes views in one of the two ways, in levels of 8 bits.
class Views {
  public:
    explicit Views(bool fast) : source_(make_image(fast)), view_(make_image(fast)), scratch_(make_image(fast))
    {
        moco_image_set_lazy(source_.get(), true);
    }
    moco_image *source() { return source_.get(); }
    std::vector<float> make(const moco_augment_policy &policy, moco_augment_key key)
    {
        const double mean[3] = { 0, 0, 0 };
        const double std[3] = { 1 / 255.0, 1 / 255.0, 1 / 255.0 };
        const auto side = static_cast<std::size_t>(policy.size);
        std::vector<float> values(3 * side * side);
        EXPECT_EQ(moco_augment_apply(view_.get(), scratch_.get(), source_.get(), &policy, key), MOCO_OK)
            << moco_error_message();
        EXPECT_EQ(moco_image_store(values.data(), MOCO_FLOAT32, view_.get(), mean, std, MOCO_NCHW), MOCO_OK);
        return values;
    }

  private:
    Image source_;
    Image view_;
    Image scratch_;
};

inline double mean_difference(const std::vector<float> &a, const std::vector<float> &b)
{
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum += std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    }
    return sum / static_cast<double>(a.size());
}

inline moco_augment_policy preset(const char *name, std::int32_t size)
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    EXPECT_EQ(moco_augment_preset(&policy, name, size), MOCO_OK);
    return policy;
}

// The first operation alone: a random crop.
inline moco_augment_policy crops(std::int32_t size)
{
    moco_augment_policy policy = preset("v2", size);
    policy.count = 1;
    return policy;
}

class Fast : public moco_test::WithFolder {
  protected:
    Views exact_{ false };
    Views fast_{ true };

    void read(const std::string &file)
    {
        ASSERT_EQ(moco_image_decode(exact_.source(), file.data(), file.size(), "exact"), MOCO_OK);
        ASSERT_EQ(moco_image_decode(fast_.source(), file.data(), file.size(), "fast"), MOCO_OK);
    }
    double difference(const moco_augment_policy &policy, moco_augment_key key)
    {
        return mean_difference(exact_.make(policy, key), fast_.make(policy, key));
    }
};

} // namespace fast_test
