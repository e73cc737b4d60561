// moco export and moco import against PyTorch itself, torchvision and the reference's programs; see
// tests/python/roundtrip.py. Where Python lacks torch or torchvision the test is skipped; MOCO_PYTHON names another
// Python, and MOCO_REFERENCE a clone of facebookresearch/moco whose converter is run too.
#include "cli.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;

TEST(CliExport, RoundTripsThroughPyTorchChangeNoBit)
{
    const fs::path work = fs::temp_directory_path() / ("moco-roundtrip-" + std::to_string(getpid()));
    fs::create_directories(work);
    const char *python = std::getenv("MOCO_PYTHON");
    const char *reference = std::getenv("MOCO_REFERENCE");
    const std::string command = std::string("'") + (python != nullptr ? python : "python3") + "' " + MOCO_PYTHON_TESTS +
                                "/roundtrip.py --moco " + MOCO_BINARY + " --work '" + work.string() + "'" +
                                (reference != nullptr ? " --reference '" + std::string(reference) + "'" : "") + " >'" +
                                (work / "log").string() + "' 2>&1";
    const int status = std::system(command.c_str()); // NOLINT(cert-env33-c)
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    std::ifstream log(work / "log");
    const std::string text{ std::istreambuf_iterator<char>(log), {} };
    fs::remove_all(work);
    if (code == 77 || code == 127) {
        GTEST_SKIP() << text;
    }
    EXPECT_EQ(code, 0) << text;
    EXPECT_NE(text.find("main_lincls.py's loading takes it"), std::string::npos) << text;
}

TEST(CliExport, HostileFilesAreRefused)
{
    for (const char *name : { "hostile_zip.pth", "hostile_legacy.pth", "hostile_missing_storage.pth" }) {
        SCOPED_TRACE(name);
        const std::string command = std::string(MOCO_BINARY) + " export tests/data/checkpoints/" + name +
                                    " --format torchvision --out /tmp/moco-hostile.pth 2>/dev/null";
        const int status = std::system(command.c_str()); // NOLINT(cert-env33-c)
        EXPECT_EQ(WEXITSTATUS(status), 1);
        EXPECT_FALSE(fs::exists("/tmp/moco-hostile.pth"));
        EXPECT_FALSE(fs::exists("PWNED"));
    }
}
