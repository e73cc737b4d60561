// "NCCL" that is Gloo on the memory of the pretended devices. As NCCL it works on its own stream, which waits for
// the current one; wait() lets the current stream wait, not the host.
#include "fake_gpu/fake_nccl.hpp"

#include "fake_gpu/fake_complaint.hpp"
#include "fake_gpu/fake_device.hpp"
#include "fake_gpu/fake_tensor.hpp"
#include "fake_gpu/fake_trace.hpp"

#include <ATen/ops/from_blob.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <functional>

namespace fake_gpu {
namespace {

using Tensors = std::vector<at::Tensor>;
using WorkPtr = c10::intrusive_ptr<c10d::Work>;

constexpr std::int64_t kNcclStream = 1 << 20;

// Done when it is made, but other streams must wait for NCCL's.
class Done final : public c10d::Work {
  public:
    Done(c10d::OpType op, Tensors outputs, at::Device device)
        : Work(-1, op), outputs_(std::move(outputs)), device_(device),
          clock_(race_now(stream_key(device.index(), kNcclStream)))
    {
        const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
        const auto before = guard.exchangeStream(c10::Stream(c10::Stream::UNSAFE, device, kNcclStream));
        future_ = c10::make_intrusive<c10::ivalue::Future>(c10::ListType::create(c10::TensorType::get()),
                                                           std::vector<c10::Device>{ device });
        future_->markCompleted(c10::IValue(outputs_)); // takes an event of the current stream
        guard.exchangeStream(before);
    }
    bool isCompleted() override { return true; }
    bool isSuccess() const override { return true; }
    bool wait(std::chrono::milliseconds /*timeout*/) override
    {
        synchronize();
        return true;
    }
    void synchronize() override
    {
        const int device = device_.index();
        race_wait(stream_key(device, current_stream(device)), clock_);
    }
    Tensors result() override { return outputs_; }
    c10::intrusive_ptr<c10::ivalue::Future> getFuture() override { return future_; }

  private:
    Tensors outputs_;
    at::Device device_;
    Clock clock_;
    c10::intrusive_ptr<c10::ivalue::Future> future_;
};

// As ProcessGroupNCCL checks.
void check(const at::Tensor &t)
{
    TORCH_CHECK_WITH(ValueError, t.is_cuda() && !t.is_sparse(), "Tensors must be CUDA and dense");
    TORCH_CHECK_WITH(ValueError, t.is_contiguous(t.suggest_memory_format()), "Tensors must be contiguous");
}

// Gloo takes contiguous tensors alone, NCCL channels-last ones too.
at::Tensor flat(const at::Tensor &t)
{
    check(t);
    const auto host = host_tensor(t);
    return at::from_blob(host.data_ptr(), { host.numel() }, host.options());
}

at::Tensor checked_host(const at::Tensor &t)
{
    check(t);
    return host_tensor(t);
}

class FakeNccl final : public c10d::Backend {
  public:
    FakeNccl(const c10::intrusive_ptr<c10d::Store> &store, int rank, int world, std::chrono::milliseconds timeout)
        : Backend(rank, world)
    {
        auto options = c10d::ProcessGroupGloo::Options::create(timeout);
        options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1"));
        gloo_ = c10::make_intrusive<c10d::ProcessGroupGloo>(c10::make_intrusive<c10d::PrefixStore>("fake", store), rank,
                                                            world, options);
    }
    FakeNccl(const FakeNccl &) = delete;
    FakeNccl &operator=(const FakeNccl &) = delete;
    ~FakeNccl() override
    {
        if (!shut_) {
            complain("shutdown", "the group of rank " + std::to_string(getRank()) +
                                     " is freed without shutdown(); NCCL would warn and abort");
        }
    }
    const std::string getBackendName() const override { return "nccl"; }
    void eagerConnectSingleDevice(at::Device device) override { device_ = device; }
    void shutdown() override { shut_ = true; }
    void abort() override { shut_ = true; }

    WorkPtr allreduce(Tensors &tensors, const c10d::AllreduceOptions &o) override
    {
        return run("all_reduce", c10d::OpType::ALLREDUCE, tensors, tensors,
                   [=, this, flats = Tensors{ flat(tensors.at(0)) }] {
                       auto t = flats;
                       gloo_->allreduce(t, o)->wait();
                   });
    }
    WorkPtr broadcast(Tensors &tensors, const c10d::BroadcastOptions &o) override
    {
        return run("broadcast", c10d::OpType::BROADCAST, tensors, tensors,
                   [=, this, flats = Tensors{ flat(tensors.at(0)) }] {
                       auto t = flats;
                       gloo_->broadcast(t, o)->wait();
                   });
    }
    WorkPtr _allgather_base(at::Tensor &out, at::Tensor &in, const c10d::AllgatherOptions &o) override
    {
        return run("all_gather", c10d::OpType::_ALLGATHER_BASE, { out }, { in },
                   [=, this, to = checked_host(out), from = checked_host(in)] {
                       auto t = to;
                       auto f = from;
                       gloo_->_allgather_base(t, f, o)->wait();
                   });
    }
    WorkPtr allgather(std::vector<Tensors> &outs, Tensors &ins, const c10d::AllgatherOptions &o) override
    {
        std::vector<Tensors> to(1);
        for (const auto &t : outs.at(0)) {
            to[0].push_back(flat(t));
        }
        return run("all_gather", c10d::OpType::ALLGATHER, outs[0], ins, [=, this, from = Tensors{ flat(ins.at(0)) }] {
            auto t = to;
            auto f = from;
            gloo_->allgather(t, f, o)->wait();
        });
    }
    WorkPtr alltoall_base(at::Tensor &out, at::Tensor &in, std::vector<std::int64_t> &to_rows,
                          std::vector<std::int64_t> &from_rows, const c10d::AllToAllOptions &o) override
    {
        return run("all_to_all", c10d::OpType::ALLTOALL_BASE, { out }, { in },
                   [=, this, to = checked_host(out), from = checked_host(in)] {
                       auto t = to;
                       auto f = from;
                       auto t_rows = to_rows;
                       auto f_rows = from_rows;
                       gloo_->alltoall_base(t, f, t_rows, f_rows, o)->wait();
                   });
    }
    WorkPtr barrier(const c10d::BarrierOptions &o) override
    {
        const bool named = o.device.has_value() || !o.device_ids.empty() || getBoundDeviceId().has_value();
        if (!named && current_device() != device_.index()) {
            complain("barrier", "rank " + std::to_string(getRank()) + " of " + device_.str() + " waits with cuda:" +
                                    std::to_string(current_device()) + " current; NCCL would use that device");
        }
        refuse_in_capture(current_key(), "a barrier");
        gloo_->barrier(o)->wait();
        return c10::make_intrusive<Done>(c10d::OpType::BARRIER, Tensors{}, device_);
    }

  private:
    WorkPtr run(const char *name, c10d::OpType op, const Tensors &outputs, const Tensors &inputs,
                const std::function<void()> &work)
    {
        count(Counter::collectives);
        const StreamKey caller = stream_key(device_.index(), current_stream(device_.index()));
        const StreamKey nccl = stream_key(device_.index(), kNcclStream);
        if (is_captured(caller)) {
            join_capture(nccl);
        }
        race_wait(nccl, race_now(caller));
        Node node = { name, {}, work };
        const auto use = [&](const Tensors &tensors, bool writes) {
            for (const auto &t : tensors) {
                if (const Span span = span_of(t); span.block != nullptr) {
                    if (writes && is_captured(nccl)) {
                        save_for_capture(span);
                    }
                    race_access(span, nccl, writes, name);
                    node.touches.push_back({ span, writes });
                }
            }
        };
        use(inputs, false);
        use(outputs, true);
        try {
            work();
        } catch (...) {
            race_wait(caller, race_now(nccl)); // NCCL ends what it began when the connections are broken off
            throw;
        }
        record_node(nccl, std::move(node));
        return c10::make_intrusive<Done>(op, outputs, device_);
    }

    c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
    at::Device device_ = at::kCPU;
    bool shut_ = false;
};

} // namespace

c10::intrusive_ptr<c10d::Backend> make_nccl(const c10::intrusive_ptr<c10d::Store> &store, int rank, int world,
                                            std::chrono::milliseconds timeout)
{
    return c10::make_intrusive<FakeNccl>(store, rank, world, timeout);
}

} // namespace fake_gpu
