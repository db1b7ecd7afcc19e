// What a connection sends and what must come back: the same frames over and over, their payloads.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct tape {
  uint64_t frames, frame_size, request_size, reply_size;
  uint8_t *requests;  // twice in a row: from anywhere `request_size` bytes are contiguous
  uint8_t *replies;   // once
};

extern struct tape tape;

// `depth`: the most requests that a connection has in flight.
void make_tape(int payload, int depth);
// Bytes of a reply stream that come at its position `at`; ends the program if one is wrong.
void check_reply(uint64_t at, const uint8_t *bytes, size_t n);
