/*
 * Fuzzes the reader of metrics.jsonl: any bytes must be a series or an error with a message, both before and after the
 * file was opened for appending, which drops the lines of later steps.
 */
#include "fuzz_file.h"

#include <moco.h>
#include <string.h>

enum { EVERY = 64, STEP = 5 }; /* a disk write is slow, so only every 64th input is opened for appending */

static char folder[FUZZ_PATH_SIZE];
static char file[2 * FUZZ_PATH_SIZE];

static void remove_folder(void)
{
    (void)remove(file);
    (void)rmdir(folder);
}

static void make_folder(void)
{
    (void)snprintf(folder, sizeof folder, "/dev/shm/moco-fuzz-series-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    (void)snprintf(file, sizeof file, "%s/metrics.jsonl", folder);
    (void)atexit(remove_folder);
}

static void write_lines(const uint8_t *data, size_t size)
{
    FILE *stream = fopen(file, "wb");
    if (stream == NULL || fwrite(data, 1, size, stream) != size || fclose(stream) != 0) {
        abort();
    }
}

static void read_lines(double most)
{
    moco_series series;
    if (moco_series_read(&series, folder, "loss") != MOCO_OK) {
        if (moco_error_message()[0] == '\0') {
            abort();
        }
        return;
    }
    for (size_t i = 0; i < series.count; ++i) {
        if (series.steps[i] > most) {
            abort();
        }
    }
    moco_series_free(&series);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned count;
    if (folder[0] == '\0') {
        make_folder();
    }
    write_lines(data, size);
    read_lines(1e300 * 1e300);
    if (count++ % EVERY == 0) {
        moco_metrics *metrics = NULL;
        if (moco_metrics_open(&metrics, folder, STEP, false) == MOCO_OK) {
            moco_metrics_free(metrics);
            read_lines(STEP);
        } else if (moco_error_message()[0] == '\0') {
            abort();
        }
    }
    return 0;
}
