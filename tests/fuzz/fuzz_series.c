/*
 * Fuzzes the reader of metrics.jsonl: any bytes must be a series or an error with a message, both before and after the
 * file was opened for appending, which drops the lines of later steps.
 */
#include "fuzz_file.h"

#include <string.h>

enum { EVERY = 64, STEP = 5 }; /* a disk write is slow, so only every 64th input is opened for appending */

static void read_lines(double most)
{
    moco_series series;
    if (!fuzz_took(moco_series_read(&series, fuzz_folder(), "loss"))) {
        return;
    }
    for (size_t i = 0; i < series.count; ++i) {
        if (!(series.steps[i] >= 0 && series.steps[i] <= most)) {
            abort();
        }
    }
    moco_series_free(&series);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned count;
    char path[2 * FUZZ_PATH_SIZE];
    fuzz_write(path, "metrics.jsonl", data, size);
    read_lines(9007199254740992.); /* 2^53 */
    if (count++ % EVERY == 0) {
        moco_metrics *metrics = NULL;
        if (fuzz_took(moco_metrics_open(&metrics, fuzz_folder(), STEP, false))) {
            moco_metrics_free(metrics);
            read_lines(STEP);
        }
    }
    (void)remove(path);
    return 0;
}
