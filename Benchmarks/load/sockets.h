// Connections to the server, and nothing about what is said on them.
#pragma once

// Connecting, or connected where no flag says otherwise. `receive_buffer`: bytes, 0 for what the
// system chooses.
int open_socket(int type_flags, int receive_buffer);
// Connected, its '*' read, and from now on without blocking. One at a time, so that no server's
// accept queue overflows.
int open_greeted(int receive_buffer);
// Greeted connections that are left alone.
void open_idle(int count);
