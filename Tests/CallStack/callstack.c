#define _GNU_SOURCE
#include "include/callstack.h"

#include <execinfo.h>
#include <link.h>

int call_stack(void **addresses, int room) { return backtrace(addresses, room); }

static int first(struct dl_phdr_info *info, size_t size, void *base) {
  (void)size;
  *(unsigned long *)base = info->dlpi_addr;
  return 1;
}

unsigned long call_base(void) {
  unsigned long base = 0;
  dl_iterate_phdr(first, &base);
  return base;
}
