// The ring and its receive buffers. One of each, so they are plain statics.
#pragma once
#define _GNU_SOURCE
#include <liburing.h>
#include <sys/mman.h>

#include "frames.h"
#include "server.h"

// Newer than the headers of some distributions that run the kernels which have them.
#ifndef IORING_CQE_F_BUF_MORE
#define IORING_CQE_F_BUF_MORE (1u << 4)
#endif
#define INCREMENTAL 2u  // IOU_PBUF_RING_INC: Linux 6.12

#define SUBMISSIONS 4096
#define COMPLETIONS 32768

// Incremental: many receives share a buffer, each consuming what it needs, so a few large ones
// do and no receive wastes the rest of a small one.
#define BUFFERS 8  // a power of two
#define BUFFER_SIZE (256u << 10)
#define BUFFER_GROUP 0

static struct io_uring ring;
static struct io_uring_buf_ring *buffer_ring;
static uint8_t *buffer_memory;
static uint32_t buffer_used[BUFFERS];  // bytes of each that the kernel has filled
static uint16_t spent_buffers[BUFFERS];
static unsigned spent_count;

// Zeroed, and costing nothing until it is touched.
static inline void *map_memory(size_t size) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) die("mmap", errno);
  return p;
}

// DEFER_TASKRUN: the kernel completes receives inside io_uring_enter only, in batches and never
// as an interruption. That is also what makes it safe to reason in turns.
static inline void ring_set_up(unsigned direct_descriptors) {
  struct io_uring_params params = {
      .cq_entries = COMPLETIONS,
      .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER |
               IORING_SETUP_DEFER_TASKRUN};
  int rc = io_uring_queue_init_params(SUBMISSIONS, &ring, &params);
  if (rc < 0) die("io_uring_queue_init_params", -rc);
  io_uring_register_ring_fd(&ring);  // saves a descriptor look-up per enter
  rc = io_uring_register_files_sparse(&ring, direct_descriptors);
  if (rc < 0) die("io_uring_register_files_sparse", -rc);
}

// Submits everything, runs what the kernel has deferred, and sleeps if `wait` completions are
// not there yet: the one system call of a turn.
static inline void ring_enter(unsigned wait) {
  int rc = wait ? io_uring_submit_and_wait(&ring, wait) : io_uring_submit_and_get_events(&ring);
  if (rc < 0 && rc != -EINTR && rc != -EBUSY && rc != -EAGAIN) die("io_uring_enter", -rc);
}

// Until nothing is left, overflowed completions included: a failed send must not be overlooked,
// since silence is taken for success.
static inline void ring_for_each_completion(void (*body)(const struct io_uring_cqe *)) {
  for (;;) {
    unsigned head, n = 0;
    struct io_uring_cqe *cqe;
    io_uring_for_each_cqe(&ring, head, cqe) {
      body(cqe);
      n++;
    }
    io_uring_cq_advance(&ring, n);
    if (!io_uring_cq_has_overflow(&ring)) return;
    io_uring_get_events(&ring);
  }
}

static inline void buffers_add(uint16_t id, int position) {
  buffer_used[id] = 0;
  io_uring_buf_ring_add(buffer_ring, buffer_memory + (size_t)id * BUFFER_SIZE, BUFFER_SIZE, id,
                        io_uring_buf_ring_mask(BUFFERS), position);
}

static inline void buffers_set_up(void) {
  buffer_memory = map_memory((size_t)BUFFERS * BUFFER_SIZE);
  buffer_ring = map_memory(BUFFERS * sizeof(struct io_uring_buf));
  // Positional, because the fourth field is `pad` in older headers and `flags` in newer ones.
  struct io_uring_buf_reg registration = {(uint64_t)(uintptr_t)buffer_ring, BUFFERS,
                                          BUFFER_GROUP, INCREMENTAL, {0}};
  int rc = io_uring_register_buf_ring(&ring, &registration, 0);
  if (rc < 0) die("io_uring_register_buf_ring (incremental buffers need Linux 6.12)", -rc);
  io_uring_buf_ring_init(buffer_ring);
  for (int i = 0; i < BUFFERS; i++) buffers_add((uint16_t)i, i);
  io_uring_buf_ring_advance(buffer_ring, BUFFERS);
}

// Where the `n` bytes of a completion with `flags` are.
static inline uint8_t *buffers_received(uint32_t n, unsigned flags) {
  const uint16_t id = (uint16_t)(flags >> IORING_CQE_BUFFER_SHIFT);
  uint8_t *bytes = buffer_memory + (size_t)id * BUFFER_SIZE + buffer_used[id];
  buffer_used[id] += n;
  if (!(flags & IORING_CQE_F_BUF_MORE)) spent_buffers[spent_count++] = id;
  return bytes;
}

static inline unsigned buffers_spent(void) { return spent_count; }
static inline bool buffers_available(void) { return spent_count < BUFFERS; }

// Gives the `count` buffers spent longest ago back to the kernel.
static inline void buffers_give_back(unsigned count) {
  for (unsigned i = 0; i < count; i++) buffers_add(spent_buffers[i], (int)i);
  if (count) io_uring_buf_ring_advance(buffer_ring, (int)count);
  spent_count -= count;
  memmove(spent_buffers, spent_buffers + count, spent_count * sizeof *spent_buffers);
}
