// SPDX-License-Identifier: MIT
// --begin and --end: seconds since the epoch, or a time of the day on which the trace begins.

import { InputError, type Nanoseconds } from '@lockstep/base';
import { isEventRecord } from '@lockstep/ctf';
import { readEventRecords, type TraceSet } from '@lockstep/ctf/node';

export interface RangeFlags {
  readonly begin?: string;
  readonly end?: string;
  readonly clockGmt?: boolean;
}

const NS_PER_SECOND = 1_000_000_000n;

export function readRange(flags: RangeFlags, traceSet: TraceSet): { begin?: Nanoseconds; end?: Nanoseconds } {
  const read = (text: string): Nanoseconds => parseTime(text, () => firstTime(traceSet), flags.clockGmt === true);
  return {
    ...(flags.begin === undefined ? {} : { begin: read(flags.begin) }),
    ...(flags.end === undefined ? {} : { end: read(flags.end) }),
  };
}

export function parseTime(text: string, firstTimeNs: () => bigint, isGmt: boolean): Nanoseconds {
  const seconds = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text);
  if (seconds !== null) return (BigInt(seconds[1] as string) * NS_PER_SECOND + fractionNs(seconds[2])) as Nanoseconds;
  const day = /^(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?$/.exec(text);
  if (day === null)
    throw new InputError('A time is SECONDS since the epoch or HH:MM:SS, both with an optional fraction', {
      time: text,
    });
  const date = new Date(Number(firstTimeNs() / 1_000_000n));
  const [hours, minutes, second] = [Number(day[1]), Number(day[2]), Number(day[3])];
  if (isGmt) date.setUTCHours(hours, minutes, second, 0);
  else date.setHours(hours, minutes, second, 0);
  return (BigInt(date.getTime()) * 1_000_000n + fractionNs(day[4])) as Nanoseconds;
}

function fractionNs(digits: string | undefined): bigint {
  return digits === undefined ? 0n : BigInt(digits.padEnd(9, '0'));
}

function firstTime(traceSet: TraceSet): bigint {
  for (const item of readEventRecords(traceSet))
    if (isEventRecord(item) && item.timeNs !== undefined) return item.timeNs;
  return 0n;
}
