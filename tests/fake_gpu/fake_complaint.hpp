// Says what a real GPU would suffer in silence, and ends the process.
#pragma once

#include <string>

namespace fake_gpu {

// Prints "fake GPU: KIND: TEXT" and aborts. Kinds named in FAKE_GPU_WARN ("barrier,shutdown") are only printed.
void complain(const char *kind, const std::string &text);

// Catches the faults of hosts that touch device memory, or memory of a copy that is not done.
void install_fault_handler();

} // namespace fake_gpu
