// SPDX-License-Identifier: MIT
// The door of `@lockstep/ctf/node`: traces in files.
export { openTraceDirectory, type TraceSet } from './node/trace-set.ts';
export { countEventRecords, readEventRecords, type ReadOptions, type TraceCounts } from './node/read-traces.ts';
