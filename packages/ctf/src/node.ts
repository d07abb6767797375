// SPDX-License-Identifier: MIT
// The door of `@lockstep/ctf/node`: traces in files.
export { countEventRecords, countEventRecordsParallel, type TraceCounts } from './node/count-records.ts';
export type { ParallelOptions } from './node/packet-ranges.ts';
export { readColumns, type ColumnOptions } from './node/read-columns.ts';
export { readColumnsParallel, type ParallelColumnOptions } from './node/read-columns-parallel.ts';
export { openTraceDirectory, type OpenOptions, type TraceSet } from './node/trace-set.ts';
export {
  readEventRecords,
  readMessages,
  readText,
  type ReadOptions,
  type ReadRange,
  type TextReadOptions,
} from './node/read-traces.ts';
export { followTraceDirectory, type FollowedDirectory } from './node/follow-directory.ts';
export type { FollowOptions } from './node/follow-pause.ts';
export { listLiveSessions, openLiveSession, type LiveOptions, type LiveSession } from './node/live-session.ts';
export { TraceWriter, type StreamOptions, type TraceWriterOptions } from './node/trace-writer.ts';
export { convertToCtf, type ConvertCtfOptions, type ConvertedCounts, type CtfVersion } from './node/convert-ctf.ts';
export { checkTraces, type CheckReport, type Problem } from './node/check-traces.ts';
export { measureTraces, type ClassMeasure, type DataStreamMeasure, type TraceMeasures } from './node/measure-traces.ts';
