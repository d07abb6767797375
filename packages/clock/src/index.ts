// SPDX-License-Identifier: MIT
// Trace clocks: which one a recording uses, its readings, and its CTF clock class.
export { chooseClock, explainNoTsc, openClock } from './choose.ts';
export { readMachine, type ClockNative, type Machine } from './machine.ts';
export type { ClockDescription, ClockKind, TraceClock } from './trace-clock.ts';
