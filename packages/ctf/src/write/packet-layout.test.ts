// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignUp } from '@lockstep/base';
import type { FieldClass, StructureFieldClass } from '../model/field-class.ts';
import * as layout from './packet-layout.ts';
import { kernelPacketClasses, type PacketClasses, programPacketClasses } from './packet-classes.ts';

/** Byte offsets of the members of a structure of fixed size that begins at `start`. */
function offsets(
  fieldClass: StructureFieldClass,
  start: number,
): { readonly of: Readonly<Record<string, number>>; readonly end: number } {
  let at = start;
  const of: Record<string, number> = {};
  for (const { name, fieldClass: member } of fieldClass.memberClasses) {
    if (member.type === 'structure') {
      const inner = offsets(member, at);
      Object.assign(of, inner.of);
      at = inner.end;
      continue;
    }
    const { alignment, length } = sizeOf(member);
    at = alignUp(at, alignment / 8);
    of[name] = at;
    at += length / 8;
  }
  return { of, end: at };
}

function sizeOf(fieldClass: FieldClass): { readonly alignment: number; readonly length: number } {
  if (fieldClass.type === 'static-length-array') {
    const element = sizeOf(fieldClass.elementFieldClass);
    return { alignment: element.alignment, length: element.length * fieldClass.length };
  }
  assert.ok('alignment' in fieldClass);
  return fieldClass;
}

function check(classes: PacketClasses, firstEventRecord: number): Readonly<Record<string, number>> {
  const header = offsets(classes.packetHeader, 0);
  const context = offsets(classes.packetContext, header.end);
  assert.equal(alignUp(context.end, (classes.eventRecordHeader.minimumAlignment ?? 1) / 8), firstEventRecord);
  return { ...header.of, ...context.of };
}

test('the classes of packets describe the bytes that are written', () => {
  const expected = {
    magic: layout.PACKET_MAGIC_OFFSET,
    uuid: layout.PACKET_UUID_OFFSET,
    stream_id: layout.PACKET_STREAM_ID_OFFSET,
    stream_instance_id: layout.PACKET_STREAM_INSTANCE_ID_OFFSET,
    timestamp_begin: layout.PACKET_TIMESTAMP_BEGIN_OFFSET,
    timestamp_end: layout.PACKET_TIMESTAMP_END_OFFSET,
    content_size: layout.PACKET_CONTENT_SIZE_OFFSET,
    packet_size: layout.PACKET_PACKET_SIZE_OFFSET,
    packet_seq_num: layout.PACKET_SEQ_NUM_OFFSET,
    events_discarded: layout.PACKET_EVENTS_DISCARDED_OFFSET,
    cpu_id: layout.PACKET_CPU_ID_OFFSET,
  };
  assert.deepEqual(check(kernelPacketClasses('c'), layout.KERNEL_PACKET_HEADER_SIZE_BYTES), expected);
  assert.deepEqual(check(programPacketClasses('c'), layout.PROGRAM_PACKET_HEADER_SIZE_BYTES), {
    ...expected,
    vpid: layout.PACKET_VPID_OFFSET,
    vtid: layout.PACKET_VTID_OFFSET,
    tid: layout.PACKET_TID_OFFSET,
    full: layout.PACKET_DISCARDED_FULL_OFFSET,
    wrapped: layout.PACKET_DISCARDED_WRAPPED_OFFSET,
    too_big: layout.PACKET_DISCARDED_TOO_BIG_OFFSET,
  });
});

test('patches touch only their own words', () => {
  const bytes = new Uint8Array(200).fill(7);
  const uuid = new Uint8Array(16).fill(9);
  layout.encodePacketHeader(bytes, 8, {
    uuid,
    streamId: 1,
    streamInstanceId: 2n,
    timestampBegin: 3n,
    timestampEnd: 4n,
    contentSizeBytes: 5,
    packetSizeBytes: 6,
    sequenceNumber: 7n,
    discardedEventRecordCount: 8n,
    cpuId: 9,
    program: { vpid: 10, vtid: 11, tid: 0, discarded: { full: 1n, wrapped: 2n, tooBig: 5n } },
  });
  assert.deepEqual(layout.readDiscardedByCause(bytes.subarray(8)), { full: 1n, wrapped: 2n, tooBig: 5n });
  const before = bytes.slice();
  layout.patchPacketTid(bytes, 8, 0x01020304);
  layout.patchPacketTimestampEnd(bytes, 8, 0xffn);
  layout.patchPacketEventsDiscarded(bytes, 8, 0x10n);
  layout.patchPacketSizes(bytes, 8, 32, 64);
  layout.patchPacketIdentity(bytes, 8, uuid.fill(3), 77, 78n);
  const changed = [...bytes.keys()].filter((index) => bytes[index] !== before[index]).map((index) => index - 8);
  assert.deepEqual(changed, [
    ...Array.from({ length: 16 }, (_, index) => 4 + index),
    20,
    24,
    40,
    48,
    49,
    56,
    57,
    72,
    92,
    93,
    94,
    95,
  ]);
  assert.equal(bytes[7], 7);
  assert.equal(bytes[8 + layout.PROGRAM_PACKET_HEADER_SIZE_BYTES], 7);
});
