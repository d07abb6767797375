// SPDX-License-Identifier: MIT
// The fast counter of 64-bit POWER: the time base, constant rate (512 MHz), the same on all CPUs.
#ifndef LOCKSTEP_COUNTER_H
#error "include counter.h"
#endif

#define COUNTER_NAME "timebase"
#define COUNTER_BITS 64
#define HAS_COUNTER_WITH_CPU 0

static inline uint64_t read_counter(void) {
  uint64_t cycles;
  __asm__ volatile("mfspr %0, 268" : "=r"(cycles));
  return cycles;
}

static inline uint64_t read_counter_fenced(void) {
  uint64_t cycles;
  __asm__ volatile("isync\n\tmfspr %0, 268\n\tisync" : "=r"(cycles)::"memory");
  return cycles;
}
