#include "fake_gpu/fake_capture.hpp"

#include "fake_gpu/fake_complaint.hpp"
#include "fake_gpu/fake_device.hpp"
#include "fake_gpu/fake_graph.hpp"
#include "fake_gpu/fake_memory.hpp"
#include "fake_gpu/fake_trace.hpp"

#include <c10/core/impl/LocalDispatchKeySet.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>

namespace fake_gpu {
namespace {

class Graph;
std::atomic<Graph *> active{ nullptr };

constexpr const char *kNotPermitted = "CUDA error: operation not permitted when stream is capturing: ";

class Graph final : public moco::CudaGraph {
  public:
    Graph() = default;
    Graph(const Graph &) = delete;
    Graph &operator=(const Graph &) = delete;
    ~Graph() override
    {
        if (active == this) {
            active = nullptr;
            undo();
        }
        free_graph_blocks(this);
    }

    void begin() override
    {
        TORCH_CHECK(streams_.empty(), "this graph has been captured; make another one");
        TORCH_CHECK(current_stream(current_device()) != 0,
                    "CUDA graphs must be captured on a non-default stream. (However, "
                    "after capture, it's ok to replay them on the default stream.)");
        streams_.push_back(current_key());
        Graph *none = nullptr;
        TORCH_CHECK(active.compare_exchange_strong(none, this), "another graph is being captured");
    }

    void end() override
    {
        TORCH_CHECK(active == this, "this graph is not being captured");
        TORCH_CHECK(current_key() == streams_.front(), "Capture must end on the same stream it began on.");
        active = nullptr;
        const bool joined = all_joined();
        undo();
        TORCH_CHECK(spoiled_.empty(),
                    "CUDA error: operation failed due to a previous error during capture: ", spoiled_);
        TORCH_CHECK(joined, "CUDA error: capturing stream has unjoined work: a side stream was not waited for");
        ready_ = true;
    }

    void replay() override
    {
        TORCH_CHECK(ready_, "Called CUDAGraph::replay without a preceding successful capture.");
        for (const auto &[block, id] : outside_) {
            if (block_info(block).id != id) {
                complain("graph", "a replay uses memory that was freed after the capture");
            }
        }
        count(Counter::graph_launches);
        const OnDevice guard(static_cast<int>(streams_.front() >> 40));
        const StreamKey key = current_key();
        for (const auto &node : nodes_) {
            for (const auto &touch : node.touches) {
                race_access(touch.span, key, touch.writes, node.op);
            }
            node.run();
        }
    }

    bool includes(StreamKey stream)
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        return std::find(streams_.begin(), streams_.end(), stream) != streams_.end();
    }
    bool is_on(int device) { return streams_.front() >> 40 == device; }

    void join(StreamKey stream)
    {
        if (!includes(stream)) {
            const std::lock_guard<std::mutex> lock(mutex_);
            streams_.push_back(stream);
        }
    }

    void save(const void *block)
    {
        const BlockInfo info = block_info(block);
        const std::lock_guard<std::mutex> lock(mutex_);
        if (info.graph != this && saved_.count(block) == 0) {
            const auto *bytes = static_cast<const char *>(host_view(block));
            saved_.emplace(block, std::vector<char>(bytes, bytes + info.bytes));
        }
    }

    void add(Node node)
    {
        for (const auto &touch : node.touches) {
            const BlockInfo info = block_info(touch.span.block);
            if (info.graph != this) {
                outside_[touch.span.block] = info.id;
            }
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        nodes_.push_back(std::move(node));
    }

    void spoil(const char *what) { spoiled_ = what; }

  private:
    bool all_joined()
    {
        const Clock main = race_now(streams_.front());
        return std::all_of(streams_.begin(), streams_.end(), [&](StreamKey side) {
            const Clock mine = race_now(side);
            const auto did = mine.find(side);
            const auto seen = main.find(side);
            return did == mine.end() || (seen != main.end() && seen->second >= did->second);
        });
    }

    // Takes back what the operators did, since a capture only records.
    void undo()
    {
        for (const auto &[block, bytes] : saved_) {
            std::memcpy(host_view(block), bytes.data(), bytes.size());
        }
        saved_.clear();
        poison_graph_blocks(this);
        for (const StreamKey stream : streams_) {
            race_host_waits(race_now(stream)); // nothing of it is left in the streams
        }
    }

    std::mutex mutex_;               // autograd's thread adds nodes too
    std::vector<StreamKey> streams_; // the first is where the capture began
    std::vector<Node> nodes_;
    std::map<const void *, std::vector<char>> saved_;
    std::map<const void *, std::uint64_t> outside_; // blocks that are not the graph's, and their numbers
    std::string spoiled_;
    bool ready_ = false;
};

[[noreturn]] void refuse(Graph &graph, const char *what)
{
    graph.spoil(what);
    TORCH_CHECK(false, kNotPermitted, what);
}

} // namespace

std::unique_ptr<moco::CudaGraph> make_graph()
{
    return std::make_unique<Graph>();
}

bool is_captured(StreamKey stream)
{
    Graph *graph = active;
    return graph != nullptr && graph->includes(stream);
}

void join_capture(StreamKey stream)
{
    if (Graph *graph = active; graph != nullptr) {
        graph->join(stream);
    }
}

void save_for_capture(const Span &span)
{
    if (Graph *graph = active; graph != nullptr) {
        graph->save(span.block);
    }
}

void record_node(StreamKey stream, Node node)
{
    if (is_captured(stream)) {
        active.load()->add(std::move(node));
    }
}

const void *pool_of_capture(StreamKey stream)
{
    Graph *graph = active;
    if (graph != nullptr && !graph->includes(stream)) {
        if (graph->is_on(static_cast<int>(stream >> 40))) {
            refuse(*graph, "memory is taken outside of the graph's pool, on a stream that is not captured");
        }
        return nullptr;
    }
    return graph;
}

void refuse_in_capture(StreamKey stream, const char *what)
{
    if (is_captured(stream)) {
        refuse(*active, what);
    }
}

void refuse_in_capture_on(int device, const char *what)
{
    Graph *graph = active;
    if (graph != nullptr && graph->is_on(device)) {
        refuse(*graph, what);
    }
}

} // namespace fake_gpu
