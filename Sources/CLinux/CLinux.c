#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int cs_rename_no_replace(const char *from, const char *to) {
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

int cs_rename_exchange(const char *one, const char *other) {
    return syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0 ? 0 : errno;
}

int cs_spawn(const char *path, char *const argv[], char *const envp[], int keep, int output, pid_t *pid) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return errno;
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0) {
        const int reason = errno;
        close(report[0]);
        close(report[1]);
        return reason;
    }
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        // Only async-signal-safe calls from here to exec.
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        // Move what is needed out of the way of 0 to 4, then into place.
        const int kept = fcntl(keep, F_DUPFD, 10), out = fcntl(output, F_DUPFD, 10), in = fcntl(null, F_DUPFD, 10);
        const int notice = fcntl(report[1], F_DUPFD, 10);
        // Where a failure is told. Never descriptor 4 before it is ours: it could be any file of the parent.
        int answer = notice >= 0 ? notice : report[1];
        if (kept >= 0 && out >= 0 && in >= 0 && notice >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 &&
            dup2(out, 2) == 2 && dup2(kept, 3) == 3 && dup2(notice, 4) == 4 && fcntl(4, F_SETFD, FD_CLOEXEC) == 0) {
            answer = 4;
            syscall(SYS_close_range, 5u, ~0u, 0u);
            execve(path, argv, envp);
        }
        const int reason = errno;
        if (write(answer, &reason, sizeof reason) < 0) _exit(126);
        _exit(127);
    }
    const int fork_error = errno;
    close(null);
    close(report[1]);
    if (child < 0) {
        close(report[0]);
        return fork_error;
    }
    setpgid(child, child);
    int reason = 0;
    ssize_t count;
    do count = read(report[0], &reason, sizeof reason);
    while (count < 0 && errno == EINTR);
    close(report[0]);
    if (count == sizeof reason) {
        waitpid(child, NULL, 0);
        return reason;
    }
    *pid = child;
    return 0;
}

int cs_socket_pair(int descriptors[2], int buffer_bytes) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors) != 0) return errno;
    for (int i = 0; i < 2; ++i) {
        setsockopt(descriptors[i], SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
        setsockopt(descriptors[i], SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    }
    return 0;
}

int cs_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC) == 0 ? 0 : errno; }

void cs_pipe_size(int descriptor, int bytes) { (void)fcntl(descriptor, F_SETPIPE_SZ, bytes); }

int cs_pidfd_open(pid_t pid) {
    const long descriptor = syscall(SYS_pidfd_open, pid, 0u);
    return descriptor >= 0 ? (int)descriptor : -errno;
}

int cs_pidfd_signal(int descriptor, int signal) {
    return syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0u) == 0 ? 0 : errno;
}

static int set_soft_limit(pid_t pid, int resource, int64_t value) {
    struct rlimit limit;
    if (prlimit(pid, resource, NULL, &limit) != 0) return errno;
    limit.rlim_cur = value < 0 || (rlim_t)value > limit.rlim_max ? limit.rlim_max : (rlim_t)value;
    return prlimit(pid, resource, &limit, NULL) == 0 ? 0 : errno;
}

int cs_limit(pid_t pid, int64_t data_bytes, int64_t cpu_seconds, int64_t open_files) {
    if (cpu_seconds >= 0) {
        clockid_t clock;
        struct timespec used;
        const int reason = clock_getcpuclockid(pid, &clock);
        if (reason != 0) return reason;
        if (clock_gettime(clock, &used) != 0) return errno;
        cpu_seconds += used.tv_sec + (used.tv_nsec > 0);
    }
    int reason = set_soft_limit(pid, RLIMIT_DATA, data_bytes);
    if (reason == 0) reason = set_soft_limit(pid, RLIMIT_CPU, cpu_seconds);
    return reason != 0 ? reason : set_soft_limit(pid, RLIMIT_NOFILE, open_files);
}

int cs_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

static int open_by_parts(int root, const char *path, int flags) {
    char part[NAME_MAX + 1];
    int folder = root;
    for (;;) {
        const char *slash = strchr(path, '/');
        if (slash == NULL) break;
        const size_t length = (size_t)(slash - path);
        int next = -1;
        errno = ENAMETOOLONG;
        if (length <= NAME_MAX) {
            memcpy(part, path, length);
            part[length] = 0;
            errno = ELOOP;
            if (strcmp(part, "..") != 0) next = openat(folder, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        const int reason = errno;
        if (folder != root) close(folder);
        if (next < 0) return -reason;
        folder = next;
        path = slash + 1;
    }
    const int opened = openat(folder, *path ? path : ".", flags | O_NOFOLLOW);
    const int reason = errno;
    if (folder != root) close(folder);
    return opened < 0 ? -reason : opened;
}

int cs_open_beneath(int root, const char *path, int flags) {
    static int is_missing = 0;
    if (!__atomic_load_n(&is_missing, __ATOMIC_RELAXED)) {
        struct open_how how = {
            .flags = (unsigned long long)flags,
            .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        for (int attempt = 0; attempt < 100; attempt++) {
            const long opened = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
            if (opened >= 0) return (int)opened;
            // A rename somewhere while it looked: the kernel asks to try again.
            if (errno == EAGAIN) continue;
            if (errno == ENOSYS || errno == EPERM || errno == E2BIG) break;
            return -errno;
        }
        if (errno == ENOSYS) __atomic_store_n(&is_missing, 1, __ATOMIC_RELAXED);
    }
    return open_by_parts(root, path, flags);
}

int cs_stat_beneath(int root, const char *path, struct stat *status) {
    const int opened = cs_open_beneath(root, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (opened < 0) return -opened;
    const int reason = fstat(opened, status) == 0 ? 0 : errno;
    close(opened);
    return reason;
}

uint32_t cs_file_system(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (uint32_t)status.f_type : 0;
}
