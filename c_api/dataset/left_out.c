/* Counts what a path holds beside the images of a dataset. */
#include "dataset/left_out_internal.h"

#include "dataset/image_name_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 2048 };

static const struct {
    const char *one, *several;
    bool warns;
} kinds[] = {
#define LEFT_ROW(name, one, several, warns) { one, several, warns },
    MOCO__LEFT_MAP(LEFT_ROW)
#undef LEFT_ROW
};

moco__left_kind moco__left_out_kind(const char *name)
{
    return moco__is_unread_image_name(name) ? MOCO__LEFT_FORMATS : MOCO__LEFT_OTHERS;
}

void moco__left_out_add(moco__left_out *left, moco__left_kind kind, size_t count, const char *example)
{
    if (left != NULL && count > 0) {
        if (left->of[kind].example == NULL) {
            left->of[kind].example = strdup(example);
        }
        left->of[kind].count += count;
    }
}

void moco__left_out_note(moco__left_out *left, moco__left_kind kind, const char *folder, const char *name)
{
    if (left == NULL) {
        return;
    }
    if (left->of[kind].example == NULL) {
        const bool alone = folder == NULL || folder[0] == '\0';
        const int length = asprintf(&left->of[kind].example, "%s%s%s", alone ? "" : folder, alone ? "" : "/", name);
        if (length < 0) {
            left->of[kind].example = NULL;
        }
    }
    left->of[kind].count += 1;
}

void moco__left_out_merge(moco__left_out *left, const moco__left_out *other)
{
    for (size_t i = 0; i < MOCO__LEFT_KINDS; ++i) {
        moco__left_out_add(left, (moco__left_kind)i, other->of[i].count,
                           other->of[i].example != NULL ? other->of[i].example : "");
    }
}

void moco__left_out_free(moco__left_out *left)
{
    for (size_t i = 0; i < MOCO__LEFT_KINDS; ++i) {
        free(left->of[i].example);
        left->of[i].example = NULL;
        left->of[i].count = 0;
    }
}

size_t moco__left_out_text(const moco__left_out *left, char *text, size_t size)
{
    size_t total = 0;
    size_t used = 0;
    if (size > 0) {
        text[0] = '\0';
    }
    for (size_t i = 0; i < MOCO__LEFT_KINDS; ++i) {
        const size_t count = left->of[i].count;
        const char *example = left->of[i].example != NULL ? left->of[i].example : "?";
        if (count > 0 && used < size) {
            used +=
                (size_t)snprintf(text + used, size - used, "%s%zu %s%s%.300s", total == 0 ? "left out " : ", ", count,
                                 count == 1 ? kinds[i].one : kinds[i].several, count == 1 ? ": " : ", like ", example);
        }
        total += count;
    }
    return total;
}

void moco__left_out_log(const moco__left_out *left, const char *path)
{
    char text[TEXT_SIZE];
    bool warns = false;
    for (size_t i = 0; i < MOCO__LEFT_KINDS; ++i) {
        warns = warns || (kinds[i].warns && left->of[i].count > 0);
    }
    if (moco__left_out_text(left, text, sizeof text) > 0) {
        moco_log(warns ? MOCO_LOG_WARNING : MOCO_LOG_INFO, "%s: %s%s", path, text,
                 left->of[MOCO__LEFT_DOTTED].count > 0
                     ? "; a key ends at its first dot: rename these members, or pack the images by moco_shards_pack()"
                     : "");
    }
}
