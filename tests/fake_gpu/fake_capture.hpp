// The graph that is being captured. While it is, what its streams are asked for is recorded, and not done.
//
// CUDA finds no values during a capture, but shapes must be known. So operators do run, every block that they write to
// is copied first, and the end of the capture brings the old bytes back.
#pragma once

#include "fake_gpu/fake_race.hpp"

#include <functional>
#include <vector>

namespace fake_gpu {

struct Touch {
    Span span;
    bool writes = false;
};

// One recorded operation.
struct Node {
    const char *op = nullptr;
    std::vector<Touch> touches;
    std::function<void()> run;
};

// Whether a capture is on, and this stream is part of it.
bool is_captured(StreamKey stream);
// A stream that waits for an event of the capture becomes part of it.
void join_capture(StreamKey stream);
// Saves what a block holds before an operation of the capture writes to it.
void save_for_capture(const Span &span);
// Adds an operation to the graph, if the stream is captured.
void record_node(StreamKey stream, Node node);
// Returns what new blocks on this stream belong to: the graph, or null. Throws for other streams of a capturing device.
const void *pool_of_capture(StreamKey stream);

// Throws what CUDA says where a captured stream is asked for what a graph cannot hold, and spoils the capture.
void refuse_in_capture(StreamKey stream, const char *what);
void refuse_in_capture_on(int device, const char *what);

} // namespace fake_gpu
