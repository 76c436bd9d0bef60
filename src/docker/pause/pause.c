// Holds the namespaces of a task until it is killed. As their first process it also inherits the
// orphans of a shared PID namespace: ignoring SIGCHLD reaps them. No C library: a few hundred bytes
// run on every image, because they need none.

enum { kSigChld = 17, kSigSetBytes = 8 };

struct kernel_sigaction {
    void* handler;  // 1: ignore
    unsigned long flags;
    void* restorer;
    unsigned long mask;
};

#if defined(__x86_64__)

enum { kRtSigaction = 13, kPpoll = 271 };

static long system_call(long number, long a, long b, long c, long d) {
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

enum { kRtSigaction = 134, kPpoll = 73 };

static long system_call(long number, long a, long b, long c, long d) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = 0;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
                     : "memory");
    return x0;
}

#else
#error "pause.c knows x86_64 and aarch64"
#endif

/// Not on the stack, which is not aligned here as a function's would be.
static const struct kernel_sigaction kIgnore = {(void*)1, 0, 0, 0};

__attribute__((noreturn)) void _start(void) {
    system_call(kRtSigaction, kSigChld, (long)&kIgnore, 0, kSigSetBytes);
    for (;;) system_call(kPpoll, 0, 0, 0, 0);
}
