#include "fake_gpu/fake_complaint.hpp"

#include "fake_gpu/fake_memory.hpp"
#include "fake_gpu/fake_pinned.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <execinfo.h>
#include <unistd.h>

namespace fake_gpu {
namespace {

struct sigaction default_action;

void say(const char *text)
{
    (void)!write(STDERR_FILENO, text, std::strlen(text));
}

void say_where()
{
    void *frames[40];
    backtrace_symbols_fd(frames, backtrace(frames, 40), STDERR_FILENO);
}

void on_fault(int signal, siginfo_t *info, void * /*context*/)
{
    if (is_device(info->si_addr)) {
        say("\nfake GPU: host: the host touched device memory\n");
        say_where();
    } else if (const char *what = copy_in_flight(info->si_addr); what != nullptr) {
        say("\nfake GPU: host: ");
        say(what);
        say("\n");
        say_where();
    }
    sigaction(signal, &default_action, nullptr); // the instruction runs again, and ends the process
}

bool is_tolerated(const char *kind)
{
    const char *listed = std::getenv("FAKE_GPU_WARN");
    return listed != nullptr &&
           (std::string(",") + listed + ",").find(std::string(",") + kind + ",") != std::string::npos;
}

} // namespace

void complain(const char *kind, const std::string &text)
{
    say(("fake GPU: " + std::string(kind) + ": " + text + "\n").c_str());
    if (!is_tolerated(kind)) {
        say_where();
        std::abort();
    }
}

void install_fault_handler()
{
    void *warm[2];
    (void)backtrace(warm, 2); // loads libgcc now, not in the handler
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, &default_action);
}

} // namespace fake_gpu
