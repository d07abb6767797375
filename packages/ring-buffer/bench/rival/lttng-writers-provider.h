/* SPDX-License-Identifier: MIT */
/* LTTng-UST provider of the events that writers.bench compares with. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER lockstep_ring_bench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./lttng-writers-provider.h"

#if !defined(LOCKSTEP_RING_BENCH_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define LOCKSTEP_RING_BENCH_PROVIDER_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(lockstep_ring_bench, bytes16, LTTNG_UST_TP_ARGS(int, id, double, total),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, id, id)
                                                   lttng_ust_field_float(double, total, total)))

LTTNG_UST_TRACEPOINT_EVENT(lockstep_ring_bench, bytes64, LTTNG_UST_TP_ARGS(const int *, words),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_array(int, words, words, 16)))

LTTNG_UST_TRACEPOINT_EVENT(lockstep_ring_bench, bytes256, LTTNG_UST_TP_ARGS(const int *, words),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_array(int, words, words, 64)))

#endif

#include <lttng/tracepoint-event.h>
