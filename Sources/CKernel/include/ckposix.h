// The system calls that any POSIX system has, one inline function each; see ckernel.h.
#pragma once

// For MAP_ANONYMOUS and the like, which plain C11 hides. No _GNU_SOURCE: it would give fd_set and others
// another shape than Swift's Glibc module has.
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// In POSIX since 2024; hidden without _GNU_SOURCE.
extern int accept4(int, struct sockaddr *, socklen_t *, int);

#define CK_ANSWER(call) \
  long answer = (long)(call); \
  return answer < 0 ? -(long)errno : answer

// ------------------------------------------------------------------ addresses

// An IPv4 or IPv6 socket address. IPv4: `low` is the address, host order. IPv6: `high` and `low`
// are its halves, host order. The family is AF_INET, AF_INET6, AF_UNIX (its name is elsewhere) or 0 (any
// other).
struct ck_address {
  uint64_t high, low;
  uint32_t scope;
  uint16_t port, family;
};

static inline socklen_t ck_address_out(struct ck_address a, struct sockaddr_storage *s) {
  memset(s, 0, sizeof *s);
  if (a.family == AF_INET) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)s;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(a.port);
    v4->sin_addr.s_addr = htonl((uint32_t)a.low);
    return sizeof *v4;
  }
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)s;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(a.port);
  v6->sin6_scope_id = a.scope;
  for (int i = 0; i < 8; i++) {
    v6->sin6_addr.s6_addr[i] = (uint8_t)(a.high >> (56 - 8 * i));
    v6->sin6_addr.s6_addr[8 + i] = (uint8_t)(a.low >> (56 - 8 * i));
  }
  return sizeof *v6;
}

static inline struct ck_address ck_address_in(const struct sockaddr *s) {
  struct ck_address a = {0};
  if (s->sa_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)s;
    a.family = AF_INET;
    a.port = ntohs(v4->sin_port);
    a.low = ntohl(v4->sin_addr.s_addr);
  } else if (s->sa_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)s;
    a.family = AF_INET6;
    a.port = ntohs(v6->sin6_port);
    a.scope = v6->sin6_scope_id;
    for (int i = 0; i < 8; i++) {
      a.high = a.high << 8 | v6->sin6_addr.s6_addr[i];
      a.low = a.low << 8 | v6->sin6_addr.s6_addr[8 + i];
    }
  } else if (s->sa_family == AF_UNIX) {
    a.family = AF_UNIX;
  }
  return a;
}

// An address as the kernel writes it: how long it is, and its first bytes.
static inline unsigned ck_address_length(struct ck_address a) {
  return a.family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}
static inline void ck_write_address(struct ck_address a, void *into, unsigned count) {
  struct sockaddr_storage s;
  ck_address_out(a, &s);
  memcpy(into, &s, count < sizeof s ? count : sizeof s);
}
static inline struct ck_address ck_address_at(const void *s) {
  return ck_address_in((const struct sockaddr *)s);
}

// getaddrinfo's errors that plain headers hide: the name is known, and has no address, or none of the
// family that was asked for.
enum { CK_NO_DATA = -5, CK_NO_ADDRESS_FAMILY = -9 };
// Where getaddrinfo says that the system failed it, the errno is taken from this.
enum { CK_RESOLVE_ERRNO = -4096 };

// Resolves a host name to at most `room` addresses of a family (AF_UNSPEC: of both): their number, or
// getaddrinfo's error, which is negative. Waits for name servers, unless `flags` are AI_NUMERICHOST.
static inline long ck_resolve(const char *host, int family, int flags, uint16_t port,
                              struct ck_address *into, int room) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = family, .ai_flags = flags};
  struct addrinfo *list = NULL;
  int error = getaddrinfo(host, NULL, &hints, &list), count = 0;
  if (error == EAI_SYSTEM) return CK_RESOLVE_ERRNO - (long)errno;
  if (error) return error < 0 ? error : -error;
  for (struct addrinfo *i = list; i && count < room; i = i->ai_next) {
    struct ck_address a = ck_address_in(i->ai_addr);
    a.port = port;
    if (a.family) into[count++] = a;
  }
  freeaddrinfo(list);
  return count;
}

// -------------------------------------------------------------------- sockets

static inline long ck_socket(int family) {
  CK_ANSWER(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}
static inline long ck_bind(int fd, struct ck_address address) {
  struct sockaddr_storage s;
  socklen_t length = ck_address_out(address, &s);
  CK_ANSWER(bind(fd, (struct sockaddr *)&s, length));
}
static inline long ck_listen(int fd, int backlog) { CK_ANSWER(listen(fd, backlog)); }
static inline long ck_accept(int fd, struct ck_address *from) {
  struct sockaddr_storage s;
  socklen_t length = sizeof s;
  int made = accept4(fd, (struct sockaddr *)&s, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (made < 0) return -(long)errno;
  *from = ck_address_in((struct sockaddr *)&s);
  return made;
}
static inline long ck_connect(int fd, struct ck_address address) {
  struct sockaddr_storage s;
  socklen_t length = ck_address_out(address, &s);
  CK_ANSWER(connect(fd, (struct sockaddr *)&s, length));
}
static inline long ck_receive(int fd, void *into, size_t count) {
  CK_ANSWER(recv(fd, into, count, 0));
}
static inline long ck_send(int fd, const void *from, size_t count) {
  CK_ANSWER(send(fd, from, count, MSG_NOSIGNAL));
}
static inline long ck_read(int fd, void *into, size_t count) { CK_ANSWER(read(fd, into, count)); }
static inline long ck_write(int fd, const void *from, size_t count) {
  CK_ANSWER(write(fd, from, count));
}
// Opens a file to be read, and waits for nobody where it is a pipe or a device.
static inline long ck_open_to_read(const char *path) {
  CK_ANSWER(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}
// How many bytes an ordinary file has; EISDIR of a directory, EINVAL of anything else.
static inline long ck_file_size(int fd) {
  struct stat s;
  if (fstat(fd, &s) < 0) return -(long)errno;
  if (S_ISDIR(s.st_mode)) return -(long)EISDIR;
  return S_ISREG(s.st_mode) ? (long)s.st_size : -(long)EINVAL;
}
static inline long ck_read_at(int fd, int64_t offset, void *into, size_t count) {
  CK_ANSWER(pread(fd, into, count, (off_t)offset));
}
static inline long ck_shutdown_write(int fd) { CK_ANSWER(shutdown(fd, SHUT_WR)); }
static inline long ck_close(int fd) { CK_ANSWER(close(fd)); }
static inline long ck_set_option(int fd, int level, int name, int value) {
  CK_ANSWER(setsockopt(fd, level, name, &value, sizeof value));
}
static inline long ck_get_option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, name, &value, &length) < 0 ? -(long)errno : (long)value;
}
static inline long ck_set_linger(int fd, int seconds) {
  struct linger value = {.l_onoff = 1, .l_linger = seconds};
  CK_ANSWER(setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value));
}
static inline long ck_local_address(int fd, struct ck_address *into) {
  struct sockaddr_storage s;
  socklen_t length = sizeof s;
  if (getsockname(fd, (struct sockaddr *)&s, &length) < 0) return -(long)errno;
  *into = ck_address_in((struct sockaddr *)&s);
  return 0;
}
static inline long ck_peer_address(int fd, struct ck_address *into) {
  struct sockaddr_storage s;
  socklen_t length = sizeof s;
  if (getpeername(fd, (struct sockaddr *)&s, &length) < 0) return -(long)errno;
  *into = ck_address_in((struct sockaddr *)&s);
  return 0;
}

// -------------------------------------------------------- Unix-domain sockets

// How long an address a name makes: a path without its zero, or a zero and an abstract name. Negative for an
// error: no name at all would be one that the kernel makes up, and a path with a zero in it would be another.
static inline long ck_unix_out(const uint8_t *name, size_t length, struct sockaddr_un *s) {
  memset(s, 0, sizeof *s);
  s->sun_family = AF_UNIX;
  if (length == 0) return -EINVAL;
  size_t zero = name[0] != 0 ? 1 : 0;
  if (zero && memchr(name, 0, length)) return -EINVAL;
  if (length + zero > sizeof s->sun_path) return -ENAMETOOLONG;
  memcpy(s->sun_path, name, length);
  return (long)(offsetof(struct sockaddr_un, sun_path) + length + zero);
}
static inline long ck_bind_unix(int fd, const uint8_t *name, size_t length) {
  struct sockaddr_un s;
  long size = ck_unix_out(name, length, &s);
  if (size < 0) return size;
  CK_ANSWER(bind(fd, (struct sockaddr *)&s, (socklen_t)size));
}
static inline long ck_connect_unix(int fd, const uint8_t *name, size_t length) {
  struct sockaddr_un s;
  long size = ck_unix_out(name, length, &s);
  if (size < 0) return size;
  CK_ANSWER(connect(fd, (struct sockaddr *)&s, (socklen_t)size));
}
// The name of a socket, or of its peer: how many bytes were written to `into`, which has room for all.
static inline long ck_unix_name(int fd, int of_peer, uint8_t *into, size_t room) {
  struct sockaddr_un s;
  socklen_t size = sizeof s;
  int answer = of_peer ? getpeername(fd, (struct sockaddr *)&s, &size)
                       : getsockname(fd, (struct sockaddr *)&s, &size);
  if (answer < 0) return -(long)errno;
  size_t start = offsetof(struct sockaddr_un, sun_path);
  if (s.sun_family != AF_UNIX || size <= start) return 0;
  size_t length = size - start;
  if (length > sizeof s.sun_path) length = sizeof s.sun_path;
  if (s.sun_path[0] != 0) length = strnlen(s.sun_path, length);
  if (length > room) length = room;
  memcpy(into, s.sun_path, length);
  return (long)length;
}
// The inode of a socket file; ENOTSOCK where something else is at the path.
static inline long ck_socket_file(const char *path) {
  struct stat s;
  if (lstat(path, &s) < 0) return -(long)errno;
  if (!S_ISSOCK(s.st_mode)) return -ENOTSOCK;
  return (long)(s.st_ino & INT64_MAX);
}
static inline long ck_unlink(const char *path) { CK_ANSWER(unlink(path)); }
static inline long ck_chmod(const char *path, uint32_t mode) { CK_ANSWER(chmod(path, mode)); }
static inline long ck_fchmod(int fd, uint32_t mode) { CK_ANSWER(fchmod(fd, mode)); }
// A descriptor of a directory that nobody else holds by this call, until it is closed.
static inline long ck_lock_directory(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -(long)errno;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  int error = errno;
  close(fd);
  return -(long)error;
}
static inline long ck_duplicate(int fd) { CK_ANSWER(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }
static inline long ck_set_non_blocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return -(long)errno;
  CK_ANSWER(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

// Who is at the other end of a Unix-domain socket: as it was when it connected.
struct ck_credentials {
  int32_t process;
  uint32_t user, group;
};
static inline long ck_peer_credentials(int fd, struct ck_credentials *into) {
  socklen_t size = sizeof *into;
  CK_ANSWER(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, into, &size));
}

// ------------------------------------------------------------------ readiness

static inline long ck_poll(struct pollfd *entries, unsigned long count, int milliseconds) {
  CK_ANSWER(poll(entries, count, milliseconds));
}
// The sets are words of 64 descriptors each, FD_SETSIZE / 64 of them: fd_set's layout on Linux.
static inline long ck_select(int count, uint64_t *reading, uint64_t *writing, int milliseconds) {
  struct timeval wait = {milliseconds / 1000, (milliseconds % 1000) * 1000};
  CK_ANSWER(select(count, (fd_set *)reading, (fd_set *)writing, NULL,
                   milliseconds < 0 ? NULL : &wait));
}

// --------------------------------------------------------------- all the rest

static inline uint64_t ck_monotonic_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
// Signals that ask the process to end: see ckernel.c, which alone holds state, since a process has
// one handler for a signal.

// Begins to tell of SIGINT and SIGTERM through an event descriptor: its place, for ck_ending_close.
long ck_ending_open(int fd);
// Ends that; the last one gives the signals back as they were found.
void ck_ending_close(long place);
// The signal that came first since the first place was opened; 0 for none.
int ck_ending_number(void);
// Lets SIGINT and SIGTERM through in this thread: which of them were blocked, as bits 1 and 2.
static inline int ck_ending_unblock(void) {
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (pthread_sigmask(SIG_UNBLOCK, &set, &before) != 0) return 0;
  return (sigismember(&before, SIGINT) == 1 ? 1 : 0) | (sigismember(&before, SIGTERM) == 1 ? 2 : 0);
}
// Blocks those again.
static inline void ck_ending_block(int which) {
  sigset_t set;
  sigemptyset(&set);
  if (which & 1) sigaddset(&set, SIGINT);
  if (which & 2) sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}
// This thread, to be compared.
static inline uint64_t ck_thread_number(void) { return (uint64_t)pthread_self(); }
// Makes SIGINT, SIGTERM, SIGHUP and SIGQUIT end a process 1, for which their default effect is none.
void ck_end_first_process(void);

// Writing to a pipe whose reader has gone is an error and not the end of the process.
static inline void ck_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }
// Raises the soft limit of descriptors to the hard one: the limit in force.
static inline long ck_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -(long)errno;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) < 0)
      return -(long)errno;
  }
  return limit.rlim_cur > 1u << 30 ? 1l << 30 : (long)limit.rlim_cur;
}
static inline long ck_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -(long)errno;
  return limit.rlim_cur > 1u << 30 ? 1l << 30 : (long)limit.rlim_cur;
}

// -------------------------------------------------------------------- threads

// Starts a joinable thread with a stack of its own size (0: the system's default).
static inline long ck_thread_start(pthread_t *thread, size_t stack, void *(*body)(void *),
                                   void *argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (stack) pthread_attr_setstacksize(&attributes, stack);
  int error = pthread_create(thread, &attributes, body, argument);
  pthread_attr_destroy(&attributes);
  return -(long)error;
}
static inline void ck_thread_join(pthread_t thread) { pthread_join(thread, NULL); }
// The calling thread gives way to all others. On Linux niceness is a thread's and not the process's; to be nicer is
// never refused.
static inline void ck_thread_give_way(void) { (void)setpriority(PRIO_PROCESS, 0, 19); }
// Nobody awaits its end.
static inline void ck_thread_detach(pthread_t thread) { pthread_detach(thread); }

// --------------------------------------------------------------------- memory

// Address space that costs memory only where it is touched; it reads as zeros. NULL when refused.
static inline void *ck_reserve(size_t bytes) {
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}
static inline void ck_unreserve(void *start, size_t bytes) { munmap(start, bytes); }

// A counting semaphore, in memory that does not move. Not a sem_t: one of those can wait until a moment
// of the wall clock alone, which jumps.
struct ck_semaphore {
  pthread_mutex_t lock;
  pthread_cond_t risen;
  uint64_t count;
};
static inline void ck_semaphore_open(struct ck_semaphore *s) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->risen, &attributes);
  pthread_condattr_destroy(&attributes);
  s->count = 0;
}
static inline void ck_semaphore_close(struct ck_semaphore *s) {
  pthread_cond_destroy(&s->risen);
  pthread_mutex_destroy(&s->lock);
}
static inline void ck_semaphore_signal(struct ck_semaphore *s) {
  pthread_mutex_lock(&s->lock);
  s->count++;
  pthread_cond_signal(&s->risen);
  pthread_mutex_unlock(&s->lock);
}
// Waits for one signal until a moment on the monotonic clock (UINT64_MAX: without end): 1 if it came, or
// 0.
static inline int ck_semaphore_wait(struct ck_semaphore *s, uint64_t deadline) {
  // A later one is never reached, and time_t holds it.
  const uint64_t last = (uint64_t)INT64_MAX;
  uint64_t until = deadline < last ? deadline : last;
  struct timespec end = {(time_t)(until / 1000000000u), (long)(until % 1000000000u)};
  int error = 0;
  pthread_mutex_lock(&s->lock);
  while (s->count == 0 && error == 0)
    error = deadline == UINT64_MAX ? pthread_cond_wait(&s->risen, &s->lock)
                                   : pthread_cond_timedwait(&s->risen, &s->lock, &end);
  int came = s->count > 0;
  if (came) s->count--;
  pthread_mutex_unlock(&s->lock);
  return came;
}

// A lock, in memory that does not move.
static inline void ck_lock_open(pthread_mutex_t *m) { pthread_mutex_init(m, NULL); }
static inline void ck_lock_close(pthread_mutex_t *m) { pthread_mutex_destroy(m); }
static inline void ck_lock_take(pthread_mutex_t *m) { pthread_mutex_lock(m); }
static inline void ck_lock_leave(pthread_mutex_t *m) { pthread_mutex_unlock(m); }
