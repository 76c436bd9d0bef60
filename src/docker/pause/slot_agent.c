// The first process of a warm slot: runs one command after another, as the daemon says on its
// standard input, and tells on its standard output and error how each of them went. What it is told
// and tells is in include/batchd/docker/slot_protocol.hpp. Static, so that it runs on every image.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    kHeaderBytes = 4,
    kReadBytes = 64 * 1024,
    kMostBytes = 64 * 1024 * 1024,
    kTokenBytes = 64,
    kNotFirst = 125,   // exit code: it would kill what is not its own
    kKillTries = 500,  // 10 ms each
};

extern char** environ;

static char image_folder[PATH_MAX];  // the image's WorkingDir
static int child_signals;            // signalfd of SIGCHLD
static int memory_events = -1;       // what the kernel counts of the container; -1: not to be had

/// What has come on standard input and is no whole message yet.
static struct {
    char* bytes;
    size_t size;
    size_t room;
} input;

/// The command that runs.
static struct {
    pid_t pid;  // 0: none
    int status;
    char token[kTokenBytes + 1];      // of `started`
    char end_token[kTokenBytes + 1];  // told to nobody before nothing of the command is left
    char folder[32];
    long oom_kills;  // before it
    long peak_kib;
    long long cpu_us;
} run;

__attribute__((noreturn)) static void die(const char* what) {
    dprintf(STDERR_FILENO, "batchd's agent: %s: %s\n", what, strerror(errno));
    exit(1);  // and with it every process of the container
}

static void* allocate(void* old, size_t size) {
    void* memory = realloc(old, size);
    if (!memory) die("memory");
    return memory;
}

static uint32_t number_at(const char* bytes) {
    uint32_t value = 0;
    for (int i = 0; i < kHeaderBytes; ++i) value = value << 8 | (unsigned char)bytes[i];
    return value;
}

/// A command may have made the pipe, which it shares with all others, non-blocking, and may do so
/// again at any time.
static void make_blocking(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK)) fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static void tell_on(int fd, const char* record, size_t size) {
    while (size > 0) {
        make_blocking(fd);
        const ssize_t written = write(fd, record, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) {
            struct pollfd room = {fd, POLLOUT, 0};
            poll(&room, 1, -1);
            continue;
        }
        if (written < 0) exit(1);  // nobody listens any more
        record += written;
        size -= (size_t)written;
    }
}

/// "\0batchd TOKEN WORD NUMBERS\n"; its last words on both channels, each of which is in order.
static void tell(const char* word, const char* numbers, int is_last) {
    char record[256];
    const char* token = is_last ? run.end_token : run.token;
    const int size =
        snprintf(record, sizeof record, "%cbatchd %s %s %s\n", 0, token, word, numbers);
    tell_on(STDOUT_FILENO, record, (size_t)size);
    if (is_last) tell_on(STDERR_FILENO, record, (size_t)size);
}

static void open_memory_events(void) {
    memory_events = open("/sys/fs/cgroup/memory.events", O_RDONLY | O_CLOEXEC);
    if (memory_events >= 0) return;
    memory_events = open("/sys/fs/cgroup/memory/memory.oom_control", O_RDONLY | O_CLOEXEC);
}

/// How many processes of the container the kernel has killed for lack of memory; -1: not known. It
/// counts before it kills.
static long count_oom_kills(void) {
    char text[1024];
    const ssize_t size = pread(memory_events, text, sizeof text - 1, 0);
    if (size <= 0) return -1;
    text[size] = 0;
    const char* found = strstr(text, "\noom_kill ");
    return found ? strtol(found + strlen("\noom_kill "), NULL, 10) : -1;
}

static int make_folder(void) {
    strcpy(run.folder, "/tmp/batchd-XXXXXX");
    if (mkdtemp(run.folder)) return 1;
    if (errno != ENOENT || mkdir("/tmp", 01777) != 0) return 0;
    chmod("/tmp", 01777);
    strcpy(run.folder, "/tmp/batchd-XXXXXX");
    return mkdtemp(run.folder) != NULL;
}

static int remove_entry(const char* path, const struct stat* info, int type, struct FTW* where) {
    (void)info, (void)type, (void)where;
    return remove(path);
}

static int remove_folder(void) {
    // The command itself may have removed it.
    return nftw(run.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 ||
           access(run.folder, F_OK) != 0;
}

/// Until the daemon says more: neither the command nor its folder is there.
static void forget_run(void) { memset(&run, 0, sizeof run); }

static void tell_failure(const char* step, int error) {
    char numbers[64];
    snprintf(numbers, sizeof numbers, "%s %d", step, error);
    tell("failed", numbers, 1);
    forget_run();
}

static int has_name_of(const char* variable, const char* other) {
    const size_t length = strcspn(variable, "=");
    return strncmp(variable, other, length) == 0 && other[length] == '=';
}

static int is_in(char** list, size_t count, const char* variable) {
    for (size_t i = 0; i < count; ++i) {
        if (has_name_of(variable, list[i])) return 1;
    }
    return 0;
}

static char* variable_of(const char* name, const char* value) {
    char* text = NULL;
    if (asprintf(&text, "%s=%s", name, value) < 0) die("memory");
    return text;
}

/// The container's variables, which are the image's, below those of the command.
static char** environment_with(char** own, size_t count) {
    size_t inherited = 0;
    while (environ[inherited]) ++inherited;
    char** all = allocate(NULL, (inherited + count + 3) * sizeof *all);
    size_t size = 0;
    all[size++] = variable_of("PWD", run.folder);
    all[size++] = variable_of("BATCHD_IMAGE_WORKDIR", image_folder);
    for (size_t i = 0; i < count; ++i) {
        if (!is_in(all, 2, own[i])) all[size++] = own[i];
    }
    const size_t given = size;
    for (size_t i = 0; i < inherited; ++i) {
        if (!is_in(all, given, environ[i])) all[size++] = environ[i];
    }
    all[size] = NULL;
    return all;
}

static void free_environment(char** all) {
    free(all[0]);
    free(all[1]);
    free(all);
}

static const char* value_in(char** environment, const char* name) {
    const size_t length = strlen(name);
    for (; *environment; ++environment) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') {
            return *environment + length + 1;
        }
    }
    return "";
}

/// As the Engine looks for a command: in the variables that it will have; no shell for a script
/// that names none. Returns if it cannot be run.
static void execute(char** arguments, char** environment) {
    const char* name = arguments[0];
    if (strchr(name, '/')) {
        execve(name, arguments, environment);
        return;
    }
    int error = ENOENT;
    const char* path = value_in(environment, "PATH");
    int is_left = *name && *path;
    while (is_left) {
        const size_t length = strcspn(path, ":");
        char file[PATH_MAX];
        snprintf(file, sizeof file, "%.*s/%s", length ? (int)length : 1, length ? path : ".", name);
        execve(file, arguments, environment);
        if (errno != ENOENT && errno != ENOTDIR) error = errno;
        is_left = path[length] == ':';
        path += length + 1;
    }
    errno = error;
}

__attribute__((noreturn)) static void become(char** arguments, char** environment, int error_pipe) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    const int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && chdir(run.folder) == 0) {
        if (nothing > STDERR_FILENO) close(nothing);
        execute(arguments, environment);
    }
    const int error = errno;
    (void)!write(error_pipe, &error, sizeof error);
    _exit(127);
}

static void start(char** arguments, char** variables, size_t variable_count) {
    if (!make_folder()) {
        tell_failure("folder", errno);
        return;
    }
    char** all = environment_with(variables, variable_count);
    make_blocking(STDOUT_FILENO);
    make_blocking(STDERR_FILENO);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) die("pipe");
    run.pid = fork();
    if (run.pid == 0) become(arguments, all, ends[1]);
    const int fork_error = errno;
    close(ends[1]);
    free_environment(all);
    int error = 0;
    const ssize_t size = run.pid < 0 ? 0 : read(ends[0], &error, sizeof error);
    close(ends[0]);
    if (run.pid > 0 && size != sizeof error) {
        tell("started", "", 0);
        return;
    }
    if (run.pid > 0) waitpid(run.pid, NULL, 0);
    remove_folder();
    tell_failure(run.pid < 0 ? "fork" : "exec", run.pid < 0 ? fork_error : error);
}

/// The texts of a message, one behind the other, each with a zero at its end.
static char* next_text(char** at, const char* end) {
    char* text = *at;
    char* zero = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;
    if (!zero) exit(1);
    *at = zero + 1;
    return text;
}

static void take_run(char* at, const char* end) {
    if (run.pid || end - at < 2 * kHeaderBytes) exit(1);
    const size_t argument_count = number_at(at);
    const size_t variable_count = number_at(at + kHeaderBytes);
    at += 2 * kHeaderBytes;
    if (argument_count + variable_count > (size_t)(end - at)) exit(1);
    forget_run();
    run.oom_kills = count_oom_kills();
    strncpy(run.token, next_text(&at, end), kTokenBytes);
    strncpy(run.end_token, next_text(&at, end), kTokenBytes);
    char** arguments = allocate(NULL, (argument_count + 1) * sizeof *arguments);
    for (size_t i = 0; i < argument_count; ++i) arguments[i] = next_text(&at, end);
    arguments[argument_count] = NULL;
    char** variables = allocate(NULL, (variable_count + 1) * sizeof *variables);
    for (size_t i = 0; i < variable_count; ++i) variables[i] = next_text(&at, end);
    if (argument_count == 0) {
        tell_failure("exec", EINVAL);
    } else {
        start(arguments, variables, variable_count);
    }
    free(variables);
    free(arguments);
}

static void take_message(char* at, const char* end) {
    if (at == end) exit(1);
    const char kind = *at++;
    if (kind == 'r') {
        take_run(at, end);
    } else if (kind == 's' && at < end && run.pid) {
        kill(run.pid, *at);
    }
}

/// The container ends with its daemon: what runs in it would be run again elsewhere.
static void read_input(void) {
    if (input.room - input.size < kReadBytes) {
        input.room = input.size + 2 * kReadBytes;
        input.bytes = allocate(input.bytes, input.room);
    }
    const ssize_t got = read(STDIN_FILENO, input.bytes + input.size, kReadBytes);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) exit(0);
    input.size += (size_t)got;
    while (input.size >= kHeaderBytes) {
        const size_t size = number_at(input.bytes);
        if (size > kMostBytes) exit(1);
        if (input.size < kHeaderBytes + size) break;
        take_message(input.bytes + kHeaderBytes, input.bytes + kHeaderBytes + size);
        input.size -= kHeaderBytes + size;
        memmove(input.bytes, input.bytes + kHeaderBytes + size, input.size);
    }
}

/// Whether the command itself is among those that ended.
static int reap(void) {
    struct rusage use;
    int status;
    int has_ended = 0;
    for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &use)) > 0;) {
        if (use.ru_maxrss > run.peak_kib) run.peak_kib = use.ru_maxrss;
        run.cpu_us += (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000LL +
                      use.ru_utime.tv_usec + use.ru_stime.tv_usec;
        if (pid != run.pid) continue;
        run.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        has_ended = 1;
    }
    return has_ended;
}

/// Ends everything that the command left. False if that cannot be: processes of another user.
static int kill_rest(void) {
    for (int i = 0; i < kKillTries; ++i) {
        const int nobody = kill(-1, SIGKILL) != 0 && errno == ESRCH;
        reap();
        if (nobody) return 1;
        const struct timespec pause = {0, i < 10 ? 200000 : 10000000};
        nanosleep(&pause, NULL);
    }
    return 0;
}

static void finish(void) {
    const int is_alone = kill_rest();
    const int is_clean = remove_folder() && is_alone;
    const long oom_kills = count_oom_kills();
    const int is_known = run.oom_kills >= 0 && oom_kills >= 0;
    char numbers[128];
    snprintf(numbers, sizeof numbers, "%d %ld %lld %d %ld", run.status, run.peak_kib,
             run.cpu_us / 1000, is_clean, is_known ? oom_kills - run.oom_kills : -1);
    tell("ended", numbers, 1);
    forget_run();
}

int main(void) {
    // kill(-1) is for a container's processes alone.
    if (getpid() != 1) return kNotFirst;
    // No command of the same user may look into it, where its tokens and its siblings' variables
    // are, or take its input.
    if (prctl(PR_SET_DUMPABLE, 0) != 0) die("prctl");
    signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    child_signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (child_signals < 0) die("signalfd");
    if (!getcwd(image_folder, sizeof image_folder)) strcpy(image_folder, "/");
    open_memory_events();
    const char ready[] = "\0batchd ready\n";
    tell_on(STDOUT_FILENO, ready, sizeof ready - 1);
    for (;;) {
        struct pollfd sources[2] = {{STDIN_FILENO, POLLIN, 0}, {child_signals, POLLIN, 0}};
        if (poll(sources, 2, -1) < 0 && errno != EINTR) die("poll");
        struct signalfd_siginfo unused;
        while (read(child_signals, &unused, sizeof unused) > 0) continue;
        if (reap()) finish();
        if (sources[0].revents) read_input();
    }
}
