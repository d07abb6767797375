// SPDX-License-Identifier: MIT
// How a program sees its session: the control page that tells what is wanted, and the doorbell. Found
// by LOCKSTEP_SESSION; nothing is created by looking.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadNative, type Native } from '@lockstep/native';
import {
  bellOf,
  bellWord,
  CONTROL_CONSUMER_COUNT_WORD,
  CONTROL_FILE,
  CONTROL_SIZE_BYTES,
  CONTROL_STATE_ENDED,
  CONTROL_STATE_WORD,
  DOORBELL_FILE,
  readControlPage,
  type ClockKind,
  type ControlReading,
} from '@lockstep/protocol';
import { openControlCopy } from './control-copy.ts';

export interface SessionLink {
  readonly directory: string;
  /** Undefined: the fallback without shared mappings. */
  readonly native: Native | undefined;
  /** Words of the control page, or of a copy that follows it. */
  readonly control: Int32Array;
  readonly clockKind: ClockKind;
  readonly frequency: bigint;
  read(): ControlReading;
  /** Nobody will free a sub-buffer any more: it was ended, or its owner was killed. */
  isOver(): boolean;
  /** Tells the consumer that a sub-buffer was delivered. */
  ringDoorbell(): void;
}

/** Undefined when the directory holds no session of this version. */
export function tryOpenSession(directory: string): SessionLink | undefined {
  const native = loadNative();
  try {
    const memory =
      native === undefined
        ? openControlCopy(join(directory, CONTROL_FILE))
        : native.mapFile(join(directory, CONTROL_FILE), { access: 'read' }).buffer;
    const reading = readControlPage(memory);
    const control = new Int32Array(memory, 0, CONTROL_SIZE_BYTES / 4);
    const ownerPath = `/proc/${reading.ownerPid}`;
    // In a container the owner has another number, or none.
    const isOwnerVisible = existsSync(ownerPath);
    return {
      directory,
      native,
      control,
      isOver: () =>
        Atomics.load(control, CONTROL_STATE_WORD) === CONTROL_STATE_ENDED || (isOwnerVisible && !existsSync(ownerPath)),
      clockKind: reading.clockKind,
      frequency: reading.frequency,
      read: () => readControlPage(memory),
      ringDoorbell:
        native === undefined
          ? () => {}
          : openDoorbell(directory, native, bellOf(process.pid, control[CONTROL_CONSUMER_COUNT_WORD] ?? 1)),
    };
  } catch {
    return undefined;
  }
}

function openDoorbell(directory: string, native: Native, bell: number): () => void {
  const word = bellWord(bell);
  let memory: ArrayBuffer;
  try {
    memory = native.mapFile(join(directory, DOORBELL_FILE), { access: 'read-write' }).buffer;
  } catch {
    // The consumer finds deliveries by looking now and then.
    return () => {};
  }
  const words = new Int32Array(memory);
  return () => {
    Atomics.add(words, word, 1);
    if (Atomics.load(words, word + 1) !== 0) native.futexWake(memory, word * 4, 1);
  };
}
