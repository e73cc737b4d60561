/* Divides the names of a shard's members into key and ending: "KEY.jpg". */
#include "dataset/shard_key_internal.h"

#include <string.h>

size_t moco__shard_key_length(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash != NULL ? slash + 1 : name;
    const char *dot = strchr(base, '.');
    return dot != NULL && dot != base ? (size_t)(dot - name) : 0;
}

bool moco__shard_name_is_hidden(const char *name)
{
    const char *slash = strrchr(name, '/');
    return (slash != NULL ? slash + 1 : name)[0] == '.';
}

int moco__shard_compare_keys(const char *a, const char *b)
{
    const size_t a_length = moco__shard_key_length(a);
    const size_t b_length = moco__shard_key_length(b);
    const int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}
