// SPDX-License-Identifier: MIT
// A medium that is filled packet by packet by who gets them from elsewhere (a relay, a Blob, a server),
// for the readers that want their bytes at once. Packets that were read are forgotten.

import type { Medium } from './medium.ts';

export class PacketFeed implements Medium {
  /** Bytes that came so far; those of packets that were read are gone. */
  sizeBytes = 0;
  #begin = 0;
  #packets: Uint8Array[] = [];

  /** Adds one whole packet. The bytes are kept, not copied, until the next but one packet was added. */
  append(packet: Uint8Array): void {
    while (this.#packets.length > 1) this.#begin += this.#packets.shift()!.length;
    this.#packets.push(packet);
    this.sizeBytes += packet.length;
  }

  /** A packet never crosses from one to the next. */
  endOfPart(offset: number): number {
    let end = this.#begin;
    for (const packet of this.#packets) {
      end += packet.length;
      if (offset < end) return end;
    }
    return this.sizeBytes;
  }

  read(offset: number, target: Uint8Array): number {
    let begin = this.#begin;
    for (const packet of this.#packets) {
      if (offset >= begin && offset < begin + packet.length) {
        const part = packet.subarray(offset - begin, offset - begin + target.length);
        target.set(part);
        return part.length;
      }
      begin += packet.length;
    }
    return 0;
  }
}
