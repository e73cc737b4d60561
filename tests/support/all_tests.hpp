// What `make test` leaves to `make test-all`: tests that take long, and that look for the faults that others look for,
// in more settings.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

namespace moco_test {

inline bool all_tests()
{
    return std::getenv("MOCO_TEST_ALL") != nullptr;
}

} // namespace moco_test

// Skips a test that `make test` leaves out. A macro, since only the test itself can be skipped.
#define ONLY_AMONG_ALL()                                                                                               \
    if (!moco_test::all_tests()) {                                                                                     \
        GTEST_SKIP() << "takes long; run `make test-all`";                                                             \
    }
