// Lets threads that wait for each other give up their cores while others want these.
#pragma once

#include <memory>

namespace moco {

// A thread of libgomp that waits for others keeps its core busy for milliseconds. That is fast on an idle machine, and
// slow on one with other programs. libgomp waits for microseconds only in a process that has more threads than cores
// (see GOMP_SPINCOUNT in its manual). A crowd is as many sleeping threads as that takes.
class Crowd {
  public:
    Crowd();
    ~Crowd();
    Crowd(const Crowd &) = delete;
    Crowd &operator=(const Crowd &) = delete;

    struct State;

  private:
    std::unique_ptr<State> state_;
};

// Looks once a second whether threads have waited for cores that others use, and gathers or dismisses a crowd. Call it
// for each batch that is computed on the CPU.
void look_for_other_programs();

} // namespace moco
