#include "fake_gpu/fake_race.hpp"

#include "fake_gpu/fake_complaint.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace fake_gpu {
namespace {

constexpr std::size_t kRemembered = 128; // accesses of a block

struct Access {
    std::size_t begin, end;
    StreamKey stream;
    std::uint64_t at;
    bool writes;
    const char *op;
};

struct Block {
    StreamKey owner = 0; // the stream it was taken on
    std::vector<Access> accesses;
    std::vector<StreamKey> recorded;
};

struct State {
    std::mutex mutex;
    std::unordered_map<const void *, Block> blocks;
    std::map<StreamKey, Clock> streams;
    Clock host;
    std::uint64_t now = 0;
};

// Never destroyed: tensors of static storage are freed after it would be.
State &state()
{
    static auto *const s = new State;
    return *s;
}

void merge(Clock &into, const Clock &from)
{
    for (const auto &[key, at] : from) {
        auto &mine = into[key];
        mine = std::max(mine, at);
    }
}

bool saw(const Clock &mine, StreamKey other, std::uint64_t at)
{
    const auto seen = mine.find(other);
    return seen != mine.end() && seen->second >= at;
}

std::string name_of(StreamKey stream)
{
    const auto device = stream >> 40;
    return "stream " + std::to_string(stream - (device << 40)) + " of cuda:" + std::to_string(device);
}

std::string said_of(const Access &other)
{
    return std::string(other.op) + (other.writes ? " writes it on " : " reads it on ") + name_of(other.stream);
}

void check_order(const Block &block, const Access &mine, const Clock &clock)
{
    for (const auto &other : block.accesses) {
        const bool meets = other.begin < mine.end && mine.begin < other.end && (other.writes || mine.writes);
        if (meets && other.stream != mine.stream && !saw(clock, other.stream, other.at)) {
            complain("race", std::string(mine.op) + (mine.writes ? " writes" : " reads") + " memory on " +
                                 name_of(mine.stream) + " while " + said_of(other) + "; wait for an event first");
        }
    }
}

void remember(Block &block, const Access &mine)
{
    auto &list = block.accesses;
    list.erase(std::remove_if(list.begin(), list.end(),
                              [&](const Access &a) {
                                  const bool inside = mine.begin <= a.begin && a.end <= mine.end;
                                  return inside && (mine.writes || (!a.writes && a.stream == mine.stream));
                              }),
               list.end());
    if (list.size() == kRemembered) {
        list.erase(list.begin());
    }
    list.push_back(mine);
}

} // namespace

void race_taken(const void *block, StreamKey stream)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    s.blocks[block] = { stream, {}, {} };
}

// A block goes back to the stream that it was taken on, which may use it again at once.
void race_freed(const void *block)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    const auto found = s.blocks.find(block);
    if (found == s.blocks.end()) {
        return;
    }
    Clock owner = s.streams[found->second.owner];
    merge(owner, s.host);
    for (const StreamKey stream : found->second.recorded) {
        merge(owner, s.streams[stream]);
    }
    for (const auto &access : found->second.accesses) {
        if (access.stream != found->second.owner && !saw(owner, access.stream, access.at)) {
            complain("race", "memory of " + name_of(found->second.owner) + " is freed while " + said_of(access) +
                                 "; call record_stream() first");
        }
    }
    s.blocks.erase(found);
}

void race_recorded(const void *block, StreamKey stream)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    s.blocks[block].recorded.push_back(stream);
}

std::uint64_t race_access(const Span &span, StreamKey stream, bool writes, const char *op)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    Clock &mine = s.streams[stream];
    merge(mine, s.host);
    const Access access = { span.begin, span.end, stream, ++s.now, writes, op };
    mine[stream] = access.at;
    Block &block = s.blocks[span.block];
    check_order(block, access, mine);
    remember(block, access);
    return access.at;
}

Clock race_now(StreamKey stream)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    return s.streams[stream];
}

Clock race_device_now(int device)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    Clock all;
    for (const auto &[stream, clock] : s.streams) {
        if (stream >> 40 == device) {
            merge(all, clock);
        }
    }
    return all;
}

void race_wait(StreamKey stream, const Clock &of)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    merge(s.streams[stream], of);
}

void race_host_waits(const Clock &of)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    merge(s.host, of);
}

bool race_host_saw(StreamKey stream, std::uint64_t at)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    return saw(s.host, stream, at);
}

} // namespace fake_gpu
