/*
 * moco doctor --distributed: tests whether several processes reach each other, and how fast.
 */
#include "commands/doctor_ranks.h"

#include "cli/clock.h"
#include "cli/output.h"

#include "moco/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE = 256,
    ROWS = 1024, /* per rank; x COLUMNS floats = 4 MiB */
    COLUMNS = 1024,
    REPEATS = 5
};

/* The data of the trials. */
typedef struct trial_data {
    moco_comm *comm;
    moco_device device;
    moco_scope *scope;
    float value; /* rank + 1 */
    int wrong;
} trial_data;

/* Runs one collective and counts wrong values. */
typedef moco_status (*trial)(trial_data *data);

static moco_status make(moco_tensor **out, const trial_data *data, int64_t rows)
{
    const int64_t sizes[2] = { rows, COLUMNS };
    const size_t count = (size_t)rows * COLUMNS;
    float *values = malloc(count * sizeof *values);
    if (values == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < count; ++i) {
        values[i] = data->value;
    }
    const moco_status status = moco_tensor_from_host(out, data->scope, MOCO_FLOAT32, data->device, sizes, 2, values);
    free(values);
    return status;
}

/* Checks that a row of a tensor holds a value. */
static moco_status expect(trial_data *data, const moco_tensor *tensor, int64_t row, float value)
{
    moco_tensor *part = NULL;
    moco_tensor *flat = NULL;
    double found = 0;
    MOCO_TRY(moco_tensor_narrow(&part, data->scope, tensor, 0, row, 1));
    MOCO_TRY(moco_tensor_narrow(&flat, data->scope, part, 1, COLUMNS - 1, 1));
    MOCO_TRY(moco_tensor_item(&found, flat));
    data->wrong += (float)found == value ? 0 : 1;
    return MOCO_OK;
}

static moco_status try_barrier(trial_data *data)
{
    return moco_comm_barrier(data->comm);
}

static moco_status try_broadcast(trial_data *data)
{
    moco_tensor *tensor = NULL;
    const int32_t last = moco_comm_world(data->comm) - 1;
    MOCO_TRY(make(&tensor, data, ROWS));
    MOCO_TRY(moco_comm_broadcast(data->comm, tensor, last));
    return expect(data, tensor, ROWS - 1, (float)(last + 1));
}

static moco_status try_all_reduce(trial_data *data)
{
    moco_tensor *tensor = NULL;
    const int32_t world = moco_comm_world(data->comm);
    MOCO_TRY(make(&tensor, data, ROWS));
    MOCO_TRY(moco_comm_all_reduce(data->comm, tensor));
    return expect(data, tensor, ROWS - 1, (float)world * (float)(world + 1) / 2);
}

static moco_status try_all_gather(trial_data *data)
{
    moco_tensor *mine = NULL;
    moco_tensor *all = NULL;
    MOCO_TRY(make(&mine, data, ROWS));
    MOCO_TRY(moco_comm_all_gather(&all, data->scope, data->comm, mine));
    for (int32_t r = 0; r < moco_comm_world(data->comm); ++r) {
        MOCO_TRY(expect(data, all, (int64_t)r * ROWS, (float)(r + 1)));
    }
    return MOCO_OK;
}

static moco_status try_all_to_all(trial_data *data)
{
    moco_tensor *mine = NULL;
    moco_tensor *got = NULL;
    const int32_t world = moco_comm_world(data->comm);
    const int64_t each = ROWS / world > 0 ? ROWS / world : 1;
    int64_t *counts = malloc((size_t)world * sizeof *counts);
    if (counts == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory");
    }
    for (int32_t r = 0; r < world; ++r) {
        counts[r] = each;
    }
    moco_status status = make(&mine, data, each * world);
    if (status == MOCO_OK) {
        status = moco_comm_all_to_all(&got, data->scope, data->comm, mine, counts, counts);
    }
    free(counts);
    MOCO_TRY(status);
    for (int32_t r = 0; r < world; ++r) {
        MOCO_TRY(expect(data, got, r * each, (float)(r + 1)));
    }
    return MOCO_OK;
}

/* Repeats a collective and takes the fastest time. Fails if it brings wrong values. */
static moco_status measure(double *seconds, const char *name, trial run, trial_data *data)
{
    *seconds = 1e300;
    for (int i = 0; i < REPEATS; ++i) {
        MOCO_TRY(moco_comm_barrier(data->comm));
        const double start = clock_now();
        MOCO_TRY(run(data));
        MOCO_TRY(moco_device_synchronize(data->device));
        *seconds = clock_now() - start < *seconds ? clock_now() - start : *seconds;
        moco_scope_clear(data->scope);
        if (data->wrong > 0) {
            return moco_error_set(MOCO_EINTERNAL, "%s gave wrong values to rank %d", name, moco_comm_rank(data->comm));
        }
    }
    return MOCO_OK;
}

static moco_status try_all(trial_data *data)
{
    static const struct {
        const char *name;
        trial run;
        bool carries; /* data */
    } trials[] = {
        { "barrier", try_barrier, false },      { "broadcast", try_broadcast, true },
        { "all_reduce", try_all_reduce, true }, { "all_gather", try_all_gather, true },
        { "all_to_all", try_all_to_all, true },
    };
    const double mib = (double)ROWS * COLUMNS * sizeof(float) / (1024 * 1024);
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; ++i) {
        double seconds;
        MOCO_TRY(measure(&seconds, trials[i].name, trials[i].run, data));
        if (moco_comm_rank(data->comm) == 0 && trials[i].carries) {
            (void)printf("%-16s%.2f ms for %.0f MiB per rank: %.2f GiB/s\n", trials[i].name, 1e3 * seconds, mib,
                         mib / 1024 / seconds);
        } else if (moco_comm_rank(data->comm) == 0) {
            (void)printf("%-16s%.2f ms\n", trials[i].name, 1e3 * seconds);
        }
    }
    return MOCO_OK;
}

/* Prints the host and the device of each rank, which only the rank itself knows. */
static moco_status print_ranks(const moco_peers *peers, const trial_data *data)
{
    const int32_t world = moco_comm_world(data->comm);
    const int64_t sizes[2] = { 1, LINE };
    char line[LINE] = "";
    moco_tensor *mine = NULL;
    moco_tensor *all = NULL;
    MOCO_TRY(moco_device_describe(line, sizeof line, data->device));
    MOCO_TRY(moco_tensor_from_host(&mine, data->scope, MOCO_UINT8, data->device, sizes, 2, line));
    MOCO_TRY(moco_comm_all_gather(&all, data->scope, data->comm, mine));
    char *lines = malloc((size_t)world * LINE);
    if (lines == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory");
    }
    const moco_status status = moco_tensor_to_host(lines, (size_t)world * LINE, all);
    for (int32_t r = 0; r < world && status == MOCO_OK && moco_comm_rank(data->comm) == 0; ++r) {
        (void)printf("rank %-11d%s: %s\n", r, moco_peers_name(peers, r), lines + (size_t)r * LINE);
    }
    free(lines);
    return status;
}

int doctor_ranks(const launch_settings *settings, const char *device)
{
    moco_peers *peers = NULL;
    const int code = launch_join(&peers, settings, device);
    if (code != EXIT_OK) {
        return code;
    }
    if (peers == NULL) {
        moco_device one;
        return moco_device_parse(&one, device) != MOCO_OK
                   ? say_failure()
                   : say_error("there is only one process; start several with --nproc N, torchrun, mpirun or srun");
    }
    trial_data data = { .comm = moco_peers_comm(peers), .value = (float)(moco_comm_rank(moco_peers_comm(peers)) + 1) };
    moco_status status = moco_launch_device(&data.device, device, moco_peers_launch(peers));
    if (status == MOCO_OK) {
        status = moco_scope_create(&data.scope);
    }
    if (status == MOCO_OK) {
        status = print_ranks(peers, &data);
    }
    if (status == MOCO_OK) {
        status = try_all(&data);
    }
    if (status != MOCO_OK) {
        (void)moco_peers_fail(peers, status);
    }
    moco_scope_free(data.scope);
    const int result = status == MOCO_OK ? EXIT_OK : say_failure();
    moco_peers_free(peers);
    return result;
}
