// SPDX-License-Identifier: MIT
// Where to begin in a data stream: an index of its packets in, the packet before the first wanted one
// out. An index is a claim of another file, so it is believed only if its packets cover the stream
// without a gap; a reader that has none walks the packets' headers instead, which finds the same.

import type { IndexEntry } from '../write/data-stream-index.ts';

export interface PacketPlace {
  readonly index: number;
  readonly offset: number;
}

/** Whether the entries say sizes that fill `sizeBytes` from the first byte to the last. */
export function coversStream(entries: readonly IndexEntry[], sizeBytes: number): boolean {
  let next = 0n;
  for (const entry of entries) {
    if (entry.offsetBytes !== next || entry.packetSizeBits <= 0n || entry.packetSizeBits % 8n !== 0n) return false;
    if (entry.contentSizeBits > entry.packetSizeBits || entry.timestampEnd < entry.timestampBegin) return false;
    next += entry.packetSizeBits / 8n;
  }
  return next === BigInt(sizeBytes);
}

/**
 * The packet before the first that ends at or after what is wanted: losses are told between packets,
 * so its counters are needed, though not its records.
 */
export function placeBefore(
  entries: readonly IndexEntry[],
  isTooEarly: (timestampEnd: bigint) => boolean,
): PacketPlace {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isTooEarly(entries[middle]!.timestampEnd)) low = middle + 1;
    else high = middle;
  }
  const index = Math.max(0, low - 1);
  return { index, offset: Number(entries[index]?.offsetBytes ?? 0n) };
}
