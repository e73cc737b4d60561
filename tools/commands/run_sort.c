/*
 * Orders runs by a metric, a setting or their state.
 */
#include "commands/run_list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a run is ordered by: a number, or else a text. */
typedef struct sort_key {
    run_entry entry;
    double number; /* NaN: none */
    char text[SETTING_SIZE];
} sort_key;

static int compare(const void *a, const void *b)
{
    const sort_key *x = a;
    const sort_key *y = b;
    if (isnan(x->number) != isnan(y->number)) {
        return isnan(x->number) ? 1 : -1;
    }
    if (x->number != y->number && !isnan(x->number)) {
        return x->number < y->number ? -1 : 1;
    }
    const int order = strcmp(x->text, y->text);
    return order != 0 ? order : strverscmp(x->entry.name, y->entry.name);
}

static moco_status key_by_metric(sort_key *keys, size_t count, const char *key)
{
    bool known = count == 0;
    for (size_t i = 0; i < count; ++i) {
        run_metric metric;
        const moco_status status = run_metric_read(&metric, &keys[i].entry, key);
        if (status != MOCO_OK) {
            return status;
        }
        keys[i].number = run_metric_falls(key) ? metric.last : -metric.last;
        known = known || !isnan(metric.last);
    }
    return known ? MOCO_OK
                 : moco_error_set(MOCO_EINVALID,
                                  "--sort: '%s' is neither a metric of these runs nor a setting; give one such as "
                                  "'knn_acc1', 'loss' or 'queue-size', or name, state, step",
                                  key);
}

static void key_by_setting(sort_key *keys, size_t count, const moco_option *option)
{
    for (size_t i = 0; i < count; ++i) {
        char *end = NULL;
        run_setting(keys[i].text, &keys[i].entry, option);
        const double number = strtod(keys[i].text, &end);
        keys[i].number = end != keys[i].text && *end == '\0' ? number : NAN;
    }
}

static moco_status key_all(sort_key *keys, const run_list *list, const char *key)
{
    const moco_option *option = moco_config_find_option(key + strspn(key, "-"));
    for (size_t i = 0; i < list->count; ++i) {
        const run_entry *entry = &list->entries[i];
        keys[i].entry = *entry;
        keys[i].number = strcmp(key, "step") == 0    ? -(double)entry->info.step
                         : strcmp(key, "state") == 0 ? (double)entry->info.state
                                                     : NAN;
    }
    if (strcmp(key, "name") == 0 || strcmp(key, "step") == 0 || strcmp(key, "state") == 0) {
        return MOCO_OK;
    }
    if (option != NULL) {
        key_by_setting(keys, list->count, option);
        return MOCO_OK;
    }
    return key_by_metric(keys, list->count, key);
}

moco_status run_list_sort(run_list *list, const char *key)
{
    sort_key *keys = calloc(list->count > 0 ? list->count : 1, sizeof *keys);
    if (keys == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for %zu runs", list->count);
    }
    const moco_status status = key_all(keys, list, key);
    qsort(keys, list->count, sizeof *keys, compare);
    for (size_t i = 0; i < list->count && status == MOCO_OK; ++i) {
        list->entries[i] = keys[i].entry;
    }
    free(keys);
    return status;
}
