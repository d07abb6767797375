// SPDX-License-Identifier: MIT
export { sumReport, type ConsumerReport, type ProgramReport, type ReportSums } from './consumer/report.ts';
export { finishTrace, type FinishOptions } from './finish-trace.ts';
export { readAlong } from './live-readers.ts';
export { findOwner, type Owner } from './owner.ts';
export { ProgramError } from './program-launch.ts';
export { record, STATUS_LOCKSTEP_FAILED } from './record.ts';
export type { KernelSummary, RecordOptions, RecordProgress, RecordResult, RecordSummary } from './record-types.ts';
export {
  findLeftovers,
  recoverLeftovers,
  recoverSession,
  type Leftover,
  type RecoverOptions,
  type RecoverResult,
} from './recover.ts';
export { sessionBaseDirectory } from './session-directory.ts';
export { findLastTrace, findRecorder } from './trace-directory.ts';
