// Tests settings and position in a checkpoint's metadata.
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"

using namespace config_text;

namespace {

class ConfigStored : public moco_test::WithFolder {
  protected:
    // Writes a file with this metadata and reads settings from it; returns the message, or "" on success.
    std::string read(const std::vector<moco_metadata> &metadata)
    {
        const std::string file = path("x.safetensors");
        EXPECT_EQ(moco_safetensors_write(file.c_str(), nullptr, 0, metadata.data(), metadata.size()), MOCO_OK)
            << moco_error_message();
        status_ = moco_checkpoint_read_config(&config_, &position_, file.c_str());
        return status_ == MOCO_OK ? "" : moco_error_message();
    }
    std::vector<moco_metadata> good_{
        { "format", "moco-checkpoint" }, { "version", "1" }, { "step", "70" }, { "epoch", "3" }, { "batch", "5" }
    };
    Config config_;
    moco_position position_{};
    moco_status status_ = MOCO_OK;
};

} // namespace

TEST_F(ConfigStored, ReadsSettingsAndPosition)
{
    good_.push_back({ "config.schedule", "cosine" });
    good_.push_back({ "config.queue-size", "4096" });
    EXPECT_EQ(read(good_), "");
    EXPECT_EQ(config_.schedule, MOCO_SCHEDULE_COSINE);
    EXPECT_EQ(config_.queue_size, 4096);
    EXPECT_EQ(position_.step, 70U);
    EXPECT_EQ(position_.epoch, 3U);
    EXPECT_EQ(position_.batch, 5U);
}

TEST_F(ConfigStored, IgnoresOptionsOfOtherVersionsWithAWarning)
{
    const Log log;
    good_.push_back({ "config.xyzzy", "1" });
    EXPECT_EQ(read(good_), "");
    ASSERT_EQ(log.lines.size(), 1U);
    EXPECT_HAS(log.lines[0], "\"xyzzy\"");
}

TEST_F(ConfigStored, RefusesUnknownChoices)
{
    for (const auto *option : all_options()) {
        if (option->choices == nullptr) {
            continue;
        }
        auto metadata = good_;
        const std::string key = std::string("config.") + option->name;
        metadata.push_back({ key.c_str(), "no-such" });
        EXPECT_HAS(read(metadata), std::string(option->name) + ": there is no 'no-such'");
        EXPECT_EQ(status_, MOCO_EFORMAT);
    }
}

TEST_F(ConfigStored, RefusesWhatIsNotACheckpoint)
{
    const std::vector<std::vector<std::string>> cases{ { "format", "other", "not a checkpoint" },
                                                       { "version", "2", "version 2" },
                                                       { "step", "-1", "\"step\"" },
                                                       { "epoch", "1x", "\"epoch\"" },
                                                       { "batch", "", "\"batch\"" },
                                                       { "step", "99999999999999999999999", "\"step\"" } };
    for (const auto &row : cases) {
        auto metadata = good_;
        for (auto &entry : metadata) {
            entry.value = entry.key == row[0] ? row[1].c_str() : entry.value;
        }
        EXPECT_HAS(read(metadata), row[2]);
        EXPECT_EQ(status_, MOCO_EFORMAT);
    }
}
