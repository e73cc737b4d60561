// Runs GoogleTest. `--source=test_queue.cpp` runs only the tests of that file, and `--source=method/` those of that
// folder, so that ctest needs no list of suites.
//
// Writes why tests were skipped to the folder MOCO_SKIPS, if that is set: tests/report_skips.sh prints it.
#include "support/tests_folder.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>
#include <utility>

namespace {

// Returns the filter that selects all tests whose source file has this name, or is in the folder of this name.
std::string filter_of_source(const std::string &name)
{
    std::set<std::string> names;
    const auto &unit = *testing::UnitTest::GetInstance();
    for (int i = 0; i < unit.total_test_suite_count(); ++i) {
        const auto &suite = *unit.GetTestSuite(i);
        for (int j = 0; j < suite.total_test_count(); ++j) {
            const std::string file = suite.GetTestInfo(j)->file();
            const size_t slash = file.rfind('/');
            const std::string folder = file.substr(0, slash + 1);
            if (file.substr(slash + 1) == name || (name.back() == '/' && folder.ends_with("/" + name))) {
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

class Skips : public testing::EmptyTestEventListener {
  public:
    explicit Skips(std::string source) : source_(std::move(source)) {}

  private:
    void OnTestStart(const testing::TestInfo &test) override
    {
        test_ = std::string(test.test_suite_name()) + "." + test.name();
    }
    void OnTestEnd(const testing::TestInfo & /*test*/) override { test_.clear(); }
    // GoogleTest holds its lock here, so the current test must not be looked up.
    void OnTestPartResult(const testing::TestPartResult &result) override
    {
        if (result.skipped()) {
            lines_ += (test_.empty() ? source_ : test_) + ": " + first_line(result.message()) + "\n";
        }
    }
    void OnTestProgramEnd(const testing::UnitTest &unit) override
    {
        const char *folder = std::getenv("MOCO_SKIPS");
        if (folder != nullptr) {
            const auto file = std::filesystem::path(folder) / (source_.substr(0, source_.find('/')) + ".txt");
            std::filesystem::remove(file);
            if (!lines_.empty()) {
                std::filesystem::create_directories(folder);
                std::ofstream(file) << lines_;
            }
        }
        if (unit.skipped_test_count() > 0 && unit.skipped_test_count() == unit.test_to_run_count()) {
            std::cout << "every test was skipped\n"; // ctest then reports the file as skipped
        }
    }
    static std::string first_line(std::string text)
    {
        text.erase(0, text.find_first_not_of('\n'));
        return text.substr(0, text.find('\n'));
    }

    std::string source_;
    std::string test_; // empty outside of tests, as in SetUpTestSuite()
    std::string lines_;
};

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
    std::string source = "all";
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument.rfind(option, 0) != 0) {
            std::cerr << argv[0] << ": unknown argument " << argument << "\n";
            return 2;
        }
        source = argument.substr(option.size());
        const std::string filter = filter_of_source(source);
        if (filter.empty()) {
            std::cerr << argv[0] << ": no test in " << source << "\n";
            return 2;
        }
        testing::GTEST_FLAG(filter) = filter;
    }
    testing::UnitTest::GetInstance()->listeners().Append(new Skips(source)); // GoogleTest frees it
    const int code = RUN_ALL_TESTS();
#ifndef MOCO_ORDERLY_EXIT // as the tool does
    std::cout.flush();
    std::fflush(nullptr);
    std::quick_exit(code);
#endif
    return code;
}
