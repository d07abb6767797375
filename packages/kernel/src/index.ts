// SPDX-License-Identifier: MIT
// The Linux kernel through tracefs: what can be recorded, a recording of it, and its recovery.
export { DEFAULT_PROCESS_RULES, DEFAULT_SYSTEM_RULES } from './default-rules.ts';
export { DEFAULT_BUFFER_SIZE_KB, startKernelRecording } from './kernel-recording.ts';
export type {
  KernelChannelOptions,
  KernelClock,
  KernelRecording,
  KernelRecordingOptions,
  KernelRecordingStatus,
  KernelRecordingSummary,
} from './kernel-recording-types.ts';
export { listAvailableEvents, matchKernelRules, type AvailableEvent, type MatchedEvent } from './kernel-rules.ts';
export { examineKernel, type KernelFeature } from './examine/examine-kernel.ts';
export { probeKernel, type KernelCapabilities, type KernelCapability } from './probe-kernel.ts';
export { recoverKernelSpool, type SpoolRecovery } from './recover-spool.ts';
export { findTracefs } from './tracefs.ts';
export { removeAbandonedInstances } from './tracefs-instance.ts';
