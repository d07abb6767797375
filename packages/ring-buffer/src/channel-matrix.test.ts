// SPDX-License-Identifier: MIT
// Every combination of what a channel can be: each that is possible records, nests, is read, and
// loses nothing uncounted; each that is not is refused with its reason. One table, one scenario.

import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InputError } from '@lockstep/base';
import { loadNative, nativeMissingReason } from '@lockstep/native';
import {
  createChannel,
  explainRefusal,
  PacketRecords,
  readPacketHeader,
  ringSizeBytes,
  type Backing,
  type ChannelOptions,
  type ChannelReader,
  type RecordWriter,
  type RingChannel,
  type RingClock,
} from './index.ts';

const AXES = {
  allocation: ['per-thread', 'per-cpu', 'one'],
  writers: ['one', 'several'],
  mode: ['discard', 'overwrite'],
  backing: ['file', 'memory-file', 'shared', 'given'],
  wakeUp: ['writer', 'timer', 'none'],
  isCrashConsistent: [true, false],
  timestampBits: [32, 64],
  isBlocking: [false, true],
  output: ['borrowed', 'file descriptor', 'records'],
} as const;
type Combination = { readonly [K in keyof typeof AXES]: (typeof AXES)[K][number] };

const THREADS = 2;
const CPU_COUNT = cpus().length;
const SUB_BUFFER_SIZE_BYTES = 4096;
const directory = mkdtempSync(join(tmpdir(), 'lockstep-matrix-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const skip = loadNative() === undefined ? nativeMissingReason() : false;

function* combinations(): Generator<Combination> {
  const names = Object.keys(AXES) as (keyof Combination)[];
  const counts = names.map((name): number => AXES[name].length);
  for (let number = 0, total = counts.reduce((a, b) => a * b); number < total; number++) {
    let rest = number;
    const entries = names.map((name, index) => {
      const value = AXES[name][rest % counts[index]!];
      rest = Math.floor(rest / counts[index]!);
      return [name, value];
    });
    yield Object.fromEntries(entries) as Combination;
  }
}

let fileNumber = 0;

function optionsOf(combination: Combination): ChannelOptions {
  const { allocation, writers, mode, wakeUp, isCrashConsistent, timestampBits, isBlocking } = combination;
  const options: ChannelOptions = {
    allocation,
    writers,
    mode,
    wakeUp,
    isCrashConsistent,
    timestampBits,
    subBufferSizeBytes: SUB_BUFFER_SIZE_BYTES,
    subBufferCount: 4,
    backing: { type: 'shared' },
    ...(wakeUp === 'timer' ? { timerPeriodMs: 1 } : {}),
    ...(isBlocking ? { blockingTimeoutMs: 1 } : {}),
    ...(allocation === 'per-thread' ? { bufferCount: THREADS } : {}),
    ...(writers === 'several' ? { writerCount: THREADS } : {}),
  };
  return { ...options, backing: backingOf(combination.backing, options) };
}

function backingOf(type: Backing['type'], options: ChannelOptions): Backing {
  if (type === 'file') return { type, directory, name: `channel${fileNumber++}` };
  if (type !== 'given') return { type };
  const { mode, subBufferSizeBytes, subBufferCount, writerCount = 1 } = options;
  const sizeBytes = ringSizeBytes({ mode, subBufferSizeBytes, subBufferCount, writerCount });
  const count = options.allocation === 'one' ? 1 : options.allocation === 'per-cpu' ? CPU_COUNT : THREADS;
  return { type, memories: Array.from({ length: count }, () => new ArrayBuffer(sizeBytes)) };
}

/** Counts by itself, passes from one low half to the next, and moves from CPU to CPU. */
function stepClock(): RingClock {
  const slot = new Int32Array(4);
  let time = 0xffff_ff80n;
  const read = (): void => {
    time++;
    slot[0] = Number(BigInt.asIntN(32, time));
    slot[1] = Number(time >> 32n);
  };
  const readWithCpu = (): void => {
    read();
    slot[2] = Number((time >> 2n) % BigInt(CPU_COUNT));
  };
  return { slot, read, readWithCpu, hasCpu: true };
}

interface Seen {
  readonly value: number;
  readonly time: bigint;
  readonly writer: string;
}

/** The payload is the value, again and again. */
function seeRecord(payload: Uint8Array, time: bigint, writer: string): Seen {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const value = view.getInt32(0, true);
  for (let at = 4; at + 4 <= payload.length; at += 4) assert.equal(view.getInt32(at, true), value, 'torn');
  return { value, time, writer };
}

function seePacket(bytes: Uint8Array, contentSizeBytes: number, bufferIndex: number): Seen[] {
  const header = readPacketHeader(bytes);
  const records = new PacketRecords(bytes, contentSizeBytes);
  const seen: Seen[] = [];
  while (records.next()) {
    assert.ok(records.time >= header.beginTime && (header.endTime === 0n || records.time <= header.endTime));
    const payload = bytes.subarray(records.payloadOffset, records.payloadOffset + records.payloadSizeBytes);
    seen.push(seeRecord(payload, records.time, `${bufferIndex}/${header.writerIndex}`));
  }
  return seen;
}

const OUTPUTS: Readonly<Record<Combination['output'], (reader: ChannelReader) => Seen[]>> = {
  borrowed(reader) {
    const seen: Seen[] = [];
    for (let packet = reader.tryGet(); packet !== undefined; packet = reader.tryGet()) {
      seen.push(...seePacket(packet.bytes, packet.contentSizeBytes, packet.bufferIndex));
      reader.put();
    }
    return seen;
  },
  // The buffer is not in the packet: each packet counts as a writer of its own.
  'file descriptor'(reader) {
    const path = join(directory, 'packets');
    const fd = openSync(path, 'w');
    const { byteCount } = reader.writeTo(fd);
    closeSync(fd);
    const file = readFileSync(path);
    assert.equal(file.length, byteCount);
    const seen: Seen[] = [];
    let packetNumber = 0;
    for (let at = 0; at < file.length;) {
      const size = file.readInt32LE(at + 4);
      seen.push(...seePacket(new Uint8Array(file.subarray(at, at + size)), size, packetNumber++));
      at += size;
    }
    return seen;
  },
  records(reader) {
    const seen = Array.from(reader.records(), ({ payload, time, bufferIndex, writerIndex }) =>
      seeRecord(payload, time, `${bufferIndex}/${writerIndex}`),
    );
    seen.forEach(({ time }, index) => assert.ok(index === 0 || time > seen[index - 1]!.time, 'not merged by time'));
    return seen;
  },
};

function record(writer: RecordWriter, value: number, wordCount: number, inside?: () => void): boolean {
  const offset = writer.begin(wordCount * 4);
  if (offset < 0) return false;
  // The buffer that this record is in, also when the one inside goes elsewhere.
  const { words } = writer;
  words[offset >> 2] = value;
  inside?.();
  words.fill(value, offset >> 2, (offset >> 2) + wordCount);
  writer.end();
  return true;
}

function attachAll(channel: RingChannel): RecordWriter[] {
  const { allocation, writers } = channel.handle.options;
  const count = allocation === 'one' && writers === 'one' ? 1 : THREADS;
  const clock = stepClock();
  // Live threads, as far as /proc tells.
  const attached = Array.from({ length: count }, () => channel.tryAttach({ clock }));
  if (allocation !== 'per-cpu') assert.equal(channel.tryAttach({ clock }), undefined, 'more writers than places');
  return attached.map((writer) => writer ?? assert.fail('a place is missing'));
}

function runScenario(combination: Combination, options: ChannelOptions): void {
  const channel = createChannel(options);
  const reader = channel.openReader();
  const writers = attachAll(channel);
  const accepted: number[] = [];
  let sentCount = 0;
  const send = (value: number, inside?: () => void): void => {
    sentCount++;
    if (record(writers[value % writers.length]!, value, 9 + (value % 41), inside)) accepted.push(value);
  };

  send(0);
  const committedCount = reader.buffers
    .flatMap((ring) => ring.takeActive())
    .flatMap(({ bytes }) => seePacket(bytes, bytes.length, 0)).length;
  assert.equal(committedCount, combination.isCrashConsistent ? 1 : 0);
  assert.equal(reader.tryGet(), undefined);

  const count = combination.mode === 'overwrite' ? 500 : 60;
  for (let value = 1; value < count; value++) {
    if (value % 10 === 5) send(value, () => send(10_000 + value));
    else send(value);
  }
  const cancelled = writers[0]!;
  const offset = cancelled.begin(8);
  if (offset >= 0) cancelled.cancel(offset);
  for (const writer of writers) writer.release();

  if (combination.wakeUp === 'none') assert.throws(() => reader.wait(0), InputError);
  else assert.equal(reader.wait(5), true);
  const seen = OUTPUTS[combination.output](reader);
  check(combination, seen, accepted);
  const counters = channel.counters();
  const discarded = counters.reduce((sum, { discarded: own }) => sum + own, 0);
  assert.equal(accepted.length + discarded, sentCount);
  assert.deepEqual(OUTPUTS.borrowed(reader), []);
  channel.close();
}

function check({ mode }: Combination, seen: readonly Seen[], accepted: readonly number[]): void {
  const last = new Map<string, bigint>();
  for (const { writer, time } of seen) {
    assert.ok(time > (last.get(writer) ?? 0n), 'out of order within a writer');
    last.set(writer, time);
  }
  const values = seen.map(({ value }) => value);
  assert.equal(new Set(values).size, values.length, 'doubled');
  if (mode === 'discard') {
    assert.deepEqual(values.toSorted(byNumber), accepted.toSorted(byNumber));
  } else {
    const all = new Set(accepted);
    assert.ok(values.every((value) => all.has(value)));
    assert.ok(values.includes(accepted.at(-1)!), 'the newest record is missing');
    assert.ok(values.length > 50 && values.length < accepted.length);
  }
}

const byNumber = (a: number, b: number): number => a - b;

test('every combination works, or is refused with the reason', { skip }, () => {
  const refused = new Map<string, number>();
  let workingCount = 0;
  for (const combination of combinations()) {
    const options = optionsOf(combination);
    const reason = explainRefusal(options, true);
    if (reason !== undefined) {
      refused.set(reason, (refused.get(reason) ?? 0) + 1);
      assert.throws(
        () => createChannel(options),
        (error) => error instanceof InputError && error.sentence === reason,
      );
      continue;
    }
    try {
      runScenario(combination, options);
    } catch (error) {
      throw new Error(`with ${JSON.stringify(combination)}`, { cause: error });
    }
    workingCount++;
  }
  assert.equal(workingCount, 1728);
  assert.equal(refused.size, 3);
});

test('options that no channel can have are refused', () => {
  const base: ChannelOptions = {
    allocation: 'one',
    writers: 'several',
    mode: 'discard',
    backing: { type: 'shared' },
    wakeUp: 'none',
    isCrashConsistent: true,
    timestampBits: 32,
    subBufferSizeBytes: 4096,
    subBufferCount: 4,
  };
  const cases: [Partial<ChannelOptions>, RegExp][] = [
    [{ timerPeriodMs: 5 }, /period belongs/],
    [{ wakeUp: 'timer', timerPeriodMs: 0 }, /positive number/],
    [{ blockingTimeoutMs: Number.NaN }, /time-out/],
    [{ writers: 'one', writerCount: 2 }, /one writer at a time/],
    [{ bufferCount: 2 }, /per thread/],
    [{ allocation: 'per-thread', writers: 'one', bufferCount: 0 }, /1 to 4096/],
    [{ timestampBits: 48 as 32 }, /32 or 64/],
    [{ backing: { type: 'file', directory, name: '../x' } }, /name of a channel/],
    [{ backing: { type: 'given', memories: [] } }, /one memory for each/],
    [{ subBufferSizeBytes: 5000 }, /power of two/],
    [{ subBufferCount: 1 }, /2 to 1023/],
    [{ writerCount: 256 }, /255/],
    [{ backing: { type: 'given', memories: [new SharedArrayBuffer(4096)] } }, /too small/],
  ];
  for (const [change, message] of cases) {
    assert.throws(
      () => createChannel({ ...base, ...change }),
      (error) => error instanceof InputError && message.test(error.message),
    );
  }
  for (const backing of [{ type: 'file', directory, name: 'a' }, { type: 'memory-file' }] as const)
    assert.match(explainRefusal({ ...base, backing }, false) ?? '', /native addon/);
  assert.match(explainRefusal({ ...base, allocation: 'per-cpu' }, false) ?? '', /on which CPU/);
});
