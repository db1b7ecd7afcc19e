// The frames protocol, in place: bytes are ignored until '^', then each byte up to '$' is
// answered by that byte plus one, wrapping.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Turns the `n` bytes received at `bytes` into their reply, left at the start of `bytes`, and
// returns the reply's length. A reply is never longer than what it answers, so no second buffer
// is needed. `in_frame` is all a connection has to remember.
//
// Works on whole runs rather than on bytes: memchr finds the delimiter and the compiler
// vectorises the addition. With 16 KiB frames this is what decides the cost.
//
// Not inlined, so that the peers differ in their system calls and not in this loop: inlined, gcc
// left it unaligned in one of them, which cost 4 % there.
__attribute__((noinline)) static size_t frames_reply(bool *in_frame, uint8_t *bytes, size_t n) {
  const uint8_t *in = bytes, *end = bytes + n;
  uint8_t *out = bytes;
  while (in < end) {
    if (!*in_frame) {
      const uint8_t *start = memchr(in, '^', (size_t)(end - in));
      if (!start) break;
      in = start + 1;
      *in_frame = true;
    }
    const uint8_t *stop = memchr(in, '$', (size_t)(end - in));
    size_t run = (size_t)((stop ? stop : end) - in);
    // `out` is at or behind `in`, so a wide load never misses an earlier store: the compiler
    // cannot know that, and would otherwise test for overlap or stay scalar.
#pragma GCC ivdep
    for (size_t i = 0; i < run; i++) out[i] = (uint8_t)(in[i] + 1);
    out += run;
    in += run;
    if (stop) {
      in++;
      *in_frame = false;
    }
  }
  return (size_t)(out - bytes);
}
