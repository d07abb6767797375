// SPDX-License-Identifier: MIT
// What a session wants of a traced program: channels and the event rules attached to them. JSON in
// the control page.

export interface ChannelPlan {
  readonly name: string;
  /** CTF data stream class id; unique in the session. */
  readonly id: number;
  readonly mode: 'discard' | 'overwrite';
  /** Bytes, a power of two, at least 4096. */
  readonly subBufferSizeBytes: number;
  readonly subBufferCount: number;
  /**
   * Discard mode: how long a record may wait for a sub-buffer to be freed before it is discarded,
   * milliseconds. 'inf' only for programs that allow it (BLOCKING_VARIABLE). Without it: not at all.
   */
  readonly blockingTimeoutMs?: number | 'inf';
}

/** Environment variable by which a program allows a session to hold it up for ever: '1'. */
export const BLOCKING_VARIABLE = 'LOCKSTEP_ALLOW_BLOCKING';

export interface UserRulePlan {
  /** LTTng glob over the tracepoint's full name, `shop:*`. */
  readonly pattern: string;
  readonly exclusions?: readonly string[];
  /** LTTng log level numbers: 0 emergency … 14 debug. `atLeast: 6` = info and more severe; `only`. */
  readonly logLevel?: { readonly atLeast: number } | { readonly only: number };
  /** LTTng filter expression over the payload and contexts. */
  readonly filter?: string;
  /** `ChannelPlan.name`. */
  readonly channel: string;
}

export interface TracingPlan {
  readonly channels: readonly ChannelPlan[];
  readonly rules: readonly UserRulePlan[];
  /** V8 CPU samples as `node:cpu_sample`; interval in microseconds, 0 = off. */
  readonly samplerIntervalUs: number;
  /** Tracepoint of node: instrumentation wanted at all (false: the preload patches nothing). */
  readonly instrumentNode: boolean;
}
