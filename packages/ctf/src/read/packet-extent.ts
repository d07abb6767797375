// SPDX-License-Identifier: MIT
// How long a packet is, from its first bytes: what has to be fetched before it can be read.

import { CtfError } from '@lockstep/base';
import type { TraceClass } from '../model/trace-class.ts';
import { memoryMedium } from './medium.ts';
import { PacketReader } from './packet-reader.ts';
import { traceDecoderOf } from './trace-decoder.ts';

export interface PacketExtent {
  readonly sizeBytes: number;
  readonly dataStreamClassId: bigint;
  readonly dataStreamId: bigint | undefined;
}

/**
 * Undefined when more bytes are needed to tell; `remaining` is how many there are in all. Throws a
 * `CtfError` when no more are there and it is no packet.
 */
export function packetExtent(
  bytes: Uint8Array,
  remaining: number,
  traceClass: TraceClass,
  streamName: string,
): PacketExtent | undefined {
  const decoder = traceDecoderOf(traceClass, 'generated');
  const reader = new PacketReader({ decoder, medium: memoryMedium(bytes), streamName });
  try {
    if (!reader.nextHeader()) return undefined;
  } catch (error) {
    if (error instanceof CtfError && bytes.length < remaining) return undefined;
    throw error;
  }
  const { state } = reader;
  const total = state.packetTotalLength ?? state.packetContentLength;
  const sizeBytes = total === undefined ? remaining : Math.ceil(Number(total) / 8);
  if (sizeBytes <= 0) throw state.error('A packet has no bytes.', 0);
  return {
    sizeBytes,
    dataStreamClassId: reader.decoder!.dataStreamClass.id,
    dataStreamId: state.dataStreamId === undefined ? undefined : BigInt(state.dataStreamId),
  };
}
