// The system calls that Switchboard makes, one inline function each.
//
// Every function answers the call's value, or the errno negated. So errno is read in C, directly
// behind the call, where no Swift runtime function can have changed it, and a failed call is a
// plain negative number. Nothing here retries or decides: that is the Swift side's work.
#pragma once

// No _GNU_SOURCE: it would give fd_set and others another shape than Swift's Glibc module has.
// For MAP_ANONYMOUS and the like, which plain C11 hides.
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
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

extern int accept4(int, struct sockaddr *, socklen_t *, int);

#define CK_ANSWER(call) \
  long answer = (long)(call); \
  return answer < 0 ? -(long)errno : answer

// ------------------------------------------------------------------ addresses

// An IPv4 or IPv6 socket address. IPv4: `low` is the address, host order. IPv6: `high` and `low`
// are its halves, host order. The family is AF_INET, AF_INET6 or 0 (any other).
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

// Resolves a host name to at most `room` addresses: their number, or getaddrinfo's error negated.
static inline long ck_resolve(const char *host, uint16_t port, struct ck_address *into, int room) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
  int error = getaddrinfo(host, NULL, &hints, &list), count = 0;
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
// For how many milliseconds the peer has taken nothing of what was sent to it, by TCP_INFO (tcp(7)).
// While bytes wait for room in its window, both must be recent that it acknowledged something and that
// more went out: who does not read answers to probes, and who has vanished is sent the same again.
// While all that was sent is under way, the acknowledgement counts alone. When all of it is
// acknowledged, that was soon after it went out: an answer to a keep-alive probe is no progress.
static inline long ck_send_silence(int fd) {
  // Its words of 32 bits, as <linux/tcp.h> has them; libc's struct ends too early.
  enum { UNACKNOWLEDGED = 6, LAST_SENT = 11, LAST_ACKNOWLEDGED = 14, UNSENT = 36, WORDS = 40 };
  uint32_t info[WORDS] = {0};
  socklen_t length = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) < 0) return -(long)errno;
  uint32_t sent = info[LAST_SENT], acknowledged = info[LAST_ACKNOWLEDGED];
  if (info[UNSENT] > 0) return sent > acknowledged ? (long)sent : (long)acknowledged;
  return info[UNACKNOWLEDGED] > 0 ? (long)acknowledged : (long)sent;
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

// ------------------------------------------------------------------ readiness

static inline long ck_epoll_create(void) { CK_ANSWER(epoll_create1(EPOLL_CLOEXEC)); }
static inline long ck_epoll_control(int ep, int operation, int fd, uint32_t events, uint64_t key) {
  struct epoll_event event = {.events = events, .data.u64 = key};
  CK_ANSWER(epoll_ctl(ep, operation, fd, &event));
}
// An event as the Swift side sees it: no packing, whatever the processor.
struct ck_event {
  uint64_t key;
  uint32_t events;
};
// The kernel's own entries are packed on x86-64 (12 bytes against 16). They are received at the end of
// the caller's buffer and spread out from its start; entry i is read before it is reached, since
// 16 (i + 1) <= 4 room + 12 (i + 1) as long as i < room.
static inline struct epoll_event *ck_packed(struct ck_event *events, int room) {
  size_t shift = (sizeof(struct ck_event) - sizeof(struct epoll_event)) * (size_t)room;
  return (struct epoll_event *)(void *)((char *)events + shift);
}
// Answers what a wait into `packed` did: the count, its events spread out, or the error.
static inline long ck_unpack(struct ck_event *events, const struct epoll_event *packed, int count) {
  if (count < 0) return -(long)errno;
  for (int i = 0; i < count; i++) {
    struct epoll_event one;
    memcpy(&one, (const char *)packed + sizeof one * (size_t)i, sizeof one);
    events[i].key = one.data.u64;
    events[i].events = one.events;
  }
  return count;
}
static inline long ck_epoll_wait(int ep, struct ck_event *events, int room, int milliseconds) {
  struct epoll_event *packed = ck_packed(events, room);
  return ck_unpack(events, packed, epoll_wait(ep, packed, room, milliseconds));
}
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
static inline long ck_event_descriptor(void) { CK_ANSWER(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }
static inline uint64_t ck_entropy(void) {
  uint64_t value = 0;
  if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value)
    value = ck_monotonic_nanoseconds() ^ (uint64_t)getpid() << 32;
  return value;
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

// --------------------------------------------------------------------- memory

#include <sys/mman.h>

// Address space that costs memory only where it is touched; it reads as zeros. NULL when refused.
static inline void *ck_reserve(size_t bytes) {
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}
static inline void ck_unreserve(void *start, size_t bytes) { munmap(start, bytes); }

// A counting semaphore, in memory that does not move.
#include <semaphore.h>

static inline void ck_semaphore_open(sem_t *s) { sem_init(s, 0, 0); }
static inline void ck_semaphore_close(sem_t *s) { sem_destroy(s); }
static inline void ck_semaphore_signal(sem_t *s) { sem_post(s); }
static inline void ck_semaphore_wait(sem_t *s) {
  while (sem_wait(s) < 0 && errno == EINTR) {
  }
}

// A lock, in memory that does not move.
static inline void ck_lock_open(pthread_mutex_t *m) { pthread_mutex_init(m, NULL); }
static inline void ck_lock_close(pthread_mutex_t *m) { pthread_mutex_destroy(m); }
static inline void ck_lock_take(pthread_mutex_t *m) { pthread_mutex_lock(m); }
static inline void ck_lock_leave(pthread_mutex_t *m) { pthread_mutex_unlock(m); }

// ------------------------------------------------------------------ processors

// Declared here since the headers hide them without _GNU_SOURCE. A mask of 1,024 processors.
extern int sched_getaffinity(int pid, size_t size, void *mask);
extern int sched_setaffinity(int pid, size_t size, const void *mask);

// The number of the `place`-th processor that this thread may use, counted round; or the error.
static inline long ck_allowed_processor(int place) {
  uint64_t mask[16] = {0};
  if (sched_getaffinity(0, sizeof mask, mask) < 0) return -(long)errno;
  int count = 0;
  for (int i = 0; i < 1024; i++) count += (int)(mask[i / 64] >> (i % 64) & 1);
  if (!count) return -(long)EINVAL;
  int wanted = place % count;
  for (int i = 0; i < 1024; i++)
    if (mask[i / 64] >> (i % 64) & 1 && wanted-- == 0) return i;
  return -(long)EINVAL;
}
static inline long ck_pin(int processor) {
  uint64_t mask[16] = {0};
  mask[processor / 64 % 16] = (uint64_t)1 << (processor % 64);
  CK_ANSWER(sched_setaffinity(0, sizeof mask, mask));
}

// ------------------------------------------------------------ keeping time exactly

#include <sys/prctl.h>

extern int ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

// As ck_epoll_wait, for so many nanoseconds: epoll_pwait2(2), Linux 5.11. An older kernel lacks it and
// a sandbox may refuse it: there ppoll(2) waits as exactly for the set's own descriptor.
static inline long ck_epoll_wait_exactly(int ep, struct ck_event *events, int room,
                                         int64_t nanoseconds) {
  static int is_refused;
  struct epoll_event *packed = ck_packed(events, room);
  struct timespec wait = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  struct timespec *limit = nanoseconds < 0 ? NULL : &wait;
  if (!__atomic_load_n(&is_refused, __ATOMIC_RELAXED)) {
    long answer = ck_unpack(events, packed, epoll_pwait2(ep, packed, room, limit, NULL));
    if (answer != -ENOSYS && answer != -EPERM && answer != -EACCES && answer != -EOPNOTSUPP)
      return answer;
    __atomic_store_n(&is_refused, 1, __ATOMIC_RELAXED);
  }
  struct pollfd set = {ep, POLLIN, 0};
  if (ppoll(&set, 1, limit, NULL) < 0) return -(long)errno;
  return ck_unpack(events, packed, epoll_wait(ep, packed, room, 0));
}
// How late the kernel may wake this thread, to wake several at once; 50 microseconds by default.
static inline void ck_set_timer_slack(unsigned long nanoseconds) {
  prctl(PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0);
}
// Processor time of this thread.
static inline uint64_t ck_thread_nanoseconds(void) {
  struct timespec t = {0, 0};  // Where a sandbox refuses the call.
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
// Leaves the choice of a local port to connect, which may then use one again for another peer.
static inline long ck_bind_no_port(int fd) {
  int one = 1;
  CK_ANSWER(setsockopt(fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one));
}

#include "ckring.h"
