// SPDX-License-Identifier: MIT
// Analyses over merged event records: the model, pass by pass, and the explanations that stand on it.

export { AnalysisPass } from './pass/analysis-pass.ts';
export {
  isKernelStream,
  type Handler,
  type HandlerContext,
  type HandlerType,
  type RecordHandler,
} from './pass/handler.ts';
export type { TraceTime } from './pass/trace-time.ts';
export { HOST, type Host, type KernelCoverage } from './kernel/host.ts';
export type { Cpu, KernelThread } from './kernel/kernel-thread.ts';
export { INTERRUPTS, type InterruptListener, type Interrupts } from './kernel/interrupts.ts';
export { SCHEDULER, type Scheduler, type SwitchListener, type WakeListener } from './kernel/scheduler.ts';
export { SYSTEM_CALLS, type SystemCall, type SystemCallListener, type SystemCalls } from './kernel/system-calls.ts';
export { PROCESSES, type Processes } from './kernel/processes.ts';
export { FILES, type Files, type OpenFile } from './kernel/files.ts';
export { DISKS, type Disk, type DiskListener, type DiskRequest, type Disks } from './kernel/disks.ts';
export { SOCKETS, type Sockets } from './kernel/sockets.ts';
export { MEMORY, type Memory, type PageCounts } from './kernel/memory.ts';
export { PROGRAMS, type ProgramModel } from './program/program-model.ts';
export type { AsyncOperation, Program, ProgramThread, ServerRequest } from './program/program-thread.ts';
export { analyzeStalls, stallsHandler, DEFAULT_THRESHOLD_MS, type StallOptions } from './stalls/analyze-stalls.ts';
export type {
  BlockedPart,
  CauseSummary,
  Doubt,
  FunctionName,
  GarbageCollectionPart,
  InterruptPart,
  JavaScriptPart,
  LoopStatistics,
  NativePart,
  OperationName,
  ProgramName,
  ResolvePosition,
  RunnablePart,
  SourcePosition,
  Stall,
  StallCause,
  StallPart,
  StallReport,
  SystemCallPart,
  ThreadName,
  UnknownPart,
} from './stalls/stall-report.ts';
export {
  formatFollowedStall,
  formatStallsText,
  type FormatOptions,
  type TraceClockBase,
} from './format/format-stalls-text.ts';
export { formatStallsMarkdown } from './format/format-stalls-markdown.ts';
export { formatStallJson, formatStallsJson } from './format/stalls-json.ts';
export { analyzeRequests, DEFAULT_SLOW_MS, requestsHandler, type RequestOptions } from './requests/analyze-requests.ts';
export type {
  CategoryTimes,
  RequestCategory,
  RequestCause,
  RequestExplanation,
  RequestReport,
  RouteSummary,
} from './requests/request-report.ts';
export {
  formatFollowedRequest,
  formatRequestJson,
  formatRequestsJson,
  formatRequestsSummary,
  formatRequestsMarkdown,
  formatRequestsText,
  type RequestFormatOptions,
} from './format/format-requests.ts';
export { analyzeTables, TABLE_FAMILIES, type TableFamily, type TablesReport } from './tables/analyze-tables.ts';
export type { TableOptions } from './tables/family.ts';
export type { Cell, Column, ColumnKind, Table } from './tables/table.ts';
export {
  formatTablesCsv,
  formatTablesJson,
  formatTablesMarkdown,
  formatTablesText,
  type TableFormat,
} from './format/format-tables.ts';
export { analyzeProfile, type ProfileOptions } from './profile/analyze-profile.ts';
export { profileTables } from './profile/profile-tables.ts';
export type { ProfileFrame, ProfileKind, ProfileReport, ProfileStack, ThreadProfile } from './profile/profile.ts';
export { formatCollapsedStacks, formatPprof, formatSpeedscope } from './format/format-profiles.ts';
export { criticalPath, type PathSegment } from './path/critical-path.ts';
export { explainMoment, followThread, type Stretch } from './path/follow-thread.ts';
export type { PathCause, PathReport, PathStep } from './path/path-report.ts';
export { formatPathJson, formatPathMarkdown, formatPathText, type PathFormatOptions } from './format/format-path.ts';
