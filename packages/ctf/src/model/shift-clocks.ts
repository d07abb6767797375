// SPDX-License-Identifier: MIT
// A trace class whose clocks are set forward or back, as `babeltrace2 --clock-offset` does.

import type { ClockClass, DataStreamClass, TraceClass } from './trace-class.ts';

const SECOND_NS = 1_000_000_000n;

export function shiftClocks(traceClass: TraceClass, offsetNs: bigint): TraceClass {
  if (offsetNs === 0n) return traceClass;
  const shifted = new Map<ClockClass, ClockClass>(
    traceClass.clockClasses.map((clock) => [clock, shiftClock(clock, offsetNs)]),
  );
  const dataStreamClasses = new Map(
    [...traceClass.dataStreamClasses].map(([id, dsc]): [bigint, DataStreamClass] => {
      if (dsc.defaultClock === undefined) return [id, dsc];
      return [id, { ...dsc, defaultClock: shifted.get(dsc.defaultClock) ?? shiftClock(dsc.defaultClock, offsetNs) }];
    }),
  );
  return { ...traceClass, clockClasses: [...shifted.values()], dataStreamClasses };
}

function shiftClock(clock: ClockClass, offsetNs: bigint): ClockClass {
  const { frequency } = clock;
  const seconds = offsetNs / SECOND_NS;
  const cycles = clock.offsetCycles + ((offsetNs % SECOND_NS) * frequency) / SECOND_NS;
  const carry = cycles < 0n ? -1n : cycles / frequency;
  return {
    ...clock,
    offsetSeconds: clock.offsetSeconds + seconds + carry,
    offsetCycles: cycles - carry * frequency,
  };
}
