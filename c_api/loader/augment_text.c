/* Writes policies as text, and reads them back exactly. */
#include "base/c_locale_internal.h"
#include "base/handle_internal.h"
#include "base/nearest_name_internal.h"
#include "base/options_read_internal.h"
#include "base/text_internal.h"
#include "loader/augment_policy_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Writing ---- */

typedef struct output {
    char text[MOCO_AUGMENT_TEXT_MAX];
    size_t used;
} output;

static void put(output *out, const char *format, ...) MOCO_PRINTF(2, 3);

static void put(output *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(out->text + out->used, sizeof out->text - out->used, format, args);
    va_end(args);
    out->used += length > 0 ? (size_t)length : 0;
    out->used = out->used < sizeof out->text ? out->used : sizeof out->text - 1;
}

/* Writes the shortest number that reads back as the same value. */
static void put_number(output *out, const char *before, double value)
{
    MOCO__IN_C_LOCALE;
    char text[32];
    for (int digits = 1; digits <= 17; ++digits) {
        if (strtod(moco__number_text(text, sizeof text, digits, value), NULL) == value) {
            break;
        }
    }
    put(out, "%s%s", before, text);
}

static void put_op(output *out, const moco_augment_op *op)
{
    size_t count = 4;
    while (count > 0 && op->parameter[count - 1] == 0) {
        --count;
    }
    put(out, " %s(", moco__augment_kind_name((size_t)op->kind));
    for (size_t i = 0; i < count; ++i) {
        put_number(out, i > 0 ? ", " : "", op->parameter[i]);
    }
    put(out, ")");
    if (op->probability != 1) {
        put_number(out, " @ ", op->probability);
    }
}

static void put_policy(output *out, const moco_augment_policy *policy)
{
    put(out, "Size(%d)", (int)policy->size);
    for (size_t i = 0; i < policy->count; ++i) {
        put_op(out, &policy->ops[i]);
    }
    for (size_t i = 0; i < 6; ++i) {
        put_number(out, i == 0 ? " Normalize(" : ", ", i < 3 ? policy->mean[i] : policy->std[i - 3]);
    }
    put(out, ")");
}

moco_status moco_augment_format(char *buffer, size_t size, const moco_augment_policy *policy)
{
    MOCO_CHECK_ARG(buffer);
    MOCO_CHECK_ARG(policy);
    moco_augment_policy known;
    output out = { .used = 0 };
    MOCO__READ_OPTIONS(&known, policy, MOCO_AUGMENT_POLICY_INIT);
    MOCO_TRY(moco__augment_check_numbers(&known));
    put_policy(&out, &known);
    if (out.used >= size) {
        return moco_error_set(MOCO_EINVALID, "augment: the text of the policy has %zu bytes; give room for %d",
                              out.used, MOCO_AUGMENT_TEXT_MAX);
    }
    memcpy(buffer, out.text, out.used + 1);
    return MOCO_OK;
}

/* ---- Reading ---- */

enum { NUMBERS_MAX = 6 };

/* A piece of the text: NAME(numbers) [@ probability]. */
typedef struct piece {
    char name[32];
    double numbers[NUMBERS_MAX];
    size_t count;
    double probability;
} piece;

static void skip_blanks(const char **text)
{
    *text += strspn(*text, " ");
}

/* Takes a character, and the blanks before it. */
static bool take(const char **text, char wanted)
{
    skip_blanks(text);
    if (**text != wanted) {
        return false;
    }
    *text += 1;
    return true;
}

static bool take_number(const char **text, double *value)
{
    char *end = NULL;
    skip_blanks(text);
    if (strspn(*text, "+-.0123456789") == 0) { /* no "inf" or "nan" */
        return false;
    }
    *value = strtod_l(*text, &end, moco__c_locale());
    const bool found = end != *text;
    *text = end;
    return found;
}

static bool take_piece(const char **text, piece *out)
{
    memset(out, 0, sizeof *out);
    out->probability = 1;
    const size_t length = strspn(*text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    if (length == 0 || length >= sizeof out->name) {
        return false;
    }
    memcpy(out->name, *text, length);
    *text += length;
    if (!take(text, '(')) {
        return false;
    }
    while (!take(text, ')')) {
        const bool separated = out->count == 0 || take(text, ',');
        if (!separated || out->count == NUMBERS_MAX || !take_number(text, &out->numbers[out->count++])) {
            return false;
        }
    }
    return !take(text, '@') || take_number(text, &out->probability);
}

static bool add_op(moco_augment_policy *policy, const piece *from)
{
    const char *name = NULL;
    for (size_t kind = 0; (name = moco__augment_kind_name(kind)) != NULL; ++kind) {
        if (strcmp(name, from->name) == 0 && from->count <= 4 && policy->count < MOCO_AUGMENT_MAX_OPS) {
            moco_augment_op *op = &policy->ops[policy->count++];
            op->kind = (moco_augment_kind)kind;
            op->probability = from->probability;
            memcpy(op->parameter, from->numbers, sizeof op->parameter);
            return true;
        }
    }
    return false;
}

/* Size comes first, Normalize last, and operations between them. */
static bool add_piece(moco_augment_policy *policy, const piece *from, bool first, bool *ended)
{
    const bool plain = from->probability == 1 && !*ended;
    if (first) {
        policy->size =
            from->count == 1 && from->numbers[0] >= 1 && from->numbers[0] <= 1e6 ? (int32_t)from->numbers[0] : 0;
        return plain && strcmp(from->name, "Size") == 0;
    }
    if (strcmp(from->name, "Normalize") == 0) {
        memcpy(policy->mean, from->numbers, sizeof policy->mean);
        memcpy(policy->std, from->numbers + 3, sizeof policy->std);
        *ended = true;
        return plain && from->count == 6;
    }
    return !*ended && add_op(policy, from);
}

/* Takes a name if it is nearer to the wrong one than those before. */
static void compare(const char **best, size_t *errors, const char *wrong, const char *known)
{
    const size_t apart = moco__names_apart(wrong, known);
    if (apart < *errors) {
        *errors = apart;
        *best = known;
    }
}

/* Returns the operation that a piece with an unknown name may mean, or NULL. */
static const char *near_operation(const piece *read)
{
    const char *best = NULL;
    size_t errors = moco__names_bound(read->name);
    const char *name = NULL;
    compare(&best, &errors, read->name, "Size");
    compare(&best, &errors, read->name, "Normalize");
    for (size_t kind = 0; (name = moco__augment_kind_name(kind)) != NULL; ++kind) {
        compare(&best, &errors, read->name, name);
    }
    return best != NULL && strcmp(best, read->name) != 0 ? best : NULL;
}

static moco_status wrong_at(const char *begin, const piece *read)
{
    const char *near = near_operation(read);
    return moco_error_set(MOCO_EINVALID,
                          "augment: the policy is wrong at \"%.40s\"%s%s%s: write Size(N), up to %d operations such as "
                          "RandomGrayscale() @ 0.2, then Normalize(3 means, 3 stds)",
                          begin, near != NULL ? "; did you mean " : "", near != NULL ? near : "",
                          near != NULL ? "?" : "", MOCO_AUGMENT_MAX_OPS);
}

moco_status moco_augment_parse(moco_augment_policy *out, const char *text)
{
    moco_augment_policy policy;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(text);
    MOCO__READ_OPTIONS(&policy, out, MOCO_AUGMENT_POLICY_INIT);
    const char *at = text;
    bool ended = false;
    policy.count = 0;
    memset(policy.ops, 0, sizeof policy.ops);
    skip_blanks(&at);
    for (bool first = true; *at != '\0'; first = false) {
        const char *begin = at;
        piece read;
        if (!take_piece(&at, &read) || !add_piece(&policy, &read, first, &ended)) {
            return wrong_at(begin, &read);
        }
        skip_blanks(&at);
    }
    if (!ended) {
        return moco_error_set(MOCO_EINVALID, "augment: the policy \"%.40s\" does not end with Normalize(...)", text);
    }
    MOCO_TRY(moco__augment_check_numbers(&policy));
    moco__options_write(out, &policy, sizeof policy);
    return MOCO_OK;
}
