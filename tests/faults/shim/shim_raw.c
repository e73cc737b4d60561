/* Makes system calls at one address, which the filter lets pass. */
#include "shim.h"

#if defined(__x86_64__)
__asm__(".text\n"
        ".globl shim_raw\n.hidden shim_raw\n.type shim_raw, @function\n"
        ".globl shim_raw_end\n.hidden shim_raw_end\n"
        "shim_raw:\n"
        "mov %rdi, %rax\nmov %rsi, %rdi\nmov %rdx, %rsi\nmov %rcx, %rdx\nmov %r8, %r10\nmov %r9, %r8\n"
        "mov 8(%rsp), %r9\n"
        "syscall\n"
        "shim_raw_end:\n"
        "ret\n"
        ".size shim_raw, .-shim_raw\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl shim_raw\n.hidden shim_raw\n.type shim_raw, %function\n"
        ".globl shim_raw_end\n.hidden shim_raw_end\n"
        "shim_raw:\n"
        "mov x8, x0\nmov x0, x1\nmov x1, x2\nmov x2, x3\nmov x3, x4\nmov x4, x5\nmov x5, x6\n"
        "svc #0\n"
        "shim_raw_end:\n"
        "ret\n"
        ".size shim_raw, .-shim_raw\n");
#else
#error "no system calls for this processor"
#endif
