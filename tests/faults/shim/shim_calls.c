/*
 * Catches the system calls that concern files, by a seccomp filter and SIGSYS, so that what the C library does by
 * itself (the streams of stdio) is seen too. A chosen one fails.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { KEEP_FULL = 1, KEEP_BROKEN };

static struct {
    char under[SHIM_PATH];
    size_t length;
    const char *first_kind, *first_path;
    uint64_t at; /* of the calls of that kind on that file, the one that fails first */
    uint64_t error, keep;
    bool has_begun;
    shim_kind kind; /* of the call that failed first */
    char path[SHIM_PATH];
    int log;
} fault = { .log = -1 };

static atomic_flag busy = ATOMIC_FLAG_INIT; /* one call at a time, so that counts, the log and records are in order */

uint64_t shim_variable(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

int shim_log_open(const char *path)
{
    enum { HIGH = 900 }; /* out of the way of the program's own descriptors */
    const int low = path != NULL ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666) : -1;
    const int high = low >= 0 ? fcntl(low, F_DUPFD_CLOEXEC, HIGH) : -1;
    if (low >= 0) {
        (void)close(low);
    }
    return high;
}

void shim_log(int log, const void *bytes, size_t size)
{
    (void)shim_raw(SYS_write, log, (long)bytes, (long)size, 0, 0, 0);
}

static bool is_ours(const char *path)
{
    return strncmp(path, fault.under, fault.length) == 0 && (path[fault.length] == '\0' || path[fault.length] == '/');
}

static bool takes_space(const shim_call *call)
{
    return call->kind == SHIM_CREATE || call->kind == SHIM_WRITE || call->kind == SHIM_SYNC ||
           call->kind == SHIM_MKDIR || call->kind == SHIM_LINK || call->kind == SHIM_RENAME;
}

/* What cannot be looked at cannot be opened either. */
static bool is_alike(shim_kind kind)
{
    return kind == fault.kind || (fault.kind == SHIM_STAT && (kind == SHIM_OPEN || kind == SHIM_CREATE));
}

/*
 * Whether a call fails first. Threads take turns in another order each time, so that a call's number does not tell
 * which it is.
 */
static bool fails_first(const shim_call *call)
{
    static uint64_t alike;
    if (fault.at == 0 || strcmp(shim_kind_name(call->kind), fault.first_kind) != 0) {
        return false;
    }
    const size_t length = strlen(fault.first_path);
    const char *rest = call->path + length;
    return strncmp(call->path, fault.first_path, length) == 0 && (*rest == '\0' || strncmp(rest, ".tmp-", 5) == 0) &&
           ++alike == fault.at;
}

/* Whether a later call fails too: the disk stays full, or the file unreadable. */
static bool fails_again(const shim_call *call)
{
    return fault.has_begun &&
           ((fault.keep == KEEP_FULL && takes_space(call)) ||
            (fault.keep == KEEP_BROKEN && is_alike(call->kind) && strcmp(call->path, fault.path) == 0));
}

static void log_call(const shim_call *call, const char *mark)
{
    char line[2 * SHIM_PATH + 64];
    const int size = snprintf(line, sizeof line, "%s%s %s\n", shim_kind_name(call->kind), mark, call->path);
    shim_log(fault.log, line, (size_t)size);
}

static long perform(shim_call *call)
{
    const long *a = call->args;
    return shim_raw(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Does a call that concerns us, or lets it fail. */
static long answer(shim_call *call)
{
    const bool is_first = fails_first(call);
    const bool fails = is_first || fails_again(call);
    if (is_first) {
        fault.has_begun = true;
        fault.kind = call->kind;
        memcpy(fault.path, call->path, sizeof fault.path);
    }
    log_call(call, fails ? "!" : "");
    if (fails && fault.error > 0) {
        if (call->kind == SHIM_CLOSE) { /* the descriptor is gone all the same */
            shim_follow(call, perform(call));
        }
        return -(long)fault.error;
    }
    if (fails && call->counted >= 0 && call->args[call->counted] > 1) {
        call->args[call->counted] /= 2;
    }
    const long result = perform(call);
    shim_record(call, result);
    shim_follow(call, result);
    return result;
}

static long do_call(long number, const long args[6])
{
    shim_call call;
    while (atomic_flag_test_and_set(&busy)) {
    }
    const long result = shim_describe(&call, number, args) && is_ours(call.path)
                            ? answer(&call)
                            : shim_raw(number, args[0], args[1], args[2], args[3], args[4], args[5]);
    atomic_flag_clear(&busy);
    return result;
}

static void on_call(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    const int before = errno;
    ucontext_t *c = context;
#if defined(__x86_64__)
    greg_t *r = c->uc_mcontext.gregs;
    const long args[6] = { r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9] };
    r[REG_RAX] = do_call(info->si_syscall, args);
#else
    unsigned long long *r = c->uc_mcontext.regs;
    const long args[6] = { (long)r[0], (long)r[1], (long)r[2], (long)r[3], (long)r[4], (long)r[5] };
    r[0] = (unsigned long long)do_call(info->si_syscall, args);
#endif
    errno = before;
}

static bool filter_calls(void)
{
    static const int caught[] = {
#ifdef SYS_open
        SYS_open,       SYS_creat,     SYS_rename, SYS_link,     SYS_unlink,  SYS_mkdir,      SYS_stat,  SYS_lstat,
#endif
#ifdef SYS_renameat
        SYS_renameat,
#endif
        SYS_openat,     SYS_renameat2, SYS_linkat, SYS_unlinkat, SYS_mkdirat, SYS_newfstatat, SYS_statx, SYS_fstat,
        SYS_read,       SYS_pread64,   SYS_write,  SYS_pwrite64, SYS_fsync,   SYS_fdatasync,  SYS_close, SYS_ftruncate,
        SYS_getdents64, SYS_lseek,     SYS_flock,
    };
    enum { CALLS = sizeof caught / sizeof caught[0], HEAD = 8, TOTAL = HEAD + CALLS + 2 };
    const uintptr_t end = (uintptr_t)shim_raw_end;
    struct sock_filter f[TOTAL] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)end, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)((uint64_t)end >> 32), CALLS + 4, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, CALLS, CALLS + 1), /* memory without a file passes */
    };
    for (int i = 0; i < CALLS; ++i) {
        f[HEAD + i] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)caught[i], (uint8_t)(CALLS - i), 0);
    }
    f[HEAD + CALLS] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    f[HEAD + CALLS + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    const struct sock_fprog program = { TOTAL, f };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* A thread that blocks SIGSYS would be killed by a call that is caught. */
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t mask;
    if (set != NULL) {
        mask = *set;
        (void)sigdelset(&mask, SIGSYS);
    }
    return sigprocmask(how, set != NULL ? &mask : NULL, old) == 0 ? 0 : errno;
}

void shim_start(void)
{
    const char *under = getenv("MOCO_FAULT_UNDER");
    if (under == NULL) {
        return;
    }
    (void)snprintf(fault.under, sizeof fault.under, "%s", under);
    fault.length = strlen(fault.under);
    fault.first_kind = getenv("MOCO_FAULT_KIND");
    fault.first_path = getenv("MOCO_FAULT_PATH");
    fault.at = fault.first_kind != NULL && fault.first_path != NULL ? shim_variable("MOCO_FAULT_AT") : 0;
    fault.error = shim_variable("MOCO_FAULT_ERROR");
    fault.keep = shim_variable("MOCO_FAULT_KEEP");
    fault.log = shim_log_open(getenv("MOCO_FAULT_LOG"));
    shim_record_open(getenv("MOCO_FAULT_RECORD"));
    const struct sigaction action = { .sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER };
    if (sigaction(SIGSYS, &action, NULL) != 0 || !filter_calls()) {
        perror("shim: no filter of system calls");
        _exit(126);
    }
}
