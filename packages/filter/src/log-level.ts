// SPDX-License-Identifier: MIT
// LTTng's log levels of user-space tracepoints: names and numbers, and the range that a rule asks
// for. A smaller number is more severe.

import { InputError, LOG_LEVEL_NAMES } from '@lockstep/base';

/** `atLeast`: this level and all that are more severe. */
export type LogLevelRange = { readonly atLeast: number } | { readonly only: number };

/** As rules spell them, `debug_line`: `TRACE_DEBUG_LINE` in C. */
const LEVEL_NAMES = LOG_LEVEL_NAMES.map((name) => name.replace('-', '_'));
const SHORT_NAMES: ReadonlyMap<string, number> = new Map([
  ['emerg', 0],
  ['crit', 2],
  ['err', 3],
  ['warn', 4],
]);

/** Number of a level's name (`info`, `TRACE_INFO`) or number; undefined when it is none. */
export function parseLogLevel(text: string): number | undefined {
  const name = text
    .toLowerCase()
    .replace(/^trace_/, '')
    .replaceAll('-', '_');
  if (/^\d+$/.test(name)) return Number(name) < LEVEL_NAMES.length ? Number(name) : undefined;
  const number = LEVEL_NAMES.indexOf(name);
  return number >= 0 ? number : SHORT_NAMES.get(name);
}

/** `info..` at least as severe, `info` only, `..` any (undefined). Throws InputError. */
export function parseLogLevelRange(text: string): LogLevelRange | undefined {
  if (text === '..') return undefined;
  const isRange = text.endsWith('..');
  const name = isRange ? text.slice(0, -2) : text;
  const level = parseLogLevel(name);
  if (level === undefined) {
    throw new InputError(
      `There is no log level "${name}"; the levels are ${LEVEL_NAMES.join(', ')}, each with ".." for it and the more severe ones`,
    );
  }
  return isRange ? { atLeast: level } : { only: level };
}

export function isInLogLevelRange(level: number, range: LogLevelRange | undefined): boolean {
  if (range === undefined) return true;
  return 'only' in range ? level === range.only : level <= range.atLeast;
}
