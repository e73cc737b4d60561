// Declares the averaging of gradients over the ranks while the backward pass computes those of earlier layers.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

namespace moco {

// Sends gradients in buckets, each as one tensor, that a hook of autograd joins when the last of them is there. The
// parameters' gradients become views of the buckets. c10d::Reducer does the same with an operation for every parameter.
class GradientBuckets {
  public:
    using Group = c10::intrusive_ptr<c10d::ProcessGroup>;

    // @p first, @p bytes: most of the first bucket, and of each other one. @p bf16: sends bfloat16.
    GradientBuckets(const std::vector<at::Tensor> &parameters, const Group &group, std::size_t first, std::size_t bytes,
                    bool bf16);
    GradientBuckets(const GradientBuckets &) = delete;
    GradientBuckets &operator=(const GradientBuckets &) = delete;
    ~GradientBuckets();

    // Every parameter must get a gradient between these two calls. After the second they are averaged, on the current
    // stream.
    void start();
    void finish();

  private:
    struct Bucket {
        std::vector<at::Tensor> parameters;
        std::size_t missing = 0; // gradients
        at::Tensor values, sent; // the same tensor, unless bfloat16 is sent
        c10::intrusive_ptr<c10d::Work> work;
    };

    struct Hook {
        std::shared_ptr<torch::autograd::Node> node; // of which the parameter holds no more than a weak pointer
        std::uintptr_t key;
    };

    void fill_buckets(const std::vector<at::Tensor> &parameters, std::size_t first, std::size_t bytes);
    void add_hook(const at::Tensor &parameter, std::size_t bucket);
    void on_gradient(std::size_t bucket);
    void send(Bucket &bucket);

    Group group_;
    bool bf16_;
    std::vector<Bucket> buckets_; // in the order in which all ranks send them
    std::vector<Hook> hooks_;
    bool active_ = false;
    std::size_t next_ = 0; // bucket to send
};

} // namespace moco
