// moco export and moco import against PyTorch itself, torchvision and the reference's programs; see
// tests/python/roundtrip.py. Where Python lacks torch or torchvision the test is skipped; MOCO_REFERENCE names a clone
// of facebookresearch/moco whose converter is run too.
#include "cli.hpp"

using namespace cli;

using CliExport = Cli;

TEST_F(CliExport, RoundTripsThroughPyTorchChangeNoBit)
{
    const fs::path work = root / "roundtrip";
    fs::create_directories(work);
    const char *reference = std::getenv("MOCO_REFERENCE");
    const int code =
        python("roundtrip.py", "--moco '" + binary() + "' --work '" + work.string() + "'" +
                                   (reference != nullptr ? " --reference '" + std::string(reference) + "'" : ""));
    const std::string text = slurp(root / "python.txt");
    if (code == -1) {
        GTEST_SKIP() << text;
    }
    EXPECT_EQ(code, 0) << text;
    EXPECT_HAS(text, "main_lincls.py's loading takes it");
}

TEST_F(CliExport, HostileFilesAreRefused)
{
    const fs::path samples = fs::current_path() / "tests/data/checkpoints";
    for (const char *name : { "hostile_zip.pth", "hostile_legacy.pth", "hostile_missing_storage.pth" }) {
        SCOPED_TRACE(name);
        const Result result =
            run({ "export", (samples / name).string(), "--format", "torchvision", "--out", "hostile.pth" });
        EXPECT_EQ(result.code, 1);
        EXPECT_HAS(result.err, name);
        EXPECT_FALSE(fs::exists(root / "hostile.pth"));
        EXPECT_FALSE(fs::exists(root / "PWNED"));
    }
}
