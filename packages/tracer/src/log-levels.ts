// SPDX-License-Identifier: MIT
// LTTng-UST's log levels: name -> number (lttng-ust, tracepoint-event.h).

import { InputError } from '@lockstep/base';
import type { LogLevelName } from './api-types.ts';

const NAMES: readonly LogLevelName[] = [
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
];

export function logLevelNumber(name: LogLevelName = 'debug-line'): number {
  const number = NAMES.indexOf(name);
  if (number < 0) throw new InputError('There is no such log level', { logLevel: name, known: NAMES.join(' ') });
  return number;
}
