// SPDX-License-Identifier: MIT
// The same events in C through LTTng-UST: argv = CPU, variant (numbers, text), events to warm up
// with, events to measure. Prints nanoseconds of CPU an event.

#define _GNU_SOURCE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng-tracepoint-provider.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char strings[64][17];

// CPU time: what else the machine does meanwhile is not counted.
static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void record_numbers(long count) {
  for (long i = 0; i < count; i++) lttng_ust_tracepoint(lockstep_bench, numbers, (int)i, (double)i * 0.5);
}

static void record_text(long count) {
  for (long i = 0; i < count; i++) lttng_ust_tracepoint(lockstep_bench, text, (int)i, (double)i * 0.5, strings[i & 63]);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(atoi(argv[1]), &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) return 3;
  for (int i = 0; i < 64; i++) snprintf(strings[i], sizeof strings[i], "string-%09d", i);
  void (*record)(long) = strcmp(argv[2], "text") == 0 ? record_text : record_numbers;
  record(atol(argv[3]));
  long count = atol(argv[4]);
  double begin = now_ns();
  record(count);
  double end = now_ns();
  printf("%.3f %d\n", (end - begin) / (double)count, lttng_ust_tracepoint_enabled(lockstep_bench, numbers) != 0);
  return 0;
}
