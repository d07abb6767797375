// SPDX-License-Identifier: MIT
// A program's trace for tests: a trace class with every field class that a tracepoint can have, and
// bytes of packets with records of it.

import { encodeUtf8 } from '@lockstep/base';
import type { ClockClass, DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import type { StructureFieldClass } from '../model/field-class.ts';
import {
  boolean8,
  encodePacketHeader,
  floatingPoint,
  KERNEL_PACKET_HEADER_SIZE_BYTES,
  nullTerminatedString,
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
  programPacketClasses,
  kernelPacketClasses,
  sequenceMembers,
  signedInteger,
  staticLengthArray,
  staticLengthString,
  structure,
  unsignedInteger,
  uuidToBytes,
} from '../write.ts';

export const SAMPLE_CLOCK: ClockClass = {
  name: 'lockstep',
  uuid: '8a3f2f6e-12d9-4dcb-a8aa-0f2a1fd4ef11',
  description: 'Time stamp counter',
  frequency: 2_000_000_000n,
  precision: 100n,
  offsetSeconds: 1_700_000_000n,
  offsetCycles: 5n,
  absolute: true,
};

export const SAMPLE_UUID = '2a6422d0-6cee-11e0-8c08-cb07d7b3a564';

export function eventRecordClass(
  id: number,
  name: string,
  payload?: StructureFieldClass,
  logLevel?: number,
): EventRecordClass {
  return {
    id: BigInt(id),
    name,
    ...(payload === undefined ? {} : { payload }),
    ...(logLevel === undefined ? {} : { logLevel }),
  };
}

/** A trace class of one data stream class with id 0. */
export function sampleTraceClass(
  kind: 'program' | 'kernel',
  events: readonly EventRecordClass[],
  clock: ClockClass = SAMPLE_CLOCK,
): TraceClass {
  const classes = kind === 'program' ? programPacketClasses(clock.name) : kernelPacketClasses(clock.name);
  const dataStreamClass: DataStreamClass = {
    id: 0n,
    packetContext: classes.packetContext,
    eventRecordHeader: classes.eventRecordHeader,
    ...(classes.commonContext === undefined ? {} : { commonContext: classes.commonContext }),
    defaultClock: clock,
    eventRecordClasses: new Map(events.map((event) => [event.id, event])),
  };
  return {
    uuid: SAMPLE_UUID,
    byteOrder: 'little-endian',
    environment: new Map<string, string | bigint>([
      ['hostname', 'box'],
      ['domain', 'ust'],
      ['note', 'sam"ple\\\n\u0001é'],
      ['lowest', -5n],
    ]),
    packetHeader: classes.packetHeader,
    clockClasses: [clock],
    dataStreamClasses: new Map([[0n, dataStreamClass]]),
  };
}

/** A payload with a field of every kind. */
export function everyKindOfField(): StructureFieldClass {
  return structure([
    { name: 'int', fieldClass: signedInteger(32) },
    { name: 'flag', fieldClass: boolean8() },
    { name: 'address', fieldClass: unsignedInteger(64, { displayBase: 16 }) },
    { name: 'total', fieldClass: floatingPoint(64) },
    { name: 'sku', fieldClass: nullTerminatedString() },
    {
      name: 'color',
      fieldClass: unsignedInteger(8, {
        mappings: {
          red: [[0, 0]],
          'dark blue': [
            [1, 3],
            [9, 9],
          ],
        },
      }),
    },
    ...sequenceMembers('sizes', unsignedInteger(16)),
    { name: '_hidden', fieldClass: staticLengthArray(signedInteger(8), 2) },
    { name: 'comm', fieldClass: staticLengthString(8) },
    { name: 'point', fieldClass: structure({ x: signedInteger(16), y: signedInteger(16) }) },
  ]);
}

/** Appends little-endian fields at natural alignment. */
export class FieldWriter {
  readonly bytes = new Uint8Array(4096);
  readonly #view = new DataView(this.bytes.buffer);
  offset: number;

  constructor(offset: number) {
    this.offset = offset;
  }

  integer(length: 8 | 16 | 32 | 64, value: number | bigint): this {
    const at = this.align(length / 8);
    this.#view.setBigUint64(at, BigInt.asUintN(length, BigInt(value)), true);
    this.offset = at + length / 8;
    return this;
  }

  float64(value: number): this {
    const at = this.align(8);
    this.#view.setFloat64(at, value, true);
    this.offset = at + 8;
    return this;
  }

  string(text: string): this {
    const encoded = encodeUtf8(text);
    this.bytes.set(encoded, this.offset);
    this.offset += encoded.length + 1;
    return this;
  }

  align(alignmentBytes: number): number {
    this.offset = Math.ceil(this.offset / alignmentBytes) * alignmentBytes;
    return this.offset;
  }
}

/** A packet of `kind` around the records that `write` appends; `times` are cycles. */
export function samplePacket(
  kind: 'program' | 'kernel',
  times: readonly [begin: bigint, end: bigint],
  write: (writer: FieldWriter) => void,
  sequenceNumber = 0n,
): Uint8Array {
  const packetSizeBytes = 4096;
  const writer = new FieldWriter(
    kind === 'program' ? PROGRAM_PACKET_HEADER_SIZE_BYTES : KERNEL_PACKET_HEADER_SIZE_BYTES,
  );
  write(writer);
  const contentSizeBytes = writer.offset;
  encodePacketHeader(writer.bytes, 0, {
    uuid: uuidToBytes(SAMPLE_UUID),
    streamId: 0,
    streamInstanceId: 3n,
    timestampBegin: times[0],
    timestampEnd: times[1],
    contentSizeBytes,
    packetSizeBytes,
    sequenceNumber,
    discardedEventRecordCount: 0n,
    cpuId: 1,
    ...(kind === 'program'
      ? { program: { vpid: 77, vtid: 78, tid: 9078, discarded: { full: 0n, wrapped: 0n, tooBig: 0n } } }
      : {}),
  });
  // What lies behind the content is padding and may be anything.
  writer.bytes.fill(0xa5, contentSizeBytes);
  return writer.bytes;
}
