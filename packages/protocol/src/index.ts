// SPDX-License-Identifier: MIT
export { MAX_CLASS_LINE_BYTES, type ClassLine } from './class-file.ts';
export {
  CONTROL_ABI_VERSION,
  CONTROL_GENERATION_WORD,
  CONTROL_HEADER_SIZE_BYTES,
  CONTROL_SIZE_BYTES,
  CONTROL_STATE_WORD,
  initializeControlPage,
  publishPlan,
  readControlPage,
  type ClockKind,
  type ControlIdentity,
  type ControlReading,
  type ControlState,
} from './control-page.ts';
export {
  CLASSES_FILE,
  CLOCK_PAGE_FILE,
  CONTROL_FILE,
  DOORBELL_DELIVERIES_WORD,
  DOORBELL_FILE,
  DOORBELL_SIZE_BYTES,
  DOORBELL_WAITERS_WORD,
  PACKETS_FILE_PATTERN,
  PROCESS_DIRECTORY_PATTERN,
  PROCESS_FILE,
  processDirectoryName,
  RING_FILE_PATTERN,
  SESSION_FILE,
  SESSION_VARIABLE,
  SHARED_FILE,
  SHARED_NEXT_BUFFER_NUMBER_WORD,
  SHARED_NEXT_CLASS_ID_WORD,
  SHARED_SIZE_BYTES,
  type ProcessDescription,
  type SessionDescription,
} from './session-directory.ts';
export type { ChannelPlan, TracingPlan, UserRulePlan } from './tracing-plan.ts';
