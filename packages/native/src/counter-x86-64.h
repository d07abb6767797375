// SPDX-License-Identifier: MIT
// The fast counter of x86-64: the time stamp counter, 64 bits. `rdtscp` gives the number of the CPU in
// the same instruction (the kernel keeps node << 12 | cpu in TSC_AUX: arch/x86/kernel/cpu/common.c,
// setup_getcpu); not every CPU has it.
#ifndef LOCKSTEP_COUNTER_H
#error "include counter.h"
#endif

#include <cpuid.h>
#include <x86intrin.h>

#define COUNTER_NAME "tsc"
#define COUNTER_BITS 64
#define HAS_COUNTER_WITH_CPU 1

static inline uint64_t read_counter(void) { return __rdtsc(); }

// Nothing before it is still going on when it is read, and nothing after it has begun.
static inline uint64_t read_counter_fenced(void) {
  _mm_lfence();
  uint64_t cycles = __rdtsc();
  _mm_lfence();
  return cycles;
}

// CPUID 8000_0001h, EDX bit 27.
static inline int can_read_counter_with_cpu(void) {
  unsigned a, b, c, d;
  return __get_cpuid(0x80000001u, &a, &b, &c, &d) != 0 && (d >> 27 & 1) != 0;
}

static inline uint64_t read_counter_with_cpu(unsigned *cpu) {
  unsigned aux;
  uint64_t cycles = __rdtscp(&aux);
  *cpu = aux & 0xfff;
  return cycles;
}
