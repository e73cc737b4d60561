// Runs GoogleTest; `--source=test_queue.cpp` takes the tests of that file alone, so that ctest needs no list of suites.
#include "support/tests_folder.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <set>
#include <string>

namespace {

// The filter that selects all tests whose source file has this name.
std::string filter_of_source(const std::string &name)
{
    std::set<std::string> names;
    const auto &unit = *testing::UnitTest::GetInstance();
    for (int i = 0; i < unit.total_test_suite_count(); ++i) {
        const auto &suite = *unit.GetTestSuite(i);
        for (int j = 0; j < suite.total_test_count(); ++j) {
            const std::string file = suite.GetTestInfo(j)->file();
            if (file.substr(file.rfind('/') + 1) == name) {
                names.insert(std::string(suite.name()) + "." + suite.GetTestInfo(j)->name());
            }
        }
    }
    std::string filter;
    for (const auto &test : names) {
        filter += test + ":";
    }
    return filter;
}

} // namespace

const std::string &moco_test::tests_folder()
{
    static const std::string folder = MOCO_TESTS; // not by __FILE__, which is relative for some users of ccache
    return folder;
}

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    const std::string option = "--source=";
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument.rfind(option, 0) != 0) {
            std::cerr << argv[0] << ": unknown argument " << argument << "\n";
            return 2;
        }
        const std::string filter = filter_of_source(argument.substr(option.size()));
        if (filter.empty()) {
            std::cerr << argv[0] << ": no test in " << argument.substr(option.size()) << "\n";
            return 2;
        }
        testing::GTEST_FLAG(filter) = filter;
    }
    return RUN_ALL_TESTS();
}
