// What processes and processors have used, from the kernel's own books.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Seconds of CPU time of a process and all its threads, in nanosecond steps; -1 if it is gone.
static inline double process_cpu(int pid) {
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) return -1;
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// The same time split into user and system: only in ticks of 10 ms.
static inline bool process_times(int pid, double *user, double *system) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *f = fopen(path, "r");
  if (!f) return false;
  text[fread(text, 1, sizeof text - 1, f)] = 0;
  fclose(f);
  // The second field is the command's name and may hold anything, so count from its end.
  const char *rest = strrchr(text, ')');
  unsigned long u, s;
  if (!rest || sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s) != 2)
    return false;
  *user = (double)u / (double)sysconf(_SC_CLK_TCK);
  *system = (double)s / (double)sysconf(_SC_CLK_TCK);
  return true;
}

// Resident memory of a process in KiB; -1 if it is gone.
static inline long process_rss(int pid) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE *f = fopen(path, "r");
  long kib = -1;
  while (f && kib < 0 && fgets(line, sizeof line, f))
    if (!strncmp(line, "VmRSS:", 6)) kib = atol(line + 6);
  if (f) fclose(f);
  return kib;
}

// Seconds a processor was not idle, whoever used it, in ticks of 10 ms.
static inline double processor_busy(int cpu) {
  char line[512], name[16];
  const int length = snprintf(name, sizeof name, "cpu%d ", cpu);
  double ticks = 0;
  FILE *f = fopen("/proc/stat", "r");
  while (f && fgets(line, sizeof line, f)) {
    if (strncmp(line, name, (size_t)length)) continue;
    unsigned long user, nice, system, idle, iowait, irq, softirq;
    if (sscanf(line + length, "%lu %lu %lu %lu %lu %lu %lu", &user, &nice, &system, &idle,
               &iowait, &irq, &softirq) == 7)
      ticks = (double)(user + nice + system + irq + softirq);
  }
  if (f) fclose(f);
  return ticks / (double)sysconf(_SC_CLK_TCK);
}
