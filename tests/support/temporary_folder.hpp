// Gives each test a temporary folder, and reads and writes small files.
#pragma once

#include <gtest/gtest.h>
#include <moco.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace moco_test {

// Also checks that the test frees all handles.
class WithFolder : public ::testing::Test {
  protected:
    void SetUp() override
    {
        live_ = moco_live_handles();
        std::string name = (std::filesystem::temp_directory_path() / "moco-test-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override
    {
        std::filesystem::remove_all(folder_);
        EXPECT_EQ(moco_live_handles(), live_);
    }
    [[nodiscard]] std::string path(const std::string &name) const { return (folder_ / name).string(); }

    std::filesystem::path folder_;

  private:
    size_t live_ = 0;
};

// Returns the bytes of a file; empty if it does not exist.
inline std::string read_file(const std::filesystem::path &path)
{
    std::ifstream file(path, std::ios::binary);
    std::string bytes;
    char piece[65536]; // an iterator would call several functions per byte, and tests are not optimised
    while (file.read(piece, sizeof piece), file.gcount() > 0) {
        bytes.append(piece, static_cast<size_t>(file.gcount()));
    }
    return bytes;
}

inline size_t lines_of(const std::filesystem::path &path)
{
    const std::string text = read_file(path);
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

inline void write_file(const std::string &path, const std::string &bytes)
{
    std::ofstream(path, std::ios::binary) << bytes;
}

inline size_t entries_of(const std::filesystem::path &folder)
{
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

inline bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

inline bool message_has(const std::string &text)
{
    return has(moco_error_message(), text);
}

} // namespace moco_test
