/*
 * Fuzzes the readers of a run's folder, by which a report is made: config.yaml as lines, metrics.jsonl, train.log, and
 * the JSON of an evaluation, one after the other with a byte 0xFF between them. Any bytes must become a record of the
 * run and a part of a page, or an error with a message.
 */
#include "fuzz_file.h"

#include "report/report_json_internal.h"
#include "report/report_read_internal.h"

#include <string.h>

enum { FILES = 4 };

static const char *const names[FILES] = { "config.yaml", "metrics.jsonl", "train.log", "knn.json" };

static void show(const moco__record *record)
{
    char text[64];
    size_t length = 0;
    for (size_t i = 0; i < record->result_count; ++i) {
        moco__html html = { { NULL, 0, 0 }, MOCO_OK };
        const moco__result *result = &record->results[i];
        if ((result->root == NULL) == (result->failure == NULL)) {
            abort();
        }
        if (result->root != NULL) {
            moco__report_json(&html, result->root);
        }
        (void)fuzz_took(html.status);
        moco__bytes_free(&html.bytes);
    }
    (void)moco__record_setting(text, sizeof text, record, "arch");
    (void)moco__record_number(record, "batch_size");
    const char *line = moco__record_log_line(&length, record, "done");
    if (line != NULL && memmem(line, length, "done", 4) == NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char paths[FILES][2 * FUZZ_PATH_SIZE];
    moco_run_info info;
    moco__record record;
    size_t count = 0;
    for (bool more = true; more && count < FILES; ++count) {
        const uint8_t *end = size > 0 ? memchr(data, 0xFF, size) : NULL;
        const size_t length = end != NULL ? (size_t)(end - data) : size;
        fuzz_write(paths[count], names[count], data, length);
        more = end != NULL;
        data += length + (more ? 1 : 0);
        size -= length + (more ? 1 : 0);
    }
    if (fuzz_took(moco_run_inspect(&info, fuzz_folder())) &&
        (memchr(info.failure, '\0', sizeof info.failure) == NULL || moco_run_state_name(info.state) == NULL)) {
        abort();
    }
    if (fuzz_took(moco__record_read(&record, fuzz_folder()))) {
        show(&record);
    }
    moco__record_free(&record);
    while (count > 0) {
        (void)remove(paths[--count]);
    }
    return 0;
}
