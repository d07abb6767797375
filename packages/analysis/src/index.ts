// SPDX-License-Identifier: MIT
// Analyses over merged event records. First door: why a program's event loop stalled.

export { analyzeStalls, DEFAULT_THRESHOLD_MS, type StallOptions } from './stalls/analyze-stalls.ts';
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
export { formatStallsText, type FormatOptions } from './format/format-stalls-text.ts';
export { formatStallsMarkdown } from './format/format-stalls-markdown.ts';
export { formatStallsJson } from './format/stalls-json.ts';
