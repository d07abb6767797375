// SPDX-License-Identifier: MIT
// --begin, --end and --timerange as in babeltrace2: seconds since the epoch, a time of the day on
// which the trace begins, or a date and a time. And --clock-offset.

import { InputError, type Nanoseconds } from '@lockstep/base';
import { isEventRecord } from '@lockstep/ctf';
import { readEventRecords, type TraceSet } from '@lockstep/ctf/node';

export interface RangeFlags {
  readonly begin?: string;
  readonly end?: string;
  readonly timerange?: string;
  readonly clockGmt?: boolean;
}

export interface ClockOffsetFlags {
  readonly clockOffset?: string;
  readonly clockOffsetNs?: string;
}

const NS_PER_SECOND = 1_000_000_000n;
const SECONDS = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/;
const CALENDAR = /^(?:(\d{4})-(\d{2})-(\d{2})[ T]?)?(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?$/;

export function readRange(flags: RangeFlags, traceSet: TraceSet): { begin?: Nanoseconds; end?: Nanoseconds } {
  const [begin, end] = rangeTexts(flags);
  const read = (text: string): Nanoseconds => parseTime(text, () => firstTime(traceSet), flags.clockGmt === true);
  const range = {
    ...(begin === undefined ? {} : { begin: read(begin) }),
    ...(end === undefined ? {} : { end: read(end) }),
  };
  if (range.begin !== undefined && range.end !== undefined && range.begin > range.end)
    throw new InputError('The range of times ends before it begins', { begin, end });
  return range;
}

function rangeTexts(flags: RangeFlags): [begin: string | undefined, end: string | undefined] {
  if (flags.timerange === undefined) return [flags.begin, flags.end];
  if (flags.begin !== undefined || flags.end !== undefined)
    throw new InputError('--timerange says both times, so --begin and --end cannot stand beside it');
  const parts = /^\[?([^,[\]]+),([^,[\]]+)\]?$/.exec(flags.timerange);
  if (parts === null) throw new InputError('--timerange takes BEGIN,END', { value: flags.timerange });
  return [parts[1]!.trim(), parts[2]!.trim()];
}

export function parseTime(text: string, firstTimeNs: () => bigint, isGmt: boolean): Nanoseconds {
  const seconds = SECONDS.exec(text);
  if (seconds !== null) {
    const magnitude = BigInt(seconds[2]!) * NS_PER_SECOND + fractionNs(seconds[3]);
    return (seconds[1] === '-' ? -magnitude : magnitude) as Nanoseconds;
  }
  const parts = CALENDAR.exec(text.trim());
  if (parts === null || text.trim() === '')
    throw new InputError(
      'A time is SECONDS since the epoch or [YYYY-MM-DD ]HH:MM[:SS], both with an optional fraction',
      {
        time: text,
      },
    );
  const [, year, month, day, hours = '0', minutes = '0', second = '0', fraction] = parts;
  if (!isOnCalendar(year, month, day) || Number(hours) > 23 || Number(minutes) > 59 || Number(second) > 59)
    throw new InputError('There is no such time', { time: text });
  const clock = [Number(hours), Number(minutes), Number(second), 0] as const;
  let date: Date;
  if (year === undefined) {
    date = new Date(Number(firstTimeNs() / 1_000_000n));
    if (isGmt) date.setUTCHours(...clock);
    else date.setHours(...clock);
  } else {
    const calendar = [Number(year), Number(month) - 1, Number(day), ...clock] as const;
    date = isGmt ? new Date(Date.UTC(...calendar)) : new Date(...calendar);
  }
  return (BigInt(date.getTime()) * 1_000_000n + fractionNs(fraction)) as Nanoseconds;
}

/** Date takes 2026-02-31 for the third of March. */
function isOnCalendar(year: string | undefined, month: string | undefined, day: string | undefined): boolean {
  if (year === undefined) return true;
  return new Date(`${year}-${month}-${day}T00:00:00Z`).getUTCDate() === Number(day);
}

/** Both options together, in ns. */
export function readClockOffset(flags: ClockOffsetFlags): bigint {
  const read = (option: string, text: string | undefined): bigint => {
    if (text === undefined) return 0n;
    if (!/^-?\d{1,18}$/.test(text)) throw new InputError(`${option} takes a whole number`, { value: text });
    return BigInt(text);
  };
  return read('--clock-offset', flags.clockOffset) * NS_PER_SECOND + read('--clock-offset-ns', flags.clockOffsetNs);
}

function fractionNs(digits: string | undefined): bigint {
  return digits === undefined ? 0n : BigInt(digits.padEnd(9, '0'));
}

function firstTime(traceSet: TraceSet): bigint {
  for (const item of readEventRecords(traceSet))
    if (isEventRecord(item) && item.timeNs !== undefined) return item.timeNs;
  return 0n;
}
