// Tests metrics.jsonl and the event files of TensorBoard.
#include "support/german.hpp"
#include "support/kept_warnings.hpp"
#include "support/temporary_folder.hpp"

#include <cmath>
#include <cstring>
#include <jansson.h>
#include <sstream>
#include <sys/stat.h>
#include <vector>

namespace fs = std::filesystem;
using moco_test::read_file;
using moco_test::write_file;

namespace {

class Metrics : public moco_test::WithFolder {
  protected:
    [[nodiscard]] std::vector<std::string> lines() const
    {
        std::istringstream text(read_file(path("metrics.jsonl")));
        std::vector<std::string> all;
        for (std::string line; std::getline(text, line);) {
            all.push_back(line);
        }
        return all;
    }
    moco_metrics *open(uint64_t step, bool tensorboard = false) const
    {
        moco_metrics *metrics = nullptr;
        EXPECT_EQ(moco_metrics_open(&metrics, folder_.c_str(), step, tensorboard), MOCO_OK) << moco_error_message();
        return metrics;
    }
};

void put(moco_metrics *metrics, uint64_t step, double loss)
{
    const moco_metric values[] = { { "loss", loss }, { "lr", 0.03 } };
    EXPECT_EQ(moco_metrics_write(metrics, step, static_cast<double>(step) / 10, values, 2), MOCO_OK);
}

// Castagnoli's polynomial by long division, most significant bit first over reflected bytes.
uint32_t masked_crc(const std::string &bytes)
{
    uint32_t crc = 0xFFFFFFFF;
    for (const char byte : bytes) {
        for (int bit = 0; bit < 8; ++bit) {
            const uint32_t in = (static_cast<unsigned char>(byte) >> bit) & 1U;
            const uint32_t out = crc & 1U;
            crc >>= 1U;
            if ((in ^ out) != 0) {
                crc ^= 0x82F63B78;
            }
        }
    }
    crc = ~crc;
    return ((crc >> 15U) | (crc << 17U)) + 0xA282EAD8;
}

template <typename T> T number_at(const std::string &bytes, size_t at)
{
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

} // namespace

TEST_F(Metrics, LinesAreJsonAndNaNIsLeftOut)
{
    moco_metrics *metrics = open(0);
    put(metrics, 10, 5.25);
    put(metrics, 20, NAN);
    put(metrics, 30, INFINITY);
    moco_metrics_free(metrics);
    ASSERT_EQ(lines().size(), 3U);
    json_t *line = json_loads(lines()[0].c_str(), 0, nullptr);
    EXPECT_EQ(json_integer_value(json_object_get(line, "step")), 10);
    EXPECT_EQ(json_number_value(json_object_get(line, "epoch")), 1);
    EXPECT_EQ(json_number_value(json_object_get(line, "loss")), 5.25);
    json_decref(line);
    line = json_loads(lines()[1].c_str(), 0, nullptr);
    EXPECT_EQ(json_object_get(line, "loss"), nullptr);
    EXPECT_NE(json_object_get(line, "lr"), nullptr);
    json_decref(line);
}

TEST_F(Metrics, ResumeDropsLaterAndHalfWrittenLines)
{
    moco_metrics *metrics = open(0);
    for (uint64_t step = 10; step <= 50; step += 10) {
        put(metrics, step, 1);
    }
    moco_metrics_free(metrics);
    write_file(path("metrics.jsonl"), read_file(path("metrics.jsonl")) + R"({"step": 15, "lo)");
    metrics = open(30);
    put(metrics, 40, 2);
    moco_metrics_free(metrics);
    ASSERT_EQ(lines().size(), 4U);
    moco_series series{};
    ASSERT_EQ(moco_series_read(&series, folder_.c_str(), "loss"), MOCO_OK);
    ASSERT_EQ(series.count, 4U);
    EXPECT_EQ(series.steps[3], 40);
    EXPECT_EQ(series.epochs[3], 4);
    EXPECT_EQ(series.values[2], 1);
    EXPECT_EQ(series.values[3], 2);
    moco_series_free(&series);
    ASSERT_EQ(moco_series_read(&series, folder_.c_str(), "knn_acc1"), MOCO_OK);
    EXPECT_EQ(series.count, 0U);
    moco_series_free(&series);
    EXPECT_EQ(moco_series_read(&series, path("none").c_str(), "loss"), MOCO_ENOTFOUND);
}

TEST_F(Metrics, ResumeTellsOfDamagedLines)
{
    write_file(path("metrics.jsonl"),
               "{\"step\": 5, \"loss\": 1}\n{\"step\": 10, lo\n{\"step\": 15, \"loss\": 1}\n{\"st");
    std::string warned;
    moco_log_set_callback(moco_test::keep_warning, &warned);
    moco_metrics_free(open(30));
    moco_log_set_callback(nullptr, nullptr);
    EXPECT_EQ(warned, path("metrics.jsonl") + ": left out 1 damaged line");
    EXPECT_EQ(lines().size(), 2U);
}

TEST_F(Metrics, AFifoInItsPlaceIsRefusedAtOnce)
{
    ASSERT_EQ(mkfifo(path("metrics.jsonl").c_str(), 0600), 0);
    moco_metrics *metrics = nullptr;
    EXPECT_EQ(moco_metrics_open(&metrics, folder_.c_str(), 0, false), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("metrics.jsonl: not a regular file")) << moco_error_message();
}

TEST_F(Metrics, EventFileIsFramedAsTensorBoardReadsIt)
{
    moco_metrics *metrics = open(0, true);
    put(metrics, 300, 5.25);
    moco_metrics_free(metrics);
    std::string name;
    for (const auto &entry : fs::directory_iterator(folder_)) {
        if (entry.path().filename().string().rfind("events.out.tfevents.", 0) == 0) {
            name = entry.path().string();
        }
    }
    const std::string bytes = read_file(name);
    std::vector<std::string> records;
    for (size_t at = 0; at < bytes.size();) {
        const auto length = number_at<uint64_t>(bytes, at);
        ASSERT_LE(at + 16 + length, bytes.size());
        EXPECT_EQ(number_at<uint32_t>(bytes, at + 8), masked_crc(bytes.substr(at, 8)));
        records.push_back(bytes.substr(at + 12, length));
        EXPECT_EQ(number_at<uint32_t>(bytes, at + 12 + length), masked_crc(records.back()));
        at += 16 + length;
    }
    ASSERT_EQ(records.size(), 2U);
    EXPECT_NE(records[0].find("brain.Event:2"), std::string::npos);
    // Value { tag "loss", simple_value 5.25 }: 0a 04 "loss" 15 <float>; step 300 is the varint ac 02 in field 2.
    const float loss = 5.25F;
    std::string value = std::string("\x0a\x04loss\x15", 7);
    value.append(reinterpret_cast<const char *>(&loss), 4);
    EXPECT_NE(records[1].find(value), std::string::npos);
    EXPECT_NE(records[1].find(std::string("\x10\xac\x02", 3)), std::string::npos);
    EXPECT_EQ(masked_crc("123456789"), ((0xE3069283U >> 15U) | (0xE3069283U << 17U)) + 0xA282EAD8U)
        << "the check value of CRC-32C";
}

TEST_F(Metrics, AnEmptyPathIsNoFolder)
{
    moco_metrics *metrics = nullptr;
    moco_series series{};
    char path[64];
    EXPECT_EQ(moco_metrics_open(&metrics, "", 0, false), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("path"), std::string::npos) << moco_error_message();
    EXPECT_EQ(moco_series_read(&series, "", "loss"), MOCO_EINVALID);
    EXPECT_EQ(moco_report_write("", nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_plot_curves("", MOCO_PICTURE_AUTO), MOCO_EINVALID);
    EXPECT_EQ(moco_checkpoint_path(path, sizeof path, "", 1), MOCO_EINVALID);
    EXPECT_EQ(moco_checkpoint_prune("", 1, 0), MOCO_EINVALID);
    EXPECT_EQ(moco_safetensors_write("", nullptr, 0, nullptr, 0), MOCO_EINVALID);
}

TEST_F(Metrics, ErrorsNameTheFile)
{
    moco_metrics *metrics = nullptr;
    write_file(path("file"), "x");
    EXPECT_NE(moco_metrics_open(&metrics, path("file").c_str(), 0, false), MOCO_OK);
    EXPECT_TRUE(moco_test::message_has("file/metrics.jsonl")) << moco_error_message();
    EXPECT_EQ(metrics, nullptr);
}

TEST_F(Metrics, NumbersHaveAPointInEveryLocale)
{
    const moco_test::German german(folder_);
    if (!german.is_set()) {
        GTEST_SKIP() << "there is no German locale";
    }
    moco_metrics *metrics = open(0);
    put(metrics, 1, 0.5);
    put(metrics, 2, 0.25);
    moco_metrics_free(metrics);
    moco_metrics_free(open(1)); // keeps the lines that it can read
    ASSERT_EQ(lines().size(), 1U);
    EXPECT_EQ(lines()[0], R"({"step": 1, "epoch": 0.1, "loss": 0.5, "lr": 0.03})");
    (void)moco_error_set(MOCO_EINVALID, "%.1f", 0.5);
    EXPECT_STREQ(moco_error_message(), "0.5");
}

TEST_F(Metrics, NamesThatWouldBreakALineAreRefused)
{
    moco_metrics *metrics = open(0);
    for (const char *name : { "a\"b", "a\\b", "a\nb", "\xff" }) {
        const moco_metric value = { name, 1 };
        EXPECT_EQ(moco_metrics_write(metrics, 1, 0, &value, 1), MOCO_EINVALID) << name;
    }
    EXPECT_TRUE(lines().empty());
    moco_metrics_free(metrics);
}
