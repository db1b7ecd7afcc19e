// Counts a process's heap calls: preloaded (LD_PRELOAD) in front of glibc's allocator, it keeps
// the counters in the file that HEAP_COUNTS names, where another process reads them at any time.
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// The allocator's own names. Finding the next `malloc` with dlsym would not do: dlsym allocates.
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

struct counters {
  _Atomic uint64_t allocations, releases;
  uint64_t shared;  // the file is in use
};

static struct counters unshared;
static struct counters *counters = &unshared;

__attribute__((constructor)) static void share(void) {
  const char *path = getenv("HEAP_COUNTS");
  const int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *shared = mmap(NULL, sizeof unshared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (shared == MAP_FAILED) return;
  counters = shared;
  *counters = unshared;
  counters->shared = 1;
}

static void *allocated(void *block) {
  if (block) atomic_fetch_add_explicit(&counters->allocations, 1, memory_order_relaxed);
  return block;
}

static void released(void *block) {
  if (block) atomic_fetch_add_explicit(&counters->releases, 1, memory_order_relaxed);
}

void *malloc(size_t size) { return allocated(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return allocated(__libc_calloc(count, size)); }

// A new block for an old one, even where it grows in place. To size 0 it only releases.
void *realloc(void *block, size_t size) {
  void *moved = __libc_realloc(block, size);
  if (moved || !size) released(block);
  return allocated(moved);
}

void *memalign(size_t alignment, size_t size) {
  return allocated(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) || alignment & (alignment - 1) || !alignment) return EINVAL;
  void *fresh = memalign(alignment, size);
  if (!fresh) return ENOMEM;
  *block = fresh;
  return 0;
}

void free(void *block) {
  released(block);
  __libc_free(block);
}
