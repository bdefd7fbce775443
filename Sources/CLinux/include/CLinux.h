#ifndef CASPARIAN_CLINUX_H
#define CASPARIAN_CLINUX_H

// Linux calls that Swift's Glibc module does not show, or cannot call because they are variadic.

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/// renameat2(2) with RENAME_NOREPLACE; 0 or errno.
int cs_rename_no_replace(const char *from, const char *to);

/// renameat2(2) with RENAME_EXCHANGE: two files swap their names at one moment; 0 or errno.
int cs_rename_exchange(const char *one, const char *other);

/// Starts a program in a process group of its own, killed when its parent thread's process dies.
///
/// `keep` becomes descriptor 3 of the child, `output` its standard output and error; standard input is /dev/null; every
/// other descriptor is closed. `pid` gets the child. Returns 0 or errno (also exec's).
int cs_spawn(const char *path, char *const argv[], char *const envp[], int keep, int output, pid_t *pid);

/// socketpair(2) of stream sockets, close-on-exec, with buffers of `buffer_bytes`; 0 or errno.
int cs_socket_pair(int descriptors[2], int buffer_bytes);

/// pipe2(2), close-on-exec; 0 or errno.
int cs_pipe(int descriptors[2]);

/// fcntl F_SETPIPE_SZ, best effort.
void cs_pipe_size(int descriptor, int bytes);

/// pidfd_open(2): a descriptor that becomes readable when the process has ended; negative errno on failure.
int cs_pidfd_open(pid_t pid);

/// pidfd_send_signal(2): signals the process that the descriptor stands for, never one that got its number later; 0 or
/// errno.
int cs_pidfd_signal(int descriptor, int signal);

/// openat2(2): opens what lies below the folder `root` and follows no symbolic link on the way, so that nothing outside can
/// be reached whatever is renamed meanwhile. Where the kernel lacks the call, part by part with O_NOFOLLOW. An empty path
/// is the folder itself. A descriptor, or minus errno.
int cs_open_beneath(int root, const char *path, int flags);

/// lstat(2) of what lies below the folder `root`, as `cs_open_beneath` reaches it; 0 or errno.
int cs_stat_beneath(int root, const char *path, struct stat *status);

/// statfs(2)'s `f_type` of the file system that a path lies on, its lower 32 bits; 0 if it cannot be told.
uint32_t cs_file_system(const char *path);

/// Bounds, by prlimit(2), what a process may allocate (RLIMIT_DATA, bytes) and the processor time it may use from now on
/// (RLIMIT_CPU, seconds); negative takes the bound away. And the descriptors that it may have open (RLIMIT_NOFILE). A
/// process that it starts inherits them. 0 or errno.
int cs_limit(pid_t pid, int64_t data_bytes, int64_t cpu_seconds, int64_t open_files);

/// Decodes a waitpid status: the exit status, or minus the signal's number.
int cs_exit_code(int status);

#endif
