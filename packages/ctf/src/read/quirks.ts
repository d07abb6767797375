// SPDX-License-Identifier: MIT
// What known tracers wrote wrongly: a trace's environment in, what not to believe out. babeltrace2 mends
// the same (its `src.ctf.fs`).
//
// - LTTng-UST before 2.11 and LTTng-modules before 2.9.13, 2.10.10 and 2.11: the end of a packet was read
//   before its last records were, so records may lie after it.
// - lttng-crash: the last packet of a buffer that was recovered has the end 0.
// - barectf before 2.3.1: a packet may begin after its first record.
// The second needs no name: an end before the begin is never believed.

import type { TraceClass } from '../model/trace-class.ts';

export interface Quirks {
  /** Records may lie after the end of their packet. */
  readonly hasRecordsAfterPacket: boolean;
  /** Records may lie before the begin of their packet. */
  readonly hasRecordsBeforePacket: boolean;
}

export function quirksOf(traceClass: TraceClass): Quirks {
  const { environment } = traceClass;
  const name = environment.get('tracer_name');
  const number = (key: string): number => {
    const value = environment.get(key);
    return typeof value === 'bigint' ? Number(value) : 0;
  };
  const version: Version = [
    number('tracer_major'),
    number('tracer_minor'),
    number('tracer_patchlevel') || number('tracer_patch'),
  ];
  return {
    hasRecordsAfterPacket:
      (name === 'lttng-ust' && isBefore(version, [2, 11, 0])) ||
      (name === 'lttng-modules' && isAffectedModules(version)),
    hasRecordsBeforePacket: name === 'barectf' && isBefore(version, [2, 3, 1]),
  };
}

type Version = readonly [major: number, minor: number, patch: number];

function isAffectedModules(version: Version): boolean {
  const [major, minor] = version;
  if (major === 2 && minor === 10) return isBefore(version, [2, 10, 10]);
  if (major === 2 && minor === 9) return isBefore(version, [2, 9, 13]);
  return isBefore(version, [2, 11, 0]);
}

function isBefore(a: Version, b: Version): boolean {
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}
