#define _GNU_SOURCE
#include "cprocess.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <sys/auxv.h>

static int count;
static char **arguments;

__attribute__((constructor)) static void remember(int argc, char **argv) {
  count = argc;
  arguments = argv;
}

int cp_argument_count(void) { return arguments ? count : 0; }

const char *cp_argument(int place) {
  return place >= 0 && place < cp_argument_count() ? arguments[place] : NULL;
}

int cp_processors(void *mask, int size) {
  return sched_getaffinity(0, (size_t)size, mask) < 0 ? errno : 0;
}

const char *cp_program(void) { return (const char *)getauxval(AT_EXECFN); }
