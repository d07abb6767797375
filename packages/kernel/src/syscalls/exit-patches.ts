// SPDX-License-Identifier: MIT
// Fields of exits that are written again: where each exit of the log stands, in the packet that is being
// filled or in the file, and what its fields are.

import type { ExitMender } from './call-history.ts';
import { writeArguments } from './syscall-copier.ts';
import type { SyscallConversion } from './syscall-event.ts';

/** A data stream whose packets can be changed. */
export interface PatchableStream {
  /** Byte of the file where the packet that is being filled will begin. */
  readonly packetStart: number;
  /** Changes bytes of the packet that begins there. */
  patch(packetStart: number, byte: number, bytes: Uint8Array): void;
}

interface Place {
  readonly stream: PatchableStream;
  readonly packetStart: number;
  /** Of the payload, in the packet. */
  readonly byte: number;
  readonly conversion: SyscallConversion;
}

export class ExitPatches implements ExitMender {
  /** Whose pages are being converted. */
  stream: PatchableStream | undefined;
  readonly #places: (Place | undefined)[] = [];
  #byte = 0;
  #conversion: SyscallConversion | undefined;

  /** The exit that is written next; without a conversion its fields are not of one size and stay as they are. */
  begin(byte: number, conversion: SyscallConversion | undefined): void {
    this.#byte = byte;
    this.#conversion = conversion;
  }

  place(slot: number): void {
    const { stream } = this;
    this.#places[slot] =
      stream === undefined || this.#conversion === undefined
        ? undefined
        : { stream, packetStart: stream.packetStart, byte: this.#byte, conversion: this.#conversion };
  }

  mend(slot: number, args: Int32Array, at: number): void {
    const place = this.#places[slot];
    if (place === undefined) return;
    const bytes = new Uint8Array(args.buffer, args.byteOffset + at * 4, 48);
    const { skipped, written } = writeArguments(place.conversion, bytes);
    place.stream.patch(place.packetStart, place.byte + skipped, written);
  }
}
