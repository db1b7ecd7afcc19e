// What a process was started with: what the loader tells, and the processors it may use.
//
// The C library calls constructors with what `main` gets; so the arguments are known byte for byte, and
// also where /proc, which Swift's `CommandLine` reads, is not mounted.
#ifndef CPROCESS_H
#define CPROCESS_H

#include "cscreen.h"

// How many arguments there are, the program's name among them; 0 where they are not known.
int cp_argument_count(void);

// One of them, to the end of the process; NULL beyond the last.
const char *cp_argument(int place);

// The path that the program was started by, or NULL.
const char *cp_program(void);

// A bit for each processor that this process may use, in so many bytes; 0, or the error.
int cp_processors(void *mask, int size);

#endif
