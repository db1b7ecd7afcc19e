// io_uring(7) through raw system calls: setting a ring up, its two queues, and how each operation's
// entry is filled in. Constants newer than the headers of Linux 6.1 are declared here.
#pragma once

#include <errno.h>
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  CK_OP_FIXED_FD_INSTALL = 54,  // Linux 6.8
  CK_PBUF_RING_INC = 2,         // IOU_PBUF_RING_INC, Linux 6.12
  CK_OP_URING_CMD = 46,         // Linux 5.19
  CK_SOCKET_GETSOCKOPT = 2,     // SOCKET_URING_OP_GETSOCKOPT, Linux 6.7
  CK_SO_PEERNAME = 28,
  CK_ACCEPT_DONTWAIT = 2,  // IORING_ACCEPT_DONTWAIT, Linux 6.10
};
#define CK_CQE_F_BUF_MORE (1u << 4)  // IORING_CQE_F_BUF_MORE, Linux 6.12
#define CK_CQE_F_SOCK_NONEMPTY (1u << 2)  // IORING_CQE_F_SOCK_NONEMPTY, Linux 5.19

extern long syscall(long, ...);

// A ring and its queues in shared memory. `tail` is the submission queue's end as we have filled
// it; the kernel learns of it when the ring is entered.
struct ck_ring {
  int fd, enter_fd;
  unsigned enter_flags, features;
  unsigned *sq_head, *sq_tail, *sq_flags, sq_mask, sq_entries, tail, submitted;
  struct io_uring_sqe *sqes;
  unsigned *cq_head, *cq_tail, *cq_overflow, cq_mask, cq_entries;
  struct io_uring_cqe *cqes;
  void *rings;
  size_t rings_size, sqes_size;
  // Ours: up to where completions have been looked through, how many were taken out of the queue
  // before their turn, and how many entries wait for room in theirs.
  unsigned scanned, parked, spilled;
  // Whether sends of this turn may have failed unheard: the kernel has not taken all entries, or
  // completions wait. And whether entries ever waited: then it is not known where the last one is.
  bool holds_sends, has_spilled;
};

static inline long ck_ring_open(struct ck_ring *r, unsigned entries, unsigned completions,
                                unsigned flags) {
  struct io_uring_params p;
  memset(&p, 0, sizeof p);
  memset(r, 0, sizeof *r);
  p.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;
  p.cq_entries = completions;
  long fd = syscall(SYS_io_uring_setup, entries, &p);
  if (fd < 0) return -(long)errno;
  r->fd = r->enter_fd = (int)fd;
  r->features = p.features;
  if (!(p.features & IORING_FEAT_SINGLE_MMAP) || !(p.features & IORING_FEAT_EXT_ARG) ||
      !(p.features & IORING_FEAT_NODROP)) {
    close(r->fd);
    return -(long)ENOSYS;
  }
  size_t sq = p.sq_off.array + p.sq_entries * sizeof(unsigned);
  size_t cq = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
  r->rings_size = sq > cq ? sq : cq;
  r->sqes_size = p.sq_entries * sizeof(struct io_uring_sqe);
  char *rings = mmap(NULL, r->rings_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
                     IORING_OFF_SQ_RING);
  void *sqes = mmap(NULL, r->sqes_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
                    IORING_OFF_SQES);
  if (rings == MAP_FAILED || sqes == MAP_FAILED) {
    long error = errno;
    if (rings != MAP_FAILED) munmap(rings, r->rings_size);
    if (sqes != MAP_FAILED) munmap(sqes, r->sqes_size);
    close(r->fd);
    return -error;
  }
  r->rings = rings;
  r->sqes = sqes;
  r->sq_head = (unsigned *)(void *)(rings + p.sq_off.head);
  r->sq_tail = (unsigned *)(void *)(rings + p.sq_off.tail);
  r->sq_flags = (unsigned *)(void *)(rings + p.sq_off.flags);
  r->sq_mask = p.sq_entries - 1;
  r->sq_entries = p.sq_entries;
  r->cq_head = (unsigned *)(void *)(rings + p.cq_off.head);
  r->cq_tail = (unsigned *)(void *)(rings + p.cq_off.tail);
  r->cq_overflow = (unsigned *)(void *)(rings + p.cq_off.overflow);
  r->cq_mask = p.cq_entries - 1;
  r->cq_entries = p.cq_entries;
  r->cqes = (struct io_uring_cqe *)(void *)(rings + p.cq_off.cqes);
  // Entries are used in order, so the indirection array stays what it is here.
  unsigned *array = (unsigned *)(void *)(rings + p.sq_off.array);
  for (unsigned i = 0; i < p.sq_entries; i++) array[i] = i;
  return 0;
}

static inline void ck_ring_close(struct ck_ring *r) {
  munmap(r->rings, r->rings_size);
  munmap(r->sqes, r->sqes_size);
  close(r->fd);
}

// Registers the ring's own descriptor: entering saves a look-up. Refusal costs nothing but that.
static inline void ck_ring_register_itself(struct ck_ring *r) {
  struct io_uring_rsrc_update up = {.offset = ~0u, .data = (uint64_t)r->fd};
  if (syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_RING_FDS, &up, 1) == 1) {
    r->enter_fd = (int)up.offset;
    r->enter_flags = IORING_ENTER_REGISTERED_RING;
  }
}

// Room for so many direct descriptors.
static inline long ck_ring_register_files(struct ck_ring *r, unsigned count) {
  struct io_uring_rsrc_register reg = {.nr = count, .flags = IORING_RSRC_REGISTER_SPARSE};
  long answer = syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_FILES2, &reg, sizeof reg);
  return answer < 0 ? -(long)errno : answer;
}

// A ring of provided buffers that are used up in increments. `entries` is a power of two.
static inline long ck_ring_register_buffers(struct ck_ring *r, void *ring, unsigned entries,
                                            uint16_t group, bool incremental) {
  struct io_uring_buf_reg reg = {
      .ring_addr = (uint64_t)(uintptr_t)ring, .ring_entries = entries, .bgid = group};
  reg.pad = incremental ? CK_PBUF_RING_INC : 0;  // called `flags` in newer headers
  long answer = syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_PBUF_RING, &reg, 1);
  return answer < 0 ? -(long)errno : answer;
}
static inline void ck_buffers_add(void *ring, unsigned mask, uint16_t tail, void *start,
                                  uint32_t length, uint16_t id) {
  struct io_uring_buf *b = &((struct io_uring_buf *)ring)[tail & mask];
  b->addr = (uint64_t)(uintptr_t)start;
  b->len = length;
  b->bid = id;
}
// The tail lies over the first entry's unused bytes.
static inline void ck_buffers_publish(void *ring, uint16_t tail) {
  __atomic_store_n(&((struct io_uring_buf *)ring)->resv, tail, __ATOMIC_RELEASE);
}

// Whether the kernel knows an operation.
static inline bool ck_ring_supports(struct ck_ring *r, unsigned operation) {
  enum { MOST = 256 };
  _Alignas(8) char room[sizeof(struct io_uring_probe) + MOST * sizeof(struct io_uring_probe_op)];
  struct io_uring_probe *probe = (struct io_uring_probe *)(void *)room;
  memset(room, 0, sizeof room);
  if (syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_PROBE, probe, MOST) < 0) return false;
  return operation <= probe->last_op &&
         (probe->ops[operation].flags & IO_URING_OP_SUPPORTED) != 0;
}

// ---------------------------------------------------------------------- queues

// A cleared entry, NULL when the queue is full.
static inline struct io_uring_sqe *ck_ring_entry(struct ck_ring *r) {
  if (r->tail - __atomic_load_n(r->sq_head, __ATOMIC_ACQUIRE) >= r->sq_entries) return NULL;
  struct io_uring_sqe *e = &r->sqes[r->tail++ & r->sq_mask];
  memset(e, 0, sizeof *e);
  return e;
}
static inline unsigned ck_ring_unsubmitted(const struct ck_ring *r) {
  return r->tail - r->submitted;
}
static inline bool ck_ring_overflown(const struct ck_ring *r) {
  return (__atomic_load_n(r->sq_flags, __ATOMIC_RELAXED) & IORING_SQ_CQ_OVERFLOW) != 0;
}

// Submits everything, runs deferred work, and waits for `least` completions, at most so many
// nanoseconds (negative: for ever): entries submitted, or the error negated.
static inline long ck_ring_enter(struct ck_ring *r, unsigned least, int64_t nanoseconds) {
  __atomic_store_n(r->sq_tail, r->tail, __ATOMIC_RELEASE);
  unsigned count = r->tail - r->submitted;
  struct __kernel_timespec t = {.tv_sec = nanoseconds / 1000000000,
                                .tv_nsec = nanoseconds % 1000000000};
  struct io_uring_getevents_arg arg = {.ts = nanoseconds < 0 ? 0 : (uint64_t)(uintptr_t)&t};
  unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG | r->enter_flags;
  long answer =
      syscall(SYS_io_uring_enter, r->enter_fd, count, least, flags, &arg, sizeof arg);
  if (answer < 0) answer = -(long)errno;
  // What was consumed shows in the queue's head, also when waiting failed afterwards.
  r->submitted = __atomic_load_n(r->sq_head, __ATOMIC_ACQUIRE);
  return answer;
}

static inline unsigned ck_ring_completions_end(const struct ck_ring *r) {
  return __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE);
}
static inline unsigned ck_ring_completions_start(const struct ck_ring *r) { return *r->cq_head; }
static inline struct io_uring_cqe *ck_ring_completion(struct ck_ring *r, unsigned at) {
  return &r->cqes[at & r->cq_mask];
}
// The next completion before `end`, NULL when there is none; and the next that was not looked at.
static inline struct io_uring_cqe *ck_ring_next(struct ck_ring *r, unsigned end) {
  return (int)(end - *r->cq_head) > 0 ? &r->cqes[*r->cq_head & r->cq_mask] : NULL;
}
static inline struct io_uring_cqe *ck_ring_scan(struct ck_ring *r, unsigned end) {
  return (int)(end - r->scanned) > 0 ? &r->cqes[r->scanned++ & r->cq_mask] : NULL;
}
static inline void ck_ring_take(struct ck_ring *r, unsigned head) {
  __atomic_store_n(r->cq_head, head, __ATOMIC_RELEASE);
}

// ------------------------------------------------------------------ operations

static inline void ck_prepare_accept(struct io_uring_sqe *e, int listener, bool many) {
  e->opcode = IORING_OP_ACCEPT;
  e->fd = listener;
  e->file_index = IORING_FILE_INDEX_ALLOC;
  e->ioprio = many ? IORING_ACCEPT_MULTISHOT : 0;
}
// An accept of one connection if one waits, and EAGAIN otherwise.
static inline void ck_prepare_accept_now(struct io_uring_sqe *e, int listener) {
  ck_prepare_accept(e, listener, false);
  e->ioprio = CK_ACCEPT_DONTWAIT;
}
// Tells once when a listener has somebody to accept.
static inline void ck_prepare_poll_once(struct io_uring_sqe *e, int fd) {
  e->opcode = IORING_OP_POLL_ADD;
  e->fd = fd;
  e->poll32_events = 0x1;  // POLLIN
}
static inline void ck_prepare_receive(struct io_uring_sqe *e, int file, uint16_t group,
                                      bool poll_first) {
  e->opcode = IORING_OP_RECV;
  e->fd = file;
  e->flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  e->ioprio = IORING_RECV_MULTISHOT | (poll_first ? IORING_RECVSEND_POLL_FIRST : 0);
  e->buf_group = group;
}
// A receive of one buffer's worth, or of so many bytes at most.
static inline void ck_prepare_receive_once(struct io_uring_sqe *e, int file, uint16_t group,
                                           uint32_t most, bool poll_first) {
  e->opcode = IORING_OP_RECV;
  e->fd = file;
  e->flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  e->ioprio = poll_first ? IORING_RECVSEND_POLL_FIRST : 0;
  e->buf_group = group;
  e->len = most;
}
// A send that is done when the ring has been entered, and silent if everything went. Otherwise its
// completion tells how much did.
static inline void ck_prepare_send_now(struct io_uring_sqe *e, int file, const void *from,
                                       uint32_t count) {
  e->opcode = IORING_OP_SEND;
  e->fd = file;
  e->flags = IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
  e->addr = (uint64_t)(uintptr_t)from;
  e->len = count;
  e->msg_flags = MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL;
}
// A send that waits until everything has gone.
static inline void ck_prepare_send(struct io_uring_sqe *e, int file, const void *from,
                                   uint32_t count) {
  e->opcode = IORING_OP_SEND;
  e->fd = file;
  e->flags = IOSQE_FIXED_FILE;
  e->addr = (uint64_t)(uintptr_t)from;
  e->len = count;
  e->msg_flags = MSG_WAITALL | MSG_NOSIGNAL;
}
static inline void ck_prepare_shutdown(struct io_uring_sqe *e, int file) {
  e->opcode = IORING_OP_SHUTDOWN;
  e->fd = file;
  e->len = SHUT_WR;
  // Its end is waited for, success as well: see URing+Finishing.swift.
  e->flags = IOSQE_FIXED_FILE;
}
static inline void ck_prepare_close(struct io_uring_sqe *e, unsigned file) {
  e->opcode = IORING_OP_CLOSE;
  e->file_index = file + 1;
  e->flags = IOSQE_CQE_SKIP_SUCCESS;
}
// Ends the operation with this user data; or, with `all`, every operation on a direct descriptor.
static inline void ck_prepare_cancel(struct io_uring_sqe *e, uint64_t user_data) {
  e->opcode = IORING_OP_ASYNC_CANCEL;
  e->fd = -1;
  e->addr = user_data;
  e->flags = IOSQE_CQE_SKIP_SUCCESS;
}
static inline void ck_prepare_cancel_all(struct io_uring_sqe *e, int file) {
  e->opcode = IORING_OP_ASYNC_CANCEL;
  e->fd = file;
  e->cancel_flags =
      IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_FD_FIXED;
  e->flags = IOSQE_CQE_SKIP_SUCCESS;
}
// Tells each time a descriptor becomes readable.
static inline void ck_prepare_poll(struct io_uring_sqe *e, int fd) {
  e->opcode = IORING_OP_POLL_ADD;
  e->fd = fd;
  e->poll32_events = 0x1;  // POLLIN
  e->len = IORING_POLL_ADD_MULTI;
}
// Tells when a direct descriptor hangs up or breaks (POLLERR, POLLHUP), and, as the kernel adds that by
// itself, when its peer has finished sending. Bytes that arrive do not wake it.
static inline void ck_prepare_hang_up(struct io_uring_sqe *e, int file, uint64_t user_data) {
  e->user_data = user_data;
  e->opcode = IORING_OP_POLL_ADD;
  e->fd = file;
  e->flags = IOSQE_FIXED_FILE;
  e->poll32_events = 0x8 | 0x10;
  e->len = IORING_POLL_ADD_MULTI;
}
// Tells once when a direct descriptor has room for more to send, or is broken.
static inline void ck_prepare_room(struct io_uring_sqe *e, int file, uint64_t user_data) {
  e->user_data = user_data;
  e->opcode = IORING_OP_POLL_ADD;
  e->fd = file;
  e->flags = IOSQE_FIXED_FILE;
  e->poll32_events = 0x4;  // POLLOUT
}
// Sends nothing: asks a direct descriptor why it broke.
static inline void ck_prepare_ask(struct io_uring_sqe *e, int file, uint64_t user_data) {
  e->user_data = user_data;
  e->opcode = IORING_OP_SEND;
  e->fd = file;
  e->flags = IOSQE_FIXED_FILE;
  e->msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
}
// Whose connection a direct descriptor is, also when that is broken. An address of fewer than `length`
// bytes is not told (EINVAL), of a longer one the first ones are.
static inline void ck_prepare_peer_name(struct io_uring_sqe *e, int file, void *into,
                                        unsigned length) {
  e->opcode = CK_OP_URING_CMD;
  e->fd = file;
  e->flags = IOSQE_FIXED_FILE;
  e->off = CK_SOCKET_GETSOCKOPT;
  e->addr = SOL_SOCKET | (uint64_t)CK_SO_PEERNAME << 32;  // level and name
  e->file_index = length;
  e->addr3 = (uint64_t)(uintptr_t)into;
}
// Makes an ordinary descriptor of a direct one.
static inline void ck_prepare_install(struct io_uring_sqe *e, int file) {
  e->opcode = CK_OP_FIXED_FD_INSTALL;
  e->fd = file;
  e->flags = IOSQE_FIXED_FILE;
}
// Makes a direct descriptor of an ordinary one, which is read from there, under a number that is free, which
// is written there. That is done when it has been submitted; its completion counts those that were made.
static inline void ck_prepare_adopt(struct io_uring_sqe *e, int32_t *descriptor) {
  e->opcode = IORING_OP_FILES_UPDATE;
  e->fd = -1;
  e->off = IORING_FILE_INDEX_ALLOC;
  e->addr = (uint64_t)(uintptr_t)descriptor;
  e->len = 1;
}
