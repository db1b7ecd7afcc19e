#include "tape.h"

#include "failures.h"

#define FRAMES 64
#define LARGE 4096        // payloads beyond this are laid out fewer times
#define LARGE_FRAMES 16

struct tape tape;

void make_tape(int payload, int depth) {
  tape.frames = payload > LARGE ? LARGE_FRAMES : FRAMES;
  while (tape.frames < (uint64_t)depth) tape.frames *= 2;
  tape.frame_size = (uint64_t)payload + 2;
  tape.request_size = tape.frames * tape.frame_size;
  tape.reply_size = tape.frames * (uint64_t)payload;
  tape.requests = malloc(2 * tape.request_size);
  tape.replies = malloc(tape.reply_size);
  if (!tape.requests || !tape.replies) broken("malloc");
  // Every byte value except the delimiter occurs.
  uint8_t *request = tape.requests, *reply = tape.replies, value = 1;
  for (uint64_t frame = 0; frame < tape.frames; frame++) {
    *request++ = '^';
    for (int i = 0; i < payload; i++) {
      if (value == '$') value++;
      *request++ = value;
      *reply++ = (uint8_t)(value + 1);
      value = (uint8_t)(value * 5 + 13);  // its period is all 256 values
    }
    *request++ = '$';
  }
  memcpy(request, tape.requests, tape.request_size);
}

void check_reply(uint64_t at, const uint8_t *bytes, size_t n) {
  while (n) {
    const uint64_t place = at % tape.reply_size;
    const size_t run = n < tape.reply_size - place ? n : tape.reply_size - place;
    if (memcmp(tape.replies + place, bytes, run)) wrong("a reply byte is wrong");
    at += run;
    bytes += run;
    n -= run;
  }
}
