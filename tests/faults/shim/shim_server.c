/*
 * Starts the program many times, once it is loaded: to load libtorch takes longer than most commands. Before main(), a
 * process whose variable MOCO_FAULT_SERVER is set reads requests from its standard input and forks for each.
 * A request: a u32 of bytes, then words that end with NUL: NAME=VALUE..., "--", the words of the command. MOCO_FAULT_IN
 * is the working folder, MOCO_FAULT_OUT and MOCO_FAULT_ERR take the output. An answer: i32 the process, then i32 how it
 * ended.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 256, REQUEST = 65536 };

typedef int main_function(int, char **, char **);
typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

static main_function *real_main;
static char request[REQUEST];

static bool read_all(void *out, size_t size)
{
    for (size_t got = 0; got < size;) {
        const ssize_t piece = read(STDIN_FILENO, (char *)out + got, size - got);
        if (piece <= 0) {
            return false;
        }
        got += (size_t)piece;
    }
    return true;
}

static void redirect(int descriptor, const char *path, int flags)
{
    const int file = open(path != NULL ? path : "/dev/null", flags, 0666);
    if (file < 0 || dup2(file, descriptor) < 0) {
        _exit(125);
    }
    (void)close(file);
}

static void run_request(size_t size, char **environment)
{
    char *words[WORDS] = { NULL };
    int count = -1; /* before "--" */
    for (char *word = request; word < request + size && count < WORDS - 1; word += strlen(word) + 1) {
        if (count >= 0) {
            words[count++] = word;
        } else if (strcmp(word, "--") == 0) {
            count = 0;
        } else {
            (void)putenv(word);
        }
    }
    redirect(STDIN_FILENO, NULL, O_RDONLY);
    redirect(STDOUT_FILENO, getenv("MOCO_FAULT_OUT"), O_WRONLY | O_CREAT | O_TRUNC);
    redirect(STDERR_FILENO, getenv("MOCO_FAULT_ERR"), O_WRONLY | O_CREAT | O_TRUNC);
    if (chdir(getenv("MOCO_FAULT_IN")) != 0) {
        _exit(125);
    }
    shim_memory_start();
    shim_start();
    (void)at_quick_exit(shim_memory_end);
    const int code = real_main(count, words, environment);
    (void)fflush(NULL);
    quick_exit(code);
}

static int serve(int argc, char **argv, char **environment)
{
    uint32_t size;
    if (getenv("MOCO_FAULT_SERVER") == NULL) {
        shim_memory_start();
        shim_start();
        return real_main(argc, argv, environment);
    }
    (void)unsetenv("MOCO_FAULT_SERVER");
    (void)unsetenv("LD_PRELOAD");
    while (read_all(&size, sizeof size) && size <= REQUEST && read_all(request, size)) {
        const pid_t child = fork();
        if (child == 0) {
            run_request(size, environment);
        }
        int status = 0;
        (void)!write(STDOUT_FILENO, &child, sizeof child);
        (void)waitpid(child, &status, 0);
        (void)!write(STDOUT_FILENO, &status, sizeof status);
    }
    _exit(0);
}

int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end)
{
    start_function *start = (start_function *)dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return start(serve, argc, argv, init, fini, rtld_fini, stack_end);
}
