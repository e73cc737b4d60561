/**
 * @file option.h
 * Tables of options: one row describes an option's names, type, range, help and field in a struct.
 *
 * The command line, its help, YAML keys and checks are all made from such tables. moco_config has one (see config.h),
 * and an application can make its own.
 *
 * @since 0.1 for all of this file, unless a comment says 0.2.
 */
#ifndef MOCO_OPTION_H
#define MOCO_OPTION_H

#include "error.h"

#include <string.h>

MOCO_BEGIN_DECLS

/** Type of an option's value. */
typedef enum moco_option_kind {
    MOCO_OPTION_INT,    /**< int64_t */
    MOCO_OPTION_UINT64, /**< uint64_t */
    MOCO_OPTION_REAL,   /**< double */
    MOCO_OPTION_BOOL,   /**< bool; --name or --no-name on the command line */
    MOCO_OPTION_TEXT,   /**< char array */
    MOCO_OPTION_CHOICE, /**< enum whose values are the indices of `choices` */
    MOCO_OPTION_NAME,   /**< char array that holds one of `choices` */
    MOCO_OPTION_PATH    /**< char array that holds a file or folder */
} moco_option_kind;

/** Most other names of an option. */
#define MOCO_OPTION_MAX_ALIASES 2

/** A row of a table of options. */
typedef struct moco_option {
    const char *name;                             /**< "queue-size": --queue-size, and queue_size in YAML */
    const char *aliases[MOCO_OPTION_MAX_ALIASES]; /**< other names; one letter: -b on the command line; NULL: none */
    moco_option_kind kind;                        /**< type of the value */
    const char *group;                            /**< heading in the help; NULL: none */
    bool advanced;                                /**< the help shows it at the end, below "Advanced" */
    bool per_host;              /**< processes of one run may have different values: paths, threads, devices */
    const char *argument;       /**< placeholder in the help, as "N"; NULL for ::MOCO_OPTION_BOOL */
    const char *help;           /**< one phrase, without range and default */
    const char *const *choices; /**< ends with NULL; NULL for kinds without choices */
    double min, max;            /**< inclusive range of numbers */
    bool zero_is_auto;          /**< 0 is written and read as "auto" */
    size_t offset, size;        /**< of the field, in bytes */
} moco_option;

/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes a bare name. */

/** The fields of a row that say where its value is: @p field of the struct @p type. */
#define MOCO_OPTION_FIELD(type, field) .offset = offsetof(type, field), .size = sizeof(((type *)0)->field)

/** @name Kind, placeholder, range and field of a row; `.name`, `.help` and the rest are given beside them, in C. */
/** @{ */
/** A row for an int64_t from @p low to @p high. */
#define MOCO_INT_OPTION(type, field, low, high)                                                                        \
    .kind = MOCO_OPTION_INT, .argument = "N", .min = (low), .max = (high), MOCO_OPTION_FIELD(type, field)
/** A row for a uint64_t. */
#define MOCO_UINT64_OPTION(type, field) .kind = MOCO_OPTION_UINT64, .argument = "N", MOCO_OPTION_FIELD(type, field)
/** A row for a double from @p low to @p high. */
#define MOCO_REAL_OPTION(type, field, low, high)                                                                       \
    .kind = MOCO_OPTION_REAL, .argument = "X", .min = (low), .max = (high), MOCO_OPTION_FIELD(type, field)
/** A row for a bool. */
#define MOCO_BOOL_OPTION(type, field) .kind = MOCO_OPTION_BOOL, MOCO_OPTION_FIELD(type, field)
/** A row for a char array. */
#define MOCO_TEXT_OPTION(type, field, placeholder)                                                                     \
    .kind = MOCO_OPTION_TEXT, .argument = (placeholder), MOCO_OPTION_FIELD(type, field)
/** A row for a char array that holds a path. */
#define MOCO_PATH_OPTION(type, field, placeholder)                                                                     \
    .kind = MOCO_OPTION_PATH, .argument = (placeholder), MOCO_OPTION_FIELD(type, field)
/** A row for a char array that holds one of @p names. */
#define MOCO_NAME_OPTION(type, field, placeholder, names)                                                              \
    .kind = MOCO_OPTION_NAME, .argument = (placeholder), .choices = (names), MOCO_OPTION_FIELD(type, field)
/** A row for an enum whose values have @p names. */
#define MOCO_CHOICE_OPTION(type, field, placeholder, names)                                                            \
    .kind = MOCO_OPTION_CHOICE, .argument = (placeholder), .choices = (names), MOCO_OPTION_FIELD(type, field)
/** @} */

/* NOLINTEND(bugprone-macro-parentheses) */

/** A list of names for `choices`. */
#define MOCO_NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/** The names of an enum for `choices`; @p MAP is its list of X(identifier, name), as MOCO_FORMAT_MAP. */
#define MOCO_CHOICES(MAP) ((const char *const[]){ MAP(MOCO_CHOICE_NAME) NULL })
/** The name of a row, for ::MOCO_CHOICES. */
#define MOCO_CHOICE_NAME(identifier, name) name,

/** The identifier of a row, for the enum itself. */
#define MOCO_CHOICE_ENUM(identifier, name) identifier,

/**
 * Finds the option of a name or alias.
 * @param table @p count rows
 * @param count number of rows
 * @param name its first @p length bytes count; a dash and an underscore are the same
 * @param length bytes of @p name
 * @return borrowed from the table; NULL if it has no such option
 * @since 0.2
 */
MOCO_API const moco_option *moco_option_find(const moco_option *table, size_t count, const char *name, size_t length);

/**
 * Finds the option that a misspelt name most likely means.
 * @param table @p count rows
 * @param count number of rows
 * @param wrong the misspelt name
 * @param[in,out] errors only options with fewer typing errors are found; receives their number. NULL: no bound
 * @return borrowed from the table; NULL if no name is near
 * @since 0.2
 */
MOCO_API const moco_option *moco_option_nearest(const moco_option *table, size_t count, const char *wrong,
                                                size_t *errors);

/** The one of @p count names that a misspelt name most likely means; NULL if none is near. */
MOCO_API const char *moco_nearest_name(const char *wrong, const char *const *names, size_t count);

/**
 * Sets the field of an option from text, independently of the locale.
 * @param values the struct that option->offset counts in. Of a moco_config use moco_config_set(): a later library has
 * options beyond its end.
 * @param option a row of the table
 * @param text the value
 * @return ::MOCO_EINVALID; the message names option, value, and range or nearest choice, and the field is unchanged
 */
MOCO_API MOCO_MUST_USE moco_status moco_option_set(void *values, const moco_option *option, const char *text);

/**
 * Writes the field of an option as text that moco_option_set() reads back as the same value. Of a moco_config use
 * moco_config_get().
 * @param values the struct that option->offset counts in
 * @param option a row of the table
 * @param[out] buffer NUL-terminated, cut to @p size bytes
 * @param size bytes of @p buffer
 * @return ::MOCO_EINVALID if a field is not one of its choices
 */
MOCO_API MOCO_MUST_USE moco_status moco_option_get(const void *values, const moco_option *option, char *buffer,
                                                   size_t size);

/**
 * The name that a field of ::MOCO_OPTION_CHOICE holds.
 * @return borrowed from the table; NULL for other kinds and for values that are not in `choices`
 * @since 0.2
 */
static inline const char *moco_option_choice(const void *values, const moco_option *option)
{
    unsigned value = 0;
    size_t i = 0;
    if (values == NULL || option == NULL || option->kind != MOCO_OPTION_CHOICE || option->size != sizeof value) {
        return NULL;
    }
    memcpy(&value, (const char *)values + option->offset, sizeof value);
    while (option->choices[i] != NULL && i < value) {
        ++i;
    }
    return i == value ? option->choices[i] : NULL;
}

MOCO_END_DECLS

#endif
