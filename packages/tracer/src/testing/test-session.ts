// SPDX-License-Identifier: MIT
// A session for tests and benches: its directory with control page and doorbell, the plan changed at
// will, and what its programs recorded read from their ring buffers.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadNative, type Mapping } from '@lockstep/native';
import {
  CONTROL_FILE,
  CONTROL_SIZE_BYTES,
  DOORBELL_FILE,
  DOORBELL_SIZE_BYTES,
  initializeControlPage,
  PROCESS_DIRECTORY_PATTERN,
  publishPlan,
  RING_FILE_PATTERN,
  type ChannelPlan,
  type ClassLine,
  type ClockKind,
  type TracingPlan,
  type UserRulePlan,
} from '@lockstep/protocol';
import { openRingReader, type RingReader } from '@lockstep/ring-buffer';
import { PACKET_HEADER_BYTES } from '../packet-client.ts';

export const CHANNEL: ChannelPlan = {
  name: 'channel0',
  id: 0,
  mode: 'discard',
  subBufferSizeBytes: 65_536,
  subBufferCount: 8,
};

export function planOf(
  rules: readonly Partial<UserRulePlan>[],
  channels: readonly ChannelPlan[] = [CHANNEL],
): TracingPlan {
  return {
    channels,
    rules: rules.map((rule) => ({ pattern: '*', channel: 'channel0', ...rule })),
    samplerIntervalUs: 0,
    instrumentNode: false,
  };
}

export interface TestSession {
  readonly directory: string;
  publish(plan: TracingPlan, state?: 'active' | 'inactive' | 'ended'): void;
  /** Directories of processes, oldest first by name. */
  processDirectories(): string[];
  close(): void;
}

export function startTestSession(
  plan: TracingPlan,
  options: { readonly clockKind?: ClockKind; readonly base?: string } = {},
): TestSession {
  const native = loadNative();
  if (native === undefined) throw new Error('needs the native addon');
  const base = options.base ?? (readdirSync('/dev').includes('shm') ? '/dev/shm' : tmpdir());
  const directory = mkdtempSync(join(base, 'lockstep-test-'));
  const control: Mapping = native.mapFile(join(directory, CONTROL_FILE), {
    access: 'read-write',
    createSizeBytes: CONTROL_SIZE_BYTES,
  });
  const clockKind = options.clockKind ?? (native.readTsc === undefined ? 'mono' : 'tsc');
  writeFileSync(join(directory, DOORBELL_FILE), new Uint8Array(DOORBELL_SIZE_BYTES));
  initializeControlPage(
    control.buffer,
    { clockKind, frequency: clockKind === 'mono' ? 1_000_000_000n : 2_000_000_000n, ownerPid: process.pid },
    plan,
  );
  publishPlan(control.buffer, 'active', plan);
  let isClosed = false;
  return {
    directory,
    publish: (next, state = 'active') => publishPlan(control.buffer, state, next),
    processDirectories: () =>
      readdirSync(directory)
        .filter((name) => PROCESS_DIRECTORY_PATTERN.test(name))
        .map((name) => join(directory, name)),
    close() {
      if (isClosed) return;
      isClosed = true;
      control.unmap();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface RawRecord {
  readonly classId: number;
  /** Cycles. */
  readonly timestamp: bigint;
  /** Offset of the payload in `bytes`. */
  readonly payload: number;
  readonly bytes: DataView;
}

export function readClasses(processDirectory: string): ClassLine[] {
  return readFileSync(join(processDirectory, 'classes'), 'utf8')
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ClassLine);
}

export interface OpenedRing {
  readonly name: string;
  readonly reader: RingReader;
}

export function openRings(processDirectory: string): OpenedRing[] {
  const native = loadNative();
  if (native === undefined) throw new Error('needs the native addon');
  return readdirSync(processDirectory)
    .filter((name) => RING_FILE_PATTERN.test(name))
    .sort()
    .map((name) => ({
      name,
      reader: openRingReader(native.mapFile(join(processDirectory, name), { access: 'read-write' }).buffer),
    }));
}

/** Takes every committed packet: the delivered ones, then what is in the active one. */
export function takePackets(reader: RingReader): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let packet = reader.getNextSubBuffer(); packet !== undefined; packet = reader.getNextSubBuffer()) {
    packets.push(packet.bytes.slice(0, packet.contentSizeBytes));
    reader.putNextSubBuffer();
  }
  for (const active of reader.takeActive()) packets.push(active.bytes);
  return packets;
}

/**
 * Walks the records of a packet. `payloadEnd` says where a payload of the class that begins at an
 * offset ends: without field classes nobody else knows.
 */
export function* walkRecords(
  packet: Uint8Array,
  payloadEnd: (classId: number, bytes: DataView, offset: number) => number,
): Generator<RawRecord> {
  const bytes = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  let clock = bytes.getBigUint64(32, true);
  for (let at = PACKET_HEADER_BYTES; at < packet.length;) {
    at = (at + 7) & -8;
    let classId = bytes.getUint16(at, true);
    let payload = at + 8;
    if (classId === 0xffff) {
      classId = bytes.getUint32(at + 8, true);
      clock = bytes.getBigUint64(at + 16, true);
      payload = at + 24;
    } else {
      clock = (clock & ~0xffff_ffffn) | BigInt(bytes.getUint32(at + 4, true));
    }
    const end = payloadEnd(classId, bytes, payload);
    if (end > packet.length)
      throw new Error(`record at ${at} ends at ${end}, after the content's end ${packet.length}`);
    yield { classId, timestamp: clock, payload, bytes };
    at = end;
  }
}
