// SPDX-License-Identifier: MIT
// The fast counter of arm64: the virtual count of the generic timer (Arm ARM, CNTVCT_EL0), constant
// rate, 56 bits or more, the same on all CPUs. The isb keeps it from being read ahead of earlier
// instructions (Linux: arch/arm64/include/asm/arch_timer.h).
#ifndef LOCKSTEP_COUNTER_H
#error "include counter.h"
#endif

#define COUNTER_NAME "cntvct"
#define COUNTER_BITS 64
#define HAS_COUNTER_WITH_CPU 0

static inline uint64_t read_counter(void) {
  uint64_t cycles;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(cycles));
  return cycles;
}

static inline uint64_t read_counter_fenced(void) {
  uint64_t cycles;
  __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(cycles)::"memory");
  return cycles;
}
