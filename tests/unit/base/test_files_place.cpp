// Tests whether a folder contains a path.
#include "support/temporary_folder.hpp"

#include "base/files_place_internal.h"

#include <filesystem>

namespace fs = std::filesystem;

namespace {

using FilesPlace = moco_test::WithFolder;

TEST_F(FilesPlace, FoldersContainWhatLinksAndMissingPathsLeadTo)
{
    fs::create_directories(folder_ / "data/train");
    fs::create_directories(folder_ / "data2");
    fs::create_directory_symlink(folder_ / "data", folder_ / "link");
    const auto contains = [&](const char *folder, const char *inner) {
        return moco__files_contain(path(folder).c_str(), path(inner).c_str());
    };
    EXPECT_TRUE(contains("data", "data"));
    EXPECT_TRUE(contains("data", "data/"));
    EXPECT_TRUE(contains("data", "data/new/run"));
    EXPECT_TRUE(contains("data", "link/run"));
    EXPECT_TRUE(contains("link/", "data/train"));
    EXPECT_TRUE(contains("data/train/..", "data/run"));
    EXPECT_FALSE(contains("data", "data2"));
    EXPECT_FALSE(contains("data", "data2/run"));
    EXPECT_FALSE(contains("data/train", "data"));
    EXPECT_FALSE(contains("missing", "missing/run"));
    EXPECT_TRUE(moco__files_contain("/", path("data").c_str()));
}

} // namespace
