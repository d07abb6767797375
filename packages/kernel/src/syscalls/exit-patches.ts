// SPDX-License-Identifier: MIT
// Fields of exits that are written again: where each exit of the log stands, in the packet that is being
// filled or in the file, and what its fields are.

import { HISTORY_CAPACITY, type ExitMender } from './call-history.ts';
import { writeArguments } from './syscall-copier.ts';
import type { SyscallConversion } from './syscall-event.ts';

/** A data stream whose packets can be changed. */
export interface PatchableStream {
  /** Byte of the file where the packet that is being filled will begin. */
  readonly packetStart: number;
  /** Changes bytes of the packet that begins there. */
  patch(packetStart: number, byte: number, bytes: Uint8Array): void;
}

export class ExitPatches implements ExitMender {
  /** Whose pages are being converted. */
  stream: PatchableStream | undefined;
  // Of each exit of the history; in arrays, since one is made for every exit.
  readonly #streams = new Array<PatchableStream | undefined>(HISTORY_CAPACITY).fill(undefined);
  readonly #conversions = new Array<SyscallConversion | undefined>(HISTORY_CAPACITY).fill(undefined);
  readonly #packetStarts = new Float64Array(HISTORY_CAPACITY);
  /** Of the payload, in the packet. */
  readonly #bytes = new Int32Array(HISTORY_CAPACITY);
  #byte = 0;
  #conversion: SyscallConversion | undefined;

  /** The exit that is written next; without a conversion its fields are not of one size and stay as they are. */
  begin(byte: number, conversion: SyscallConversion | undefined): void {
    this.#byte = byte;
    this.#conversion = conversion;
  }

  place(slot: number): void {
    const { stream } = this;
    this.#streams[slot] = stream;
    this.#conversions[slot] = this.#conversion;
    this.#packetStarts[slot] = stream === undefined ? 0 : stream.packetStart;
    this.#bytes[slot] = this.#byte;
  }

  mend(slot: number, args: Int32Array, at: number): void {
    const stream = this.#streams[slot];
    const conversion = this.#conversions[slot];
    if (stream === undefined || conversion === undefined) return;
    const bytes = new Uint8Array(args.buffer, args.byteOffset + at * 4, 48);
    const { skipped, written } = writeArguments(conversion, bytes);
    stream.patch(this.#packetStarts[slot] as number, (this.#bytes[slot] as number) + skipped, written);
  }
}
