// SPDX-License-Identifier: MIT

/**
 * LTTng-UST's log levels by number, the most severe first; the numbers are on the wire
 * (lttng-ust: include/lttng/tracepoint.h, enum lttng_ust_loglevel).
 */
export const LOG_LEVEL_NAMES = [
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'info',
  'debug-system',
  'debug-program',
  'debug-process',
  'debug-module',
  'debug-unit',
  'debug-function',
  'debug-line',
  'debug',
] as const;

export type LogLevelName = (typeof LOG_LEVEL_NAMES)[number];
