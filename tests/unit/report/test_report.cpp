// Tests the page about a run: safe with any text, complete if a part is missing.
#include "support/temporary_folder.hpp"

extern "C" {
#include "report/html_internal.h"
}

namespace fs = std::filesystem;
using moco_test::has;
using moco_test::message_has;
using moco_test::read_file;
using moco_test::write_file;

namespace {

class Report : public moco_test::WithFolder {
  protected:
    std::string write(const char *out = nullptr)
    {
        moco_report_options options = MOCO_REPORT_OPTIONS_INIT;
        options.path = out;
        EXPECT_EQ(moco_report_write(folder_.c_str(), &options), MOCO_OK) << moco_error_message();
        return read_file(out != nullptr ? out : path("report.html"));
    }
};

size_t count_of(const std::string &text, const std::string &part)
{
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) {
        ++count;
    }
    return count;
}

std::string escaped(const std::string &text)
{
    moco__html html = { { nullptr, 0, 0 }, MOCO_OK };
    moco__html_text(&html, text.c_str());
    EXPECT_EQ(html.status, MOCO_OK);
    std::string out(reinterpret_cast<const char *>(html.bytes.data), html.bytes.size);
    moco__bytes_free(&html.bytes);
    return out;
}

std::string base64(const std::string &bytes)
{
    moco__html html = { { nullptr, 0, 0 }, MOCO_OK };
    moco__html_base64(&html, bytes.data(), bytes.size());
    std::string out(reinterpret_cast<const char *>(html.bytes.data), html.bytes.size);
    moco__bytes_free(&html.bytes);
    return out;
}

const std::string kMetrics = R"({"step": 5, "epoch": 0.5, "loss": 6.5, "acc1": 3, "acc5": 9, "lr": 0.1, )"
                             R"("images_per_s": 100, "data_wait": 0.25})"
                             "\n"
                             R"({"step": 10, "epoch": 1, "loss": 5.25, "acc1": 4, "acc5": 12.5, "lr": 0.05, )"
                             R"("images_per_s": 50, "data_wait": 0.5})"
                             "\n"
                             R"({"step": 10, "epoch": 1, "knn_acc1": 71.5})"
                             "\n";

} // namespace

TEST_F(Report, EscapesWhatIsMarkupAndWhatIsNoText)
{
    EXPECT_EQ(escaped("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    EXPECT_EQ(escaped("Gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80"),
              "Gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80");
    const std::string bad = "\xEF\xBF\xBD";
    EXPECT_EQ(escaped("a\xFFz"), "a" + bad + "z");
    EXPECT_EQ(escaped("cut \xE2\x82"), "cut " + bad + bad);
    EXPECT_EQ(escaped("\xC0\xBC"), bad + bad) << "an overlong '<'";
    EXPECT_EQ(escaped("\xED\xA0\x80"), bad + bad + bad) << "a surrogate";
    EXPECT_EQ(escaped("\x01\n\t\x7F"), bad + "\n\t" + bad);
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64("\xFF\xFE\xFD"), "//79");
}

TEST_F(Report, SumsARunUp)
{
    write_file(path("config.yaml"), "data: \"/photos/<b>&\"\narch: resnet18\nbatch: 20\nepochs: 1\nqueue_size: 4096\n"
                                    "of_another_version: 7\n");
    write_file(path("metrics.jsonl"), kMetrics);
    write_file(path("train.log"), "2026-01-02 03:04:05 libmoco 0.1.0, libtorch 2.11.0, CPU, AVX512, 3 threads\n"
                                  "2026-01-02 03:14:05 done <script>alert(1)</script>\n");
    const std::string page = write();
    EXPECT_EQ(page.rfind("<!DOCTYPE html>", 0), 0U);
    EXPECT_TRUE(has(page, ">finished<"));
    EXPECT_TRUE(has(page, ">5.250<")) << "loss";
    EXPECT_TRUE(has(page, "chance 8.318"));
    EXPECT_TRUE(has(page, ">71.50 %<"));
    EXPECT_TRUE(has(page, ">0:00:03<")) << "5 x 20 / 100 + 5 x 20 / 50 seconds";
    EXPECT_EQ(count_of(page, "<svg"), 6U);
    EXPECT_EQ(count_of(page, "</svg>"), 6U);
    EXPECT_EQ(count_of(page, "role=\"img\" aria-label="), 6U);
    for (const char *part : { "loss (nats)</text>", "chance 8.32</text>", "images/s</text>", "accuracy (%)</text>" }) {
        EXPECT_TRUE(has(page, part)) << part;
    }
    EXPECT_TRUE(has(page, ".facts {")) << "the style sheet";
    EXPECT_TRUE(has(page, "<th scope=\"row\">of_another_version</th><td>7</td>"));
    EXPECT_TRUE(has(page, "<th scope=\"row\">device</th><td>CPU, AVX512</td>"));
    EXPECT_TRUE(has(page, "<th scope=\"row\">last entry</th><td>2026-01-02 03:14:05</td>"));
    EXPECT_FALSE(has(page, "<script")) << "the log is text";
    EXPECT_TRUE(has(page, "/photos/&lt;b&gt;&amp;"));
    for (const char *outside : { "http:", "https:", "src=\"/", "@import", "url(" }) {
        EXPECT_FALSE(has(page, outside)) << outside;
    }
    EXPECT_TRUE(has(page, "Missing: pairs.png, neighbours.png, map.png."));
}

TEST_F(Report, WorksWithWhatIsThere)
{
    EXPECT_EQ(moco_report_write(folder_.c_str(), nullptr), MOCO_ENOTFOUND);
    EXPECT_TRUE(message_has("give the folder of a run")) << moco_error_message();
    write_file(path("config.yaml"), "epochs: 3");
    EXPECT_TRUE(has(write(), "No metrics have been written yet."));
    write_file(path("metrics.jsonl"), kMetrics + "{\"step\": 15, \"ep");
    write_file(path("train.log"), "2026-01-02 03:04:05 something of <old>\n");
    const std::string page = write(path("other.html").c_str());
    EXPECT_TRUE(has(page, "epoch 1 of 3; the log ends with: something of &lt;old&gt;"));
    EXPECT_TRUE(has(page, "The log does not describe it."));
    fs::remove(path("config.yaml"));
    EXPECT_TRUE(has(write(), "config.yaml is missing."));
    write_file(path("train.log"), "\n");
    (void)write();
}

TEST_F(Report, EmbedsSheetsAndResults)
{
    write_file(path("config.yaml"), "epochs: 3\n");
    fs::create_directories(path("plots"));
    fs::create_directories(path("eval"));
    write_file(path("plots/map.png"), "foobar");
    write_file(path("linear.json"), R"({"acc1": 61.25, "of": {"lr": 30, "classes": ["<a>", "b"]},)"
                                    R"( "epochs": [{"epoch": 1, "acc1": 50.5}, {"epoch": 2}], "note": "<i>"})");
    write_file(path("eval/b.json"), "[{\"k\": true}]");
    write_file(path("finetune.json"),
               R"({"random": {"rates": [{"lr": 7}], "acc5": 3}, "confusion": [[5, 1], [2, 8]]})");
    write_file(path("eval/c.json"), "{");
    write_file(path("eval/ignored.txt"), "nothing");
    const std::string page = write();
    EXPECT_TRUE(has(page, "src=\"data:image/png;base64,Zm9vYmFy\""));
    EXPECT_TRUE(has(page, "Missing: pairs.png, neighbours.png."));
    EXPECT_TRUE(has(page, "<dt>top-1</dt><dd>61.25 %</dd>"));
    EXPECT_TRUE(has(page, "<h4>of</h4>")) << "an object within";
    EXPECT_TRUE(has(page, "<dt>learning rate</dt><dd>30</dd>"));
    EXPECT_TRUE(has(page, "<dd>[&quot;&lt;a&gt;&quot;,&quot;b&quot;]</dd>"));
    EXPECT_TRUE(has(page, "<td class=\"num\">1</td><td class=\"num bar\" style=\"--v:50.5%\">50.50 %</td></tr>\n"
                          "<tr><td class=\"num\">2</td><td></td></tr>"));
    EXPECT_TRUE(has(page, "<dt>note</dt><dd>&lt;i&gt;</dd>"));
    EXPECT_TRUE(has(page, "<h4>untrained network</h4>"));
    EXPECT_TRUE(has(page, "<dt>top-5</dt><dd>3.00 %</dd>"));
    EXPECT_TRUE(has(page, "Confusion of classes"));
    EXPECT_FALSE(has(page, "[[5")) << "as a picture alone";
    EXPECT_TRUE(has(page, "<td>yes</td>"));
    EXPECT_TRUE(has(page, "c.json cannot be read: "));
}

TEST_F(Report, ShowsEvaluationsAsBarsAndNames)
{
    write_file(path("config.yaml"), "epochs: 3\n");
    fs::create_directories(path("eval"));
    write_file(
        path("knn.json"),
        R"({"knn_acc1": 75, "k": 20, "baseline": "none", "checkpoint": null, "seconds": 3661, "classes": [)"
        R"({"class": 0, "name": "Ankle boot", "images": 6, "recall": 83.3, "precision": 70}, )"
        R"({"class": 1, "name": "Bag", "images": 10, "recall": 80, "precision": 88}], "confusion": [[5, 1], [2, 8]]})");
    write_file(path("eval/pixels.json"), R"({"knn_acc1": 71.25, "k": 5, "baseline": "pixels"})");
    write_file(path("linear.json"), R"({"acc1": 60, "rates": [{"lr": 1, "acc1": 60}], "random": {"acc1": 33}})");
    write_file(path("finetune.json"), R"({"acc1": 90, "encoder_lr": 0.1, "baseline": "random"})");
    const std::string page = write();
    for (const char *bar : { "kNN, k 20<", "75.00 %<", "kNN, k 5, raw pixels<", "Linear classifier<",
                             "Linear classifier, untrained network<", "33.00 %<", "Fine-tuning, untrained network<" }) {
        EXPECT_TRUE(has(page, bar)) << bar;
    }
    EXPECT_EQ(count_of(page, ">Ankle boot<"), 3U) << "in the table, and beside and below the matrix";
    EXPECT_TRUE(has(page, "<dd>1:01:01</dd>"));
    EXPECT_FALSE(has(page, "<dt>baseline</dt><dd>none")) << "says nothing";
    EXPECT_FALSE(has(page, "<dt>checkpoint</dt>")) << "there is none";
    EXPECT_FALSE(has(page, "glyph")) << "text is text";
    write_file(path("knn.json"), R"({"knn_acc1": 75, "k": 20, "confusion": [[5], [2, 8]]})");
    (void)write();
}

TEST_F(Report, LongSeriesStaySmall)
{
    std::string lines;
    for (int step = 1; step <= 20000; ++step) {
        lines += "{\"step\": " + std::to_string(step) + ", \"epoch\": " + std::to_string(step / 1000.0) +
                 ", \"loss\": " + (step == 7777 ? "99" : "5") + "}\n";
    }
    write_file(path("metrics.jsonl"), lines);
    const std::string page = write();
    EXPECT_LT(page.size(), 40000U);
    EXPECT_TRUE(has(page, ">100</text>")) << "a single peak is not lost";
    EXPECT_TRUE(has(page, "lowest to highest"));
}
