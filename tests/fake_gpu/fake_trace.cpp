// Keeps the counters, and writes them to the file FAKE_GPU_TRACE at each step of the optimiser.
#include "fake_gpu/fake_trace.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

namespace fake_gpu {
namespace {

constexpr auto kCounters = static_cast<std::size_t>(Counter::count);

const std::array<const char *, kCounters> kNames = {
#define FAKE_GPU_TEXT(name, what) #name,
    FAKE_GPU_COUNTERS(FAKE_GPU_TEXT)
#undef FAKE_GPU_TEXT
};

std::array<std::atomic<std::int64_t>, kCounters> counters{};
std::mutex mutex; // of the launches and of the file
std::map<std::string, std::int64_t> launches;

// Ranks write to files of their own: PATH.1 is that of rank 1.
std::FILE *open_trace()
{
    const char *path = std::getenv("FAKE_GPU_TRACE");
    if (path == nullptr) {
        return nullptr;
    }
    const char *rank = std::getenv("RANK");
    return std::fopen((path + (rank != nullptr ? "." + std::string(rank) : "")).c_str(), "w");
}

void reset()
{
    for (auto &counter : counters) {
        counter.store(0);
    }
    launches.clear();
}

} // namespace

void count(Counter what)
{
    counters[static_cast<std::size_t>(what)].fetch_add(1);
}

void count_launch(const std::string &name)
{
    count(Counter::launches);
    const std::lock_guard<std::mutex> lock(mutex);
    ++launches[name];
}

void trace_step()
{
    const std::lock_guard<std::mutex> lock(mutex);
    static std::FILE *const file = open_trace();
    if (file == nullptr) {
        return;
    }
    const char *comma = "{ ";
    for (std::size_t i = 0; i < kCounters; ++i) {
        (void)std::fprintf(file, "%s\"%s\": %lld", comma, kNames[i], static_cast<long long>(counters[i].load()));
        comma = ", ";
    }
    comma = ", \"operators\": { ";
    for (const auto &[name, n] : launches) {
        (void)std::fprintf(file, "%s\"%s\": %lld", comma, name.c_str(), static_cast<long long>(n));
        comma = ", ";
    }
    (void)std::fputs(launches.empty() ? " }\n" : " } }\n", file);
    (void)std::fflush(file);
    reset();
}

} // namespace fake_gpu

extern "C" {

__attribute__((visibility("default"))) void fake_gpu_trace_reset(void)
{
    const std::lock_guard<std::mutex> lock(fake_gpu::mutex);
    fake_gpu::reset();
}

__attribute__((visibility("default"))) void fake_gpu_trace_read(fake_gpu_counts *out)
{
    std::array<std::int64_t, fake_gpu::kCounters> values{};
    static_assert(sizeof values == sizeof *out);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = fake_gpu::counters[i].load();
    }
    std::memcpy(out, values.data(), sizeof *out);
}

__attribute__((visibility("default"))) int64_t fake_gpu_trace_launches(const char *name)
{
    const std::lock_guard<std::mutex> lock(fake_gpu::mutex);
    std::int64_t total = 0;
    const std::string prefix = std::string(name) + ".";
    for (const auto &[key, n] : fake_gpu::launches) {
        total += key == name || key.rfind(prefix, 0) == 0 ? n : 0;
    }
    return total;
}
}
