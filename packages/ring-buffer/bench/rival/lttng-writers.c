// SPDX-License-Identifier: MIT
// Threads that record through LTTng-UST: argv = CPU, threads, bytes (16, 64, 256), events to warm up
// with, events to measure. Prints nanoseconds of CPU time an event and thread.

#define _GNU_SOURCE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng-writers-provider.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_THREADS 16

static long size, warm_up_count, event_count;
static pthread_barrier_t barrier;

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void record(long count) {
  int words[64] = {0};
  if (size == 16) {
    for (long i = 0; i < count; i++) lttng_ust_tracepoint(lockstep_ring_bench, bytes16, (int)i, (double)i * 0.5);
  } else if (size == 64) {
    for (long i = 0; i < count; i++) {
      words[0] = (int)i;
      lttng_ust_tracepoint(lockstep_ring_bench, bytes64, words);
    }
  } else {
    for (long i = 0; i < count; i++) {
      words[0] = (int)i;
      lttng_ust_tracepoint(lockstep_ring_bench, bytes256, words);
    }
  }
}

static void *run(void *result) {
  record(warm_up_count);
  pthread_barrier_wait(&barrier);
  double begin = now_ns();
  record(event_count);
  *(double *)result = (now_ns() - begin) / (double)event_count;
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  long threads = atol(argv[2]);
  if (threads < 1 || threads > MAX_THREADS) return 2;
  size = atol(argv[3]), warm_up_count = atol(argv[4]), event_count = atol(argv[5]);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(atoi(argv[1]), &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) return 3;
  if (!lttng_ust_tracepoint_enabled(lockstep_ring_bench, bytes16)) return 4;
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  pthread_t ids[MAX_THREADS];
  double results[MAX_THREADS], sum = 0;
  for (long i = 0; i < threads; i++) pthread_create(&ids[i], NULL, run, &results[i]);
  for (long i = 0; i < threads; i++) pthread_join(ids[i], NULL), sum += results[i];
  printf("%.3f\n", sum / (double)threads);
  return 0;
}
