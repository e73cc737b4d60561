/*
 * Makes a chosen allocation return NULL, or throw. Only calls from the libraries that MOCO_FAULT_FROM names count,
 * parts of their paths with commas between them; without it those from libmoco itself.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv") __attribute__((weak, noreturn));

enum { LIBRARIES = 256, NAMES = 256 };

typedef struct library {
    uintptr_t base, begin, end; /* of the library, and of its code */
    const char *name;
} library;

static struct {
    library libraries[LIBRARIES];
    size_t count;
    char names[NAMES];
    uint64_t at;
    int log;
} memory = { .log = -1 };

static atomic_ulong allocations;

static bool is_named(const char *path)
{
    char names[NAMES];
    char *rest = NULL;
    memcpy(names, memory.names, sizeof names);
    for (const char *name = strtok_r(names, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        if (strstr(path, name) != NULL) {
            return true;
        }
    }
    return false;
}

static int find_libraries(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (!is_named(info->dlpi_name)) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum && memory.count < LIBRARIES; ++i) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
            const uintptr_t begin = info->dlpi_addr + part->p_vaddr;
            memory.libraries[memory.count++] =
                (library){ info->dlpi_addr, begin, begin + part->p_memsz, strrchr(info->dlpi_name, '/') + 1 };
        }
    }
    return 0;
}

static const library *library_of(uintptr_t caller)
{
    for (size_t i = 0; i < memory.count; ++i) {
        if (caller >= memory.libraries[i].begin && caller < memory.libraries[i].end) {
            return &memory.libraries[i];
        }
    }
    return NULL;
}

/* Whether this allocation must fail. */
static bool fails(const void *caller)
{
    const library *from = memory.count > 0 ? library_of((uintptr_t)caller) : NULL;
    if (from == NULL) {
        return false;
    }
    const unsigned long number = atomic_fetch_add(&allocations, 1) + 1;
    if (memory.log >= 0) {
        char line[128];
        const int length = snprintf(line, sizeof line, "%lu %.80s+%zx\n", number, from->name,
                                    (size_t)((uintptr_t)caller - from->base));
        shim_log(memory.log, line, (size_t)length);
    }
    return number == memory.at;
}

#define CALLER __builtin_return_address(0)

static void *none(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return fails(CALLER) ? none() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(CALLER) ? none() : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails(CALLER) ? none() : __libc_realloc(old, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *made = fails(CALLER) ? NULL : __libc_memalign(alignment, size);
    if (made == NULL) {
        return ENOMEM;
    }
    *out = made;
    return 0;
}

char *strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = fails(CALLER) ? none() : __libc_malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static void *allocate(const void *caller, size_t size)
{
    void *made = fails(caller) ? NULL : __libc_malloc(size > 0 ? size : 1);
    if (made == NULL) {
        throw_bad_alloc();
    }
    return made;
}

void *operator_new(size_t size) __asm__("_Znwm");
void *operator_new_array(size_t size) __asm__("_Znam");

void *operator_new(size_t size)
{
    return allocate(CALLER, size);
}

void *operator_new_array(size_t size)
{
    return allocate(CALLER, size);
}

void shim_memory_end(void)
{
    if (memory.log < 0) {
        return;
    }
    size_t (*live)(void) = (size_t(*)(void))dlsym(RTLD_DEFAULT, "moco_live_handles");
    char line[64];
    const int length = snprintf(line, sizeof line, "live %zu\n", live != NULL ? live() : 0);
    shim_log(memory.log, line, (size_t)length);
}

void shim_memory_start(void)
{
    const char *log = getenv("MOCO_FAULT_MEMORY_LOG");
    if (log == NULL) {
        return;
    }
    const char *from = getenv("MOCO_FAULT_FROM");
    (void)snprintf(memory.names, sizeof memory.names, "%s", from != NULL ? from : "/libmoco.so");
    const int descriptor = shim_log_open(log);
    (void)dl_iterate_phdr(find_libraries, NULL);
    atomic_store(&allocations, 0);
    memory.at = shim_variable("MOCO_FAULT_ALLOCATION");
    memory.log = descriptor;
}
