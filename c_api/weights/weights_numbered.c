/*
 * Gives the parts of a ResNet their names if a file has numbered them.
 *
 * nn.Sequential numbers the children of a ResNet: 0 is the stem, 1 its batch norm, then come those without tensors
 * (ReLU and pooling, if there is any), and then the four stages.
 */
#include "weights/weights_numbered_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* TRIES_MAX: each try searches all names, of which a hostile file may have very many. */
enum { PREFIX_SIZE = 64, PREFIXES_MAX = 8, TRIES_MAX = 64, NAME_SIZE = 256, FIRST_MIN = 2, FIRST_MAX = 5, STAGES = 4 };

static const char first_block[] = ".0.conv1.weight";

/* The numbered parts under a prefix. */
typedef struct parts {
    char prefix[PREFIX_SIZE];
    int first; /* number of the first stage */
} parts;

static const moco_weights_entry *find(const moco_weights *weights, const char *prefix, int number, const char *end)
{
    char name[NAME_SIZE];
    const moco_weights_entry *entry = NULL;
    (void)snprintf(name, sizeof name, "%s%d%s", prefix, number, end);
    for (size_t i = 0; (entry = moco_weights_get(weights, i)) != NULL; ++i) {
        if (strcmp(entry->name, name) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* Returns whether a name ends like that of the first convolution of a numbered stage. */
static bool is_block(const char *name)
{
    const size_t length = strlen(name);
    const size_t end = sizeof first_block - 1;
    return length > end && strcmp(name + length - end, first_block) == 0 &&
           isdigit((unsigned char)name[length - end - 1]) && (length == end + 1 || name[length - end - 2] == '.');
}

/* Takes a name "P4.0.conv1.weight" apart, if P has a stem and a batch norm, too, and this is its first stage. */
static bool take_apart(parts *out, const moco_weights *weights, const char *name)
{
    const size_t prefix = strlen(name) - sizeof first_block;
    if (prefix >= PREFIX_SIZE) {
        return false;
    }
    memcpy(out->prefix, name, prefix);
    out->prefix[prefix] = '\0';
    out->first = name[prefix] - '0';
    if (out->first < FIRST_MIN || out->first > FIRST_MAX ||
        find(weights, out->prefix, out->first - 1, first_block) != NULL) {
        return false;
    }
    const moco_weights_entry *stem = find(weights, out->prefix, 0, ".weight");
    return stem != NULL && stem->ndim == 4 && find(weights, out->prefix, 1, ".running_mean") != NULL;
}

/* Writes the new name of a tensor; false if it keeps its own. */
static bool rename_part(char name[NAME_SIZE], const parts *of, const char *old)
{
    const size_t length = strlen(of->prefix);
    if (strncmp(old, of->prefix, length) != 0 || !isdigit((unsigned char)old[length]) || old[length + 1] != '.') {
        return false;
    }
    const int number = old[length] - '0';
    char part[24];
    if (number <= 1) {
        (void)snprintf(part, sizeof part, "%s", number == 0 ? "conv1" : "bn1");
    } else if (number >= of->first && number < of->first + STAGES) {
        (void)snprintf(part, sizeof part, "layer%d", number - of->first + 1);
    } else {
        return false;
    }
    return snprintf(name, NAME_SIZE, "%s%s%s", of->prefix, part, old + length + 1) < NAME_SIZE;
}

moco_status moco__weights_name_parts(moco_weights *weights)
{
    parts found[PREFIXES_MAX];
    size_t count = 0;
    size_t tries = 0;
    for (size_t i = 0; i < weights->count && count < PREFIXES_MAX && tries < TRIES_MAX; ++i) {
        const char *name = weights->entries[i].view.name;
        if (is_block(name)) {
            ++tries;
            count += take_apart(&found[count], weights, name);
        }
    }
    for (size_t i = 0; i < weights->count && count > 0; ++i) {
        char name[NAME_SIZE];
        for (size_t p = 0; p < count; ++p) {
            if (rename_part(name, &found[p], weights->entries[i].view.name)) {
                MOCO_TRY(moco__weights_keep(&weights->entries[i].view.name, weights, name));
                break;
            }
        }
    }
    return MOCO_OK;
}
