/*
 * Holds the table of options of moco_config. The command line, its help, YAML keys, ranges and checkpoints' metadata
 * all come from it. A new option is a field in moco_config and a row in config_rows_*.c.
 */
#include "config/config_names_internal.h"
#include "config/config_rows_internal.h"

#include <pthread.h>
#include <string.h>

enum { ROOM = 128 }; /* options; a test checks that all fit */

static moco_option table[ROOM];
static size_t used;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void join(void)
{
    const moco__config_rows *const parts[] = { &moco__config_rows_data, &moco__config_rows_method,
                                               &moco__config_rows_run };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
        const size_t left = ROOM - used;
        const size_t count = parts[i]->count < left ? parts[i]->count : left;
        memcpy(table + used, parts[i]->rows, count * sizeof *table);
        used += count;
    }
    moco__fill_names();
}

const moco_option *moco_config_options(size_t *count)
{
    (void)pthread_once(&once, join);
    if (count != NULL) {
        *count = used;
    }
    return table;
}
