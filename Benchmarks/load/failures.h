// How the program ends when it cannot go on: 1 for what this machine refuses, 2 for what the
// server did.
#pragma once
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void broken(const char *what) {
  fprintf(stderr, "frameload: %s: %s\n", what, strerror(errno));
  exit(1);
}

static inline void wrong(const char *what) {
  fprintf(stderr, "frameload: %s\n", what);
  exit(2);
}
