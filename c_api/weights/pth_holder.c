/* Finds the dictionary of a file of torch.save that holds the tensors of the network. */
#include "weights/pth_holder_internal.h"

#include <stdio.h>
#include <string.h>

/* A tree can name one dictionary in many places, so that the number of values that are looked at is limited. */
enum { DEPTH_MAX = 8, LOOKED_MAX = 1 << 20 };

typedef struct search {
    const moco__pickle_value *best;
    int best_score;
    char best_path[MOCO__HOLDER_SIZE];
    size_t looked;
} search;

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text);
    const size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Returns whether the path names a copy of the network that is not the trained one itself. */
static bool is_copy(const char *path)
{
    static const char *const words[] = { "ema", "teacher", "momentum", "target", "key", "swa", "optim" };
    bool found = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; ++i) {
        found = found || strstr(path, words[i]) != NULL;
    }
    return found;
}

/* Judges the tensors directly in a dictionary: 0: none; more for a ResNet, and for what is no copy. */
static int score_of(const moco__pickle_value *dict, const char *path)
{
    bool any = false;
    bool network = false;
    for (size_t i = 0; i + 1 < dict->as.list.count; i += 2) {
        const moco__pickle_value *key = dict->as.list.items[i];
        if (key->kind == MOCO__PICKLE_TEXT && dict->as.list.items[i + 1]->kind == MOCO__PICKLE_TENSOR) {
            any = true;
            network = network || ends_with(key->as.text.data, "layer1.0.conv1.weight");
        }
    }
    return !any ? 0 : 1 + (network ? 2 : 0) + (is_copy(path) ? 0 : 1);
}

/* Looks at a dictionary, and then at those in it. */
/* NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX bounds it. */
static void look(search *s, const moco__pickle_value *value, const char *path, int depth)
{
    const bool is_dict = value->kind == MOCO__PICKLE_DICT;
    if (depth > DEPTH_MAX || (!is_dict && value->kind != MOCO__PICKLE_LIST && value->kind != MOCO__PICKLE_TUPLE)) {
        return;
    }
    s->looked += value->as.list.count + 1;
    if (s->looked > LOOKED_MAX) {
        return;
    }
    const int score = is_dict ? score_of(value, path) : 0;
    if (score > s->best_score) {
        s->best = value;
        s->best_score = score;
        (void)snprintf(s->best_path, sizeof s->best_path, "%s", path);
    }
    for (size_t i = 0; i + (is_dict ? 1 : 0) < value->as.list.count; i += is_dict ? 2 : 1) {
        const moco__pickle_value *key = value->as.list.items[i];
        char inner[MOCO__HOLDER_SIZE];
        char number[24];
        (void)snprintf(number, sizeof number, "[%zu]", i);
        const bool named = is_dict && key->kind == MOCO__PICKLE_TEXT;
        const int length = snprintf(inner, sizeof inner, "%s%s%s", path, path[0] != '\0' ? "." : "",
                                    named ? key->as.text.data : number);
        if (length > 0 && (size_t)length < sizeof inner) {
            look(s, value->as.list.items[i + (is_dict ? 1 : 0)], inner, depth + 1);
        }
    }
}

const moco__pickle_value *moco__pth_find_tensors(char holder[MOCO__HOLDER_SIZE], const moco__pickle_value *root)
{
    static const char *const usual[] = { "state_dict", "model" };
    search s = { NULL, 0, "", 0 };
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; ++i) {
        const moco__pickle_value *dict = moco__pickle_get(root, usual[i]);
        if (dict != NULL && dict->kind == MOCO__PICKLE_DICT && score_of(dict, "") > 0) {
            (void)snprintf(holder, MOCO__HOLDER_SIZE, "%s", usual[i]);
            return dict;
        }
    }
    look(&s, root, "", 0);
    (void)snprintf(holder, MOCO__HOLDER_SIZE, "%s", s.best_path);
    return s.best;
}
