/* SPDX-License-Identifier: MIT */
/* LTTng-UST provider of the events that tracepoint.bench compares with. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER lockstep_bench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./lttng-tracepoint-provider.h"

#if !defined(LOCKSTEP_BENCH_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define LOCKSTEP_BENCH_PROVIDER_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(lockstep_bench, numbers, LTTNG_UST_TP_ARGS(int, id, double, total),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, id, id)
                                                   lttng_ust_field_float(double, total, total)))

LTTNG_UST_TRACEPOINT_EVENT(lockstep_bench, text, LTTNG_UST_TP_ARGS(int, id, double, total, const char *, sku),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, id, id)
                                                   lttng_ust_field_float(double, total, total)
                                                       lttng_ust_field_string(sku, sku)))

#endif

#include <lttng/tracepoint-event.h>
