// SPDX-License-Identifier: MIT
// The fast counter of RISC-V: the `time` CSR (Zicntr), constant rate, 64 bits, the same on all harts.
#ifndef LOCKSTEP_COUNTER_H
#error "include counter.h"
#endif

#define COUNTER_NAME "rdtime"
#define COUNTER_BITS 64
#define HAS_COUNTER_WITH_CPU 0

static inline uint64_t read_counter(void) {
  uint64_t cycles;
  __asm__ volatile("rdtime %0" : "=r"(cycles));
  return cycles;
}

static inline uint64_t read_counter_fenced(void) {
  uint64_t cycles;
  __asm__ volatile("fence\n\trdtime %0\n\tfence" : "=r"(cycles)::"memory");
  return cycles;
}
