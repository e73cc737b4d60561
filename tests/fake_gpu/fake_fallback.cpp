// Runs the operators that fake_kernels.cpp does not have: by the kernels of the CPU, on the same memory.
#include "fake_gpu/fake_device.hpp"
#include "fake_gpu/fake_tensor.hpp"
#include "fake_gpu/fake_trace.hpp"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/native/ForeachUtils.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace fake_gpu {
namespace {

// Their CUDA kernels read a count or a value back to the host.
constexpr std::array<std::string_view, 7> kWaits = { "aten::nonzero",          "aten::masked_select", "aten::_unique2",
                                                     "aten::unique_dim",       "aten::equal",         "aten::bincount",
                                                     "aten::repeat_interleave" };

// FAKE_GPU_WIDE=1: most CPUs take 30 times as long for a convolution in bfloat16 as for one in float.
bool is_widened(const std::string &op)
{
    static const char *const wide = std::getenv("FAKE_GPU_WIDE");
    return wide != nullptr && std::string_view(wide) == "1" &&
           (op == "aten::convolution" || op == "aten::convolution_backward");
}

// Converts the last values of the stack that are tensors of a type. Returns whether there were any.
bool convert_last(torch::jit::Stack &stack, std::size_t count, at::ScalarType from, at::ScalarType to)
{
    bool any = false;
    for (std::size_t i = stack.size() - count; i < stack.size(); ++i) {
        if (stack[i].isTensor() && stack[i].toTensor().defined() && stack[i].toTensor().scalar_type() == from) {
            stack[i] = stack[i].toTensor().to(to);
            any = true;
        }
    }
    return any;
}

void run_on_cpu(const c10::OperatorHandle &op, torch::jit::Stack *stack)
{
    const at::AutoDispatchBelowADInplaceOrView below;
    const auto &schema = op.schema();
    const bool widened =
        is_widened(schema.name()) && convert_last(*stack, schema.arguments().size(), at::kBFloat16, at::kFloat);
    op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
    if (widened) {
        (void)convert_last(*stack, schema.returns().size(), at::kFloat, at::kBFloat16);
    }
}

class Call {
  public:
    Call(const c10::OperatorHandle &op, torch::jit::Stack *stack) : op_(op), stack_(*stack) {}

    void run()
    {
        convert_arguments();
        check();
        const OnDevice guard(device_);
        for (const auto &argument : arguments_) {
            touch(argument.device, argument.writes, name().c_str());
        }
        count_launch(c10::toString(op_.operator_name()));
        const bool captured = is_captured(current_key());
        const torch::jit::Stack inputs(captured ? stack_.end() - static_cast<std::ptrdiff_t>(count_) : stack_.end(),
                                       stack_.end());
        {
            const OnDevice kept(-1); // kernels of the CPU may leave another current device
            run_on_cpu(op_, &stack_);
        }
        enlarge_arguments();
        for (std::size_t i = stack_.size() - op_.schema().returns().size(); i < stack_.size(); ++i) {
            give_back(stack_[i]);
        }
        if (captured) {
            record(inputs);
        } else if (is_optimizer()) {
            trace_step();
        }
    }

  private:
    struct Argument {
        at::Tensor host, device;
        bool writes;
    };

    [[nodiscard]] const std::string &name() const { return op_.schema().name(); }
    [[nodiscard]] bool is_optimizer() const { return name() == "aten::_fused_sgd_"; }

    // Batch norm changes them, which its schema does not say.
    [[nodiscard]] bool is_running_statistic(const std::string &argument) const
    {
        return name() == "aten::native_batch_norm" && argument.rfind("running_", 0) == 0 &&
               stack_[stack_.size() - count_ + 5].toBool(); // "training"
    }

    void convert_arguments()
    {
        const auto &arguments = op_.schema().arguments();
        count_ = arguments.size();
        for (std::size_t i = 0; i < count_; ++i) {
            const auto *alias = arguments[i].alias_info();
            const bool writes = (alias != nullptr && alias->isWrite()) || is_running_statistic(arguments[i].name());
            convert(stack_[stack_.size() - count_ + i], arguments[i].name(), writes);
        }
    }

    void convert(c10::IValue &value, const std::string &argument, bool writes)
    {
        if (value.isTensor()) {
            value = in(value.toTensor(), argument, writes);
        } else if (value.isTensorList()) {
            c10::List<at::Tensor> list;
            for (const at::Tensor &tensor : value.toTensorVector()) {
                list.push_back(in(tensor, argument, writes));
            }
            value = std::move(list);
        } else if (value.isOptionalTensorList()) {
            c10::List<std::optional<at::Tensor>> list;
            for (const std::optional<at::Tensor> &tensor : value.toOptionalTensorVector()) {
                list.push_back(tensor.has_value() ? std::optional(in(*tensor, argument, writes)) : std::nullopt);
            }
            value = std::move(list);
        } else if (value.isDevice() && value.toDevice().is_cuda()) {
            device_ = value.toDevice().index();
            value = c10::Device(c10::DeviceType::CPU);
        } else if (value.isGenerator() && value.toGenerator().device().is_cpu()) {
            strangers_.push_back(argument + ", a generator");
        }
    }

    at::Tensor in(const at::Tensor &tensor, const std::string &argument, bool writes)
    {
        if (!tensor.defined() || !tensor.is_cuda()) {
            if (tensor.defined() && tensor.dim() > 0) {
                strangers_.push_back(argument);
            }
            return tensor;
        }
        const int device = tensor.device().index();
        TORCH_CHECK(device_ < 0 || device_ == device, name(),
                    ": Expected all tensors to be on the same device, but found at least two devices, cuda:", device_,
                    " and cuda:", device);
        device_ = device;
        masks_ = masks_ || tensor.scalar_type() == at::kBool;
        // A kernel may enlarge an empty result, which it cannot with memory that is not its own.
        const bool may_grow = writes && tensor.numel() == 0;
        arguments_.push_back(
            { may_grow ? at::empty(tensor.sizes(), tensor.scalar_type()) : host_tensor(tensor), tensor, writes });
        return arguments_.back().host;
    }

    // Refuses what kernels of CUDA refuse, and those of the CPU do not.
    void check()
    {
        TORCH_CHECK(strangers_.empty() || device_ < 0, name(),
                    ": Expected all tensors to be on the same device, but found at least two devices, cuda:", device_,
                    " and cpu (argument ", strangers_.empty() ? "" : strangers_.front(), ")");
        const bool by_mask = masks_ && (name() == "aten::index" || name() == "aten::index_put_");
        if (by_mask || std::find(kWaits.begin(), kWaits.end(), name()) != kWaits.end()) {
            count(Counter::hidden_waits);
            const OnDevice guard(device_);
            host_waits_for_stream("an operator whose result has as many values as the data says");
        }
        if (is_optimizer() && count_ > 4) {
            check_optimizer();
        }
    }

    void check_optimizer()
    {
        const auto list = [&](std::size_t i) { return originals(stack_[stack_.size() - count_ + i].toTensorVector()); };
        const auto buffers = list(2);
        if (!buffers.empty()) {
            TORCH_CHECK_GT(stack_[stack_.size() - count_ + 4].toDouble(), 0);
            TORCH_CHECK(at::native::check_fast_path_restrictions({ list(0), list(1), buffers }));
        }
    }

    [[nodiscard]] std::vector<at::Tensor> originals(const std::vector<at::Tensor> &hosts) const
    {
        std::vector<at::Tensor> tensors;
        for (const auto &host : hosts) {
            const auto *argument = find(host);
            tensors.push_back(argument != nullptr ? argument->device : host);
        }
        return tensors;
    }

    [[nodiscard]] const Argument *find(const at::Tensor &host) const
    {
        const auto same =
            std::find_if(arguments_.begin(), arguments_.end(), [&](const Argument &a) { return a.host.is_same(host); });
        return same != arguments_.end() ? &*same : nullptr;
    }

    void give_back(c10::IValue &value)
    {
        if (value.isTensor()) {
            value = out(value.toTensor());
        } else if (value.isTensorList()) {
            c10::List<at::Tensor> list;
            for (const at::Tensor &tensor : value.toTensorVector()) {
                list.push_back(out(tensor));
            }
            value = std::move(list);
        }
    }

    // Gives results that a kernel has enlarged their memory on the device.
    void enlarge_arguments()
    {
        for (const auto &argument : arguments_) {
            if (argument.host.numel() > argument.device.numel()) {
                (void)argument.device.resize_(argument.host.sizes());
                enlarged_.emplace_back(host_tensor(argument.device), argument.host);
                (void)enlarged_.back().first.copy_(argument.host);
                touch(argument.device, true, name().c_str());
            }
        }
    }

    at::Tensor out(const at::Tensor &tensor)
    {
        at::Tensor result = tensor;
        if (tensor.defined()) {
            if (const Argument *same = find(tensor); same != nullptr) {
                return same->device;
            }
            for (const auto &argument : arguments_) {
                TORCH_CHECK(!tensor.is_alias_of(argument.host), name(),
                            " gives a view; the pretended GPU must register it as a kernel");
            }
            result = to_device(tensor);
            touch(result, true, name().c_str());
        }
        results_.push_back(result);
        return result;
    }

    // Adds this call to the graph. Its new results get their values where they are now.
    void record(const torch::jit::Stack &inputs)
    {
        Node node;
        node.op = name().c_str();
        for (const auto &argument : arguments_) {
            node.touches.push_back({ span_of(argument.device), argument.writes });
        }
        std::vector<at::Tensor> targets;
        for (const auto &result : results_) {
            node.touches.push_back({ span_of(result), true });
            targets.push_back(host_tensor(result));
        }
        node.touches.erase(std::remove_if(node.touches.begin(), node.touches.end(),
                                          [](const Touch &t) { return t.span.block == nullptr; }),
                           node.touches.end());
        node.run = [op = op_, inputs, targets, hosts = host_arguments(), enlarged = enlarged_, steps = is_optimizer()] {
            replay(op, inputs, targets, hosts);
            for (const auto &[device, host] : enlarged) {
                (void)device.copy_(host);
            }
            if (steps) {
                trace_step();
            }
        };
        record_node(current_key(), std::move(node));
    }

    [[nodiscard]] std::vector<at::Tensor> host_arguments() const
    {
        std::vector<at::Tensor> hosts;
        for (const auto &argument : arguments_) {
            hosts.push_back(argument.host);
        }
        return hosts;
    }

    static void replay(const c10::OperatorHandle &op, torch::jit::Stack stack, const std::vector<at::Tensor> &targets,
                       const std::vector<at::Tensor> &arguments)
    {
        run_on_cpu(op, &stack);
        auto target = targets.begin();
        const auto put = [&](const at::Tensor &value) {
            const bool in_place =
                std::any_of(arguments.begin(), arguments.end(), [&](const at::Tensor &a) { return a.is_same(value); });
            if (value.defined() && in_place) {
                return;
            }
            if (value.defined() && value.numel() > 0) {
                (void)target->copy_(value);
            }
            ++target;
        };
        for (const auto &value : stack) {
            if (value.isTensor()) {
                put(value.toTensor());
            } else if (value.isTensorList()) {
                for (const at::Tensor &tensor : value.toTensorVector()) {
                    put(tensor);
                }
            }
        }
    }

    c10::OperatorHandle op_;
    torch::jit::Stack &stack_;
    std::size_t count_ = 0; // arguments on the stack
    std::vector<Argument> arguments_;
    std::vector<at::Tensor> results_;                         // that are no argument
    std::vector<std::pair<at::Tensor, at::Tensor>> enlarged_; // memory on the device, and the values of the kernel
    std::vector<std::string> strangers_;
    bool masks_ = false;
    int device_ = -1;
};

void call(const c10::OperatorHandle &op, torch::jit::Stack *stack)
{
    Call(op, stack).run();
}

} // namespace
} // namespace fake_gpu

TORCH_LIBRARY_IMPL(_, CUDA, m)
{
    m.fallback(torch::CppFunction::makeFromBoxedFunction<&fake_gpu::call>());
}

// A composite kernel is taken before a fallback, so the operations that have their own kernel for CUDA are named here.
TORCH_LIBRARY_IMPL(aten, CUDA, m)
{
    m.impl("convolution", torch::CppFunction::makeFromBoxedFunction<&fake_gpu::call>());
    m.impl("convolution_backward", torch::CppFunction::makeFromBoxedFunction<&fake_gpu::call>());
    const std::string space = "aten::";
    for (const auto &op : c10::Dispatcher::singleton().getAllOpNames()) {
        const bool is_out = op.overload_name.find("out") != std::string::npos;
        if (op.name.rfind(space + "_foreach_", 0) == 0 && !is_out) {
            m.impl(c10::toString(op).substr(space.size()).c_str(),
                   torch::CppFunction::makeFromBoxedFunction<&fake_gpu::call>());
        }
    }
}
