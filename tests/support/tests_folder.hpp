// Finds the files that tests read: the folder tests/ of the sources.
#pragma once

#include <string>

namespace moco_test {

const std::string &tests_folder(); // gtest_main.cpp

} // namespace moco_test
