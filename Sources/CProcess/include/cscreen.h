// A terminal's whole screen, for as long as a program draws on it, and given back in whatever way that ends.
//
// Standard error is drawn on; keys come from standard input, where that is a terminal, as they are pressed and
// unseen. A signal that ends or stops the process finds the terminal as it was before: SIGINT and SIGTERM too, where
// nobody else handles them. No function here takes a pointer.
#ifndef CSCREEN_H
#define CSCREEN_H

// How large the terminal is, 65,536 times its columns and its rows; 0 if it is none, or tells no size.
int cs_size(void);

// Whether this process may write to it and read from it: it is not in the background of a shell.
int cs_is_foreground(void);

// Takes the screen from now on; 0, or the error.
int cs_take(void);

// Before something is drawn: 1 if the screen is there and stays there until `cs_end`. A process that was stopped and
// goes on takes it again by this; 0 while it is in the background, and then `cs_end` must not follow.
int cs_begin(void);
void cs_end(void);

// Whether the screen was taken anew since this was last asked, so that all of it is to be drawn.
int cs_is_new(void);

// The next key, waiting so many milliseconds at most, or until `wake` is readable; 0 where none was pressed.
int cs_key(int milliseconds, int wake);

// Gives the terminal back; once is enough, and more does no harm.
void cs_give_back(void);

#endif
