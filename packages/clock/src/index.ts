// SPDX-License-Identifier: MIT
// Trace clocks: which one a recording uses, its readings, and its CTF clock class.
export { chooseClock, explainNoSynthetic, explainNoTsc, openClock } from './choose.ts';
export { CLOCK_HISTORY_FILE, ClockHistory, ClockHistoryWriter, CpuTimeline } from './clock-history.ts';
export { ClockKeeper, type CounterSource, type KeeperOptions } from './clock-keeper.ts';
export {
  ClockPageReader,
  clockPageSize,
  ClockPageWriter,
  type ClockPageOrigin,
  type ClockSegment,
} from './clock-page.ts';
export { readMachine, type ClockNative, type Machine } from './machine.ts';
export { SyntheticClock, type Keeper } from './synthetic-clock.ts';
export { CLOCK_KINDS, type ClockDescription, type ClockKind, type TraceClock } from './trace-clock.ts';
export { makeUserClock, type UserClockOptions } from './user-clock.ts';
