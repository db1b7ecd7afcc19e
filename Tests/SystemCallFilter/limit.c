// Pretends another limit of descriptors, for machines on which a test may not raise it: this getrlimit
// stands before the C library's in the programs that are linked with it.
#include "filter.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

extern long syscall(long, ...);

static unsigned long pretended;

void pretend_descriptor_limit(unsigned long count) { pretended = count; }

// A sanitizer asks for limits before it is set up: what it would note of this function it cannot hold yet.
__attribute__((disable_sanitizer_instrumentation))
int getrlimit(__rlimit_resource_t resource, struct rlimit *limit) {
  if (resource == RLIMIT_NOFILE && pretended != 0) {
    limit->rlim_cur = limit->rlim_max = pretended;
    return 0;
  }
  return (int)syscall(SYS_prlimit64, 0, resource, 0, limit);
}
