// SPDX-License-Identifier: MIT
// The thread's slot: what the hot functions write and JavaScript reads. Words: clocks.c.
#ifndef LOCKSTEP_CLOCK_SLOT_H
#define LOCKSTEP_CLOCK_SLOT_H

#include <stdint.h>

#define SLOT_SIZE_BYTES 64

union clock_slot {
  int64_t quads[SLOT_SIZE_BYTES / 8];
  int32_t words[SLOT_SIZE_BYTES / 4];
};

// In thread-local storage: with the initial-exec model a store into it is one instruction, and no
// worker can write another's. JavaScript's view cannot outlive the thread, since a worker's heap ends
// before its thread does and the buffer cannot be transferred.
extern __thread union clock_slot clock_slot;

#endif
