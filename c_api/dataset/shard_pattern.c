/* Expands patterns of shards. */
#include "dataset/shard_pattern_internal.h"

#include "base/files_internal.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS_MAX = 1000000, DIGITS_MAX = 9, DEPTH_MAX = 32 };

typedef struct expansion {
    const char *pattern; /* for messages */
    moco_status (*take)(const char *path, void *payload);
    void *payload;
    size_t count;
    bool is_command; /* the results are not looked for as files */
} expansion;

/* Braces: `open` and `close` are the places of both. */
typedef struct braces {
    const char *open, *close;
    bool is_range;
    int width; /* digits of the first number; shorter numbers are padded with zeros */
    long first, last;
} braces;

static bool parse_number(const char **text, long *out)
{
    const size_t digits = strspn(*text, "0123456789");
    if (digits < 1 || digits > DIGITS_MAX) {
        return false;
    }
    *out = strtol(*text, NULL, 10);
    *text += digits;
    return true;
}

static bool parse_range(braces *out)
{
    const char *at = out->open + 1;
    out->width = (int)strspn(at, "0123456789");
    out->is_range = parse_number(&at, &out->first) && strncmp(at, "..", 2) == 0;
    at += 2;
    out->is_range = out->is_range && parse_number(&at, &out->last) && at == out->close;
    return out->is_range;
}

/* Finds the first braces with a list or a range in them. Others are a part of the name. */
static bool find_braces(braces *out, const char *path)
{
    for (const char *open = strchr(path, '{'); open != NULL; open = strchr(open + 1, '{')) {
        int depth = 0;
        bool comma = false;
        for (const char *at = open; *at != '\0'; ++at) {
            depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
            comma = comma || (depth == 1 && *at == ',');
            if (depth == 0) {
                *out = (braces){ .open = open, .close = at };
                if (parse_range(out) || comma) {
                    return true;
                }
                break;
            }
        }
    }
    return false;
}

bool moco__shard_pattern_is(const char *path)
{
    braces found;
    return find_braces(&found, path) || strpbrk(path, "*?[") != NULL;
}

static moco_status take_one(expansion *e, const char *path)
{
    if (++e->count > SHARDS_MAX) {
        return moco_error_set(MOCO_EINVALID, "dataset: %s means more than %d shards", e->pattern, SHARDS_MAX);
    }
    return e->take(path, e->payload);
}

static moco_status take_wildcards(expansion *e, const char *path)
{
    glob_t found;
    const int code = glob(path, 0, NULL, &found);
    if (code == GLOB_NOSPACE) {
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the shards of %s", path);
    }
    moco_status status = MOCO_OK;
    if (code != 0) {
        return moco_error_set(MOCO_ENOTFOUND, "dataset: no file is called like %s", path);
    }
    for (size_t i = 0; i < found.gl_pathc && status == MOCO_OK; ++i) {
        status = take_one(e, found.gl_pathv[i]);
    }
    globfree(&found);
    return status;
}

/* Takes a path without braces. */
static moco_status take_path(expansion *e, const char *path)
{
    if (e->is_command || moco__files_exist(path)) {
        return take_one(e, path);
    }
    return strpbrk(path, "*?[") != NULL
               ? take_wildcards(e, path)
               : moco_error_set(MOCO_ENOTFOUND, "dataset: the shard %s of %s is missing", path, e->pattern);
}

static moco_status expand(expansion *e, const char *path, int depth);

/* Expands the path with one text in place of the braces. */
/* NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX bounds it. */
static moco_status expand_with(expansion *e, const char *path, const braces *b, const char *text, size_t length,
                               int depth)
{
    char *whole = NULL;
    if (asprintf(&whole, "%.*s%.*s%s", (int)(b->open - path), path, (int)length, text, b->close + 1) < 0) {
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the shards of %s", e->pattern);
    }
    const moco_status status = expand(e, whole, depth);
    free(whole);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX bounds it. */
static moco_status expand_range(expansion *e, const char *path, const braces *b, int depth)
{
    if (b->last < b->first || b->last - b->first >= SHARDS_MAX) {
        return moco_error_set(MOCO_EINVALID, "dataset: the range in %s must ascend and have at most %d shards",
                              e->pattern, SHARDS_MAX);
    }
    for (long i = b->first; i <= b->last; ++i) {
        char number[24];
        const int length = snprintf(number, sizeof number, "%0*ld", b->width, i);
        MOCO_TRY(expand_with(e, path, b, number, (size_t)length, depth));
    }
    return MOCO_OK;
}

/* Expands a list; a comma within inner braces belongs to these. */
/* NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX bounds it. */
static moco_status expand_list(expansion *e, const char *path, const braces *b, int depth)
{
    const char *start = b->open + 1;
    int inner = 0;
    for (const char *at = start; at <= b->close; ++at) {
        if (at == b->close || (*at == ',' && inner == 0)) {
            MOCO_TRY(expand_with(e, path, b, start, (size_t)(at - start), depth));
            start = at + 1;
        }
        inner += *at == '{' ? 1 : *at == '}' ? -1 : 0;
    }
    return MOCO_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX bounds it. */
static moco_status expand(expansion *e, const char *path, int depth)
{
    braces b;
    if (!find_braces(&b, path)) {
        return take_path(e, path);
    }
    if (depth >= DEPTH_MAX) {
        return moco_error_set(MOCO_EINVALID, "dataset: %s has more than %d braces", e->pattern, DEPTH_MAX);
    }
    return b.is_range ? expand_range(e, path, &b, depth + 1) : expand_list(e, path, &b, depth + 1);
}

moco_status moco__shard_pattern_expand(const char *path, moco_status (*take)(const char *path, void *payload),
                                       void *payload)
{
    expansion e = { path, take, payload, 0, false };
    return expand(&e, path, 0);
}

moco_status moco__shard_pattern_expand_command(const char *path, moco_status (*take)(const char *path, void *payload),
                                               void *payload)
{
    expansion e = { path, take, payload, 0, true };
    return expand(&e, path, 0);
}
