// SPDX-License-Identifier: MIT
// What a recording asks of traced programs: rules of the command line -> TracingPlan.

import { InputError } from '@lockstep/base';
import type { ChannelPlan, TracingPlan, UserRulePlan } from '@lockstep/protocol';

export const DEFAULT_CHANNEL = 'channel0';
/**
 * Each thread has a buffer of (8 + 1) x 256 KiB. A consumer that the scheduler holds off for 20 ms
 * then loses nothing below some 50 million small records a second.
 */
const SUB_BUFFER_SIZE_BYTES = 256 * 1024;
const SUB_BUFFER_COUNT = 8;
/**
 * 500 Hz: a stall of 20 ms has ten samples. V8's samples cost by their number (tracer's http.bench): at
 * 1 kHz a service pays about twice as much for them.
 */
const SAMPLER_INTERVAL_US = 2000;
const NODE_PROVIDER = 'node:';

export type UserRule = Omit<UserRulePlan, 'channel'>;

export interface PlanOptions {
  /** Empty: everything that the program can tell. */
  readonly userRules: readonly UserRule[];
  readonly isSamplerWanted: boolean;
  /** Flight recorder: the newest records win. */
  readonly isSnapshot: boolean;
  /** How long a record may wait for room; `ChannelPlan.blockingTimeoutMs`. */
  readonly blockingTimeoutMs?: number | 'inf' | undefined;
}

/** Throws InputError for a time-out that cannot be. */
export function makeTracingPlan(options: PlanOptions): TracingPlan {
  if (options.isSnapshot && options.blockingTimeoutMs !== undefined) {
    throw new InputError(
      'A flight recorder (--snapshot) always has room for the newest record, so there is nothing to wait for; leave out --blocking-timeout',
    );
  }
  const channel: ChannelPlan = {
    name: DEFAULT_CHANNEL,
    id: 0,
    mode: options.isSnapshot ? 'overwrite' : 'discard',
    subBufferSizeBytes: SUB_BUFFER_SIZE_BYTES,
    subBufferCount: SUB_BUFFER_COUNT,
    ...(options.blockingTimeoutMs === undefined ? {} : { blockingTimeoutMs: options.blockingTimeoutMs }),
  };
  const rules = options.userRules.length === 0 ? [{ pattern: '*' }] : options.userRules;
  const instrumentNode = rules.some((rule) => canMatchPrefix(rule.pattern, NODE_PROVIDER));
  const isSampling =
    options.isSamplerWanted && rules.some((rule) => canMatchPrefix(rule.pattern, `${NODE_PROVIDER}cpu_sample`));
  return {
    channels: [channel],
    rules: rules.map((rule) => ({ ...rule, channel: channel.name })),
    samplerIntervalUs: isSampling ? SAMPLER_INTERVAL_US : 0,
    instrumentNode,
  };
}

/** Whether a glob can match anything that begins with `prefix`. */
function canMatchPrefix(pattern: string, prefix: string): boolean {
  const star = pattern.indexOf('*');
  const literal = star < 0 ? pattern : pattern.slice(0, star);
  return literal.startsWith(prefix) || (star >= 0 && prefix.startsWith(literal));
}
