// SPDX-License-Identifier: MIT
// Fields of exits that are written again: where the packets of late stand, in the memory that is being filled
// or in the file, and what the fields of an exit are.

import { FIRST_MENDABLE, HISTORY_CAPACITY, NOT_MENDABLE, type ExitMender } from './entry-memory.ts';
import { writeArguments } from './syscall-copier.ts';
import type { SyscallConversion } from './syscall-event.ts';

/** A data stream whose packets can be changed. */
export interface PatchableStream {
  /** Byte of the file where the packet that is being filled will begin. */
  readonly packetStart: number;
  /** Changes bytes of the packet that begins there. */
  patch(packetStart: number, byte: number, bytes: Uint8Array): void;
}

/** As many as exits that are remembered, each of which may have a packet of its own. */
const PACKET_COUNT = 2 * HISTORY_CAPACITY;

export class ExitPatches implements ExitMender {
  /** Whose pages are being converted. */
  stream: PatchableStream | undefined;
  /** Counts up. */
  packet = 0;
  readonly #streams = new Array<PatchableStream | undefined>(PACKET_COUNT).fill(undefined);
  readonly #starts = new Float64Array(PACKET_COUNT);
  readonly #conversions: SyscallConversion[] = [];

  /** For `recall`: exits of the same conversion have the same. */
  kindOf(conversion: SyscallConversion): number {
    this.#conversions.push(conversion);
    return FIRST_MENDABLE + this.#conversions.length - 1;
  }

  /** What is converted next goes into a packet that may be another than before. */
  notePacket(): void {
    const { stream } = this;
    if (stream === undefined) return;
    const start = stream.packetStart;
    let at = (this.packet >>> 0) % PACKET_COUNT;
    if (this.#streams[at] === stream && this.#starts[at] === start) return;
    this.packet = (this.packet + 1) | 0;
    at = (this.packet >>> 0) % PACKET_COUNT;
    this.#streams[at] = stream;
    this.#starts[at] = start;
  }

  mend(kind: number, packet: number, byte: number, args: Int32Array, at: number): void {
    if (kind <= NOT_MENDABLE || ((this.packet - packet) | 0) >= PACKET_COUNT) return;
    const place = (packet >>> 0) % PACKET_COUNT;
    const stream = this.#streams[place];
    const conversion = this.#conversions[kind - FIRST_MENDABLE];
    if (stream === undefined || conversion === undefined) return;
    const bytes = new Uint8Array(args.buffer, args.byteOffset + at * 4, 48);
    const { skipped, written } = writeArguments(conversion, bytes);
    stream.patch(this.#starts[place] as number, byte + skipped, written);
  }
}
