/* What the list of functions and the test that calls them share. */
#ifndef MOCO_TESTS_MISUSE_H
#define MOCO_TESTS_MISUSE_H

#include <moco.h>

enum { MAX_PARAMETERS = 12, NO_STATUS = 1000 };

/* What a parameter takes. */
typedef enum kind {
    POINTER,
    CALLBACK,
    ENUM,
    REAL,
    BOOL,
    SIZE,
    INT64,
    UINT64,
    INT32,
    UINT32,
    VALUE_MOCO_DEVICE,
    VALUE_MOCO_POSITION,
    VALUE_MOCO_AUGMENT_KEY,
    VALUE_MOCO_BOX
} kind;

/* The value of an argument. */
typedef struct choice {
    void *pointer;
    long long whole;
    double real;
} choice;

typedef struct parameter {
    const char *name, *type;
    kind kind;
} parameter;

typedef struct function {
    const char *name;
    long long (*call)(const choice *arguments); /* returns a status, or NO_STATUS */
    size_t count;
    parameter parameters[MAX_PARAMETERS];
    bool is_inline;
} function;

extern const function functions[];
extern const size_t function_count;

/* Structs that are passed by value: valid for 0, wrong for other numbers. */
static inline moco_device value_moco_device(long long bad)
{
    return (moco_device){ bad == 0 ? MOCO_CPU : (moco_device_type)9, (int32_t)bad };
}

static inline moco_position value_moco_position(long long bad)
{
    return (moco_position){ (uint64_t)bad, (uint64_t)bad, (uint64_t)bad };
}

static inline moco_augment_key value_moco_augment_key(long long bad)
{
    return (moco_augment_key){ 0, (uint64_t)bad, (uint64_t)bad, (uint32_t)bad };
}

static inline moco_box value_moco_box(long long bad)
{
    return (moco_box){ (int32_t)bad, (int32_t)bad, bad == 0 ? 4 : (int32_t)bad, bad == 0 ? 4 : (int32_t)bad };
}

/* Returns something valid for a pointer of a type, or NULL if nothing is; makes it when it is first asked for. */
void *fixture_of(const char *type, const char *name);

#endif
