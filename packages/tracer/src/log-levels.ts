// SPDX-License-Identifier: MIT
// LTTng-UST's log levels: name -> number (lttng-ust, tracepoint-event.h).

import { InputError, LOG_LEVEL_NAMES, type LogLevelName } from '@lockstep/base';

export function logLevelNumber(name: LogLevelName = 'debug-line'): number {
  const number = LOG_LEVEL_NAMES.indexOf(name);
  if (number < 0)
    throw new InputError('There is no such log level', { logLevel: name, known: LOG_LEVEL_NAMES.join(' ') });
  return number;
}
