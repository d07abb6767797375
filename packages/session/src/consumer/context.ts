// SPDX-License-Identifier: MIT
// What all programs of one consumer share: where the trace goes, the session's channels and clock,
// and the one failure that ends writing for all of them.

import type { SystemError } from '@lockstep/base';
import type { ClockClass } from '@lockstep/ctf/write';
import type { Native } from '@lockstep/native';
import type { ChannelPlan } from '@lockstep/protocol';

export interface ConsumerContextOptions {
  readonly sessionDirectory: string;
  readonly sessionName: string;
  readonly traceDirectory: string;
  readonly clockClass: ClockClass;
  readonly channels: readonly ChannelPlan[];
  /** Flight recorder: nothing is moved before the end, then what the buffers hold. */
  readonly isSnapshot: boolean;
  /** The buffers stay where they are after they were read: a copy is made of a session whose trace is elsewhere. */
  readonly isKeepingBuffers: boolean;
  readonly native: Native | undefined;
  /** Which of the programs are this consumer's, where several threads share them; default all. */
  readonly part?: ConsumerPart | undefined;
}

/** Programs are shared by their pid (`bellOf`). */
export interface ConsumerPart {
  readonly index: number;
  readonly count: number;
}

export class ConsumerContext implements ConsumerContextOptions {
  readonly sessionDirectory: string;
  readonly sessionName: string;
  readonly traceDirectory: string;
  readonly clockClass: ClockClass;
  readonly channels: readonly ChannelPlan[];
  readonly isSnapshot: boolean;
  readonly isKeepingBuffers: boolean;
  readonly native: Native | undefined;
  readonly part: ConsumerPart | undefined;
  /** The sentence of the first failure to write; nothing is written after it. */
  outputError: string | undefined;
  unwrittenRecordCount = 0;

  constructor(options: ConsumerContextOptions) {
    this.sessionDirectory = options.sessionDirectory;
    this.sessionName = options.sessionName;
    this.traceDirectory = options.traceDirectory;
    this.clockClass = options.clockClass;
    this.channels = options.channels;
    this.isSnapshot = options.isSnapshot;
    this.isKeepingBuffers = options.isKeepingBuffers;
    this.native = options.native;
    this.part = options.part;
  }

  fail(error: SystemError): void {
    this.outputError ??= error.message;
  }
}
