// The system calls that Linux alone has, one inline function each; see ckernel.h.
#pragma once

#include "ckposix.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>

// ------------------------------------------------------------------- progress

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

// ---------------------------------------------------------------------- files

// Sends a part of a file to a socket. sendfile(2) has no MSG_NOSIGNAL: the signal of a closed connection is
// held back for the length of the call and taken, as long as nobody holds it back anyway. It comes behind bytes
// that were sent, too: then the call tells of those.
static inline long ck_send_file(int fd, int file, int64_t offset, size_t count) {
  sigset_t pipe, before;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  off_t place = (off_t)offset;
  ssize_t sent = sendfile(fd, file, &place, count);
  long answer = sent < 0 ? -(long)errno : (long)sent;
  if (!sigismember(&before, SIGPIPE)) {
    const struct timespec now = {0};
    if (answer < (long)count) sigtimedwait(&pipe, NULL, &now);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  return answer;
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

// ------------------------------------------------------------ events, entropy

static inline long ck_event_descriptor(void) { CK_ANSWER(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }
static inline uint64_t ck_entropy(void) {
  uint64_t value = 0;
  if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value)
    value = ck_monotonic_nanoseconds() ^ (uint64_t)getpid() << 32;
  return value;
}

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
// As ck_poll and ck_select, for so many nanoseconds.
static inline long ck_poll_exactly(struct pollfd *entries, unsigned long count,
                                   int64_t nanoseconds) {
  struct timespec wait = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  CK_ANSWER(ppoll(entries, count, nanoseconds < 0 ? NULL : &wait, NULL));
}
static inline long ck_select_exactly(int count, uint64_t *reading, uint64_t *writing,
                                     int64_t nanoseconds) {
  struct timespec wait = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  CK_ANSWER(pselect(count, (fd_set *)reading, (fd_set *)writing, NULL,
                    nanoseconds < 0 ? NULL : &wait, NULL));
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
