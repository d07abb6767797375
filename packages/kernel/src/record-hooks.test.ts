// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KERNEL_PACKET_HEADER_SIZE_BYTES } from '@lockstep/ctf/write';
import type { ChannelConversion } from './channel-conversion.ts';
import type { ConversionPlan } from './event-class.ts';
import { PageConverter } from './page-converter.ts';
import { makeHookedTable } from './record-hooks.ts';
import { StackJoiner } from './stack-joiner.ts';
import { event, rawPage, text, u32, u64, type RawRecord } from './testing/raw-page.ts';
import { CLONE_THREAD, ThreadTable } from './thread-table.ts';

const SWITCH = 7;
const NEW_TASK = 8;
const PLAIN = 9;
const KERNEL_STACK = 4;

const PLANS: readonly ConversionPlan[] = [
  { id: SWITCH, sizeBytes: 8, alignment: 1, steps: [] },
  { id: NEW_TASK, sizeBytes: 8, alignment: 1, steps: [] },
  { id: PLAIN, sizeBytes: 16, alignment: 8, steps: [{ kind: 'integer', from: 8, sizeBytes: 8 }] },
];

const CONVERSION: ChannelConversion = {
  streamClassId: 0,
  contexts: [],
  filters: [],
  tracker: '',
  observed: [
    { id: SWITCH, role: 'switch', offsets: [8, 12, 16], isHidden: true },
    { id: NEW_TASK, role: 'new-task', offsets: [8, 16, 24], isHidden: true },
  ],
  kernelStackId: 0,
  userStackId: 0,
};

const switchTo = (from: number, tid: number, prio: number, name: string): RawRecord =>
  event(10, SWITCH, from, [...u32(tid), ...u32(prio), ...text(name, 16)]);
const newTask = (parent: number, tid: number, flags: number, name: string): RawRecord =>
  event(10, NEW_TASK, parent, [...u32(tid), ...u32(0), ...u64(BigInt(flags)), ...text(name, 16)]);
const plain = (tid: number, value: bigint): RawRecord => event(10, PLAIN, tid, u64(value));
const kernelStack = (tid: number, ...frames: bigint[]): RawRecord =>
  event(1, KERNEL_STACK, tid, [...u32(frames.length), ...u32(0), ...frames.flatMap((frame) => u64(frame))]);

/** Records of PLAIN: the bytes between tid and payload, and the payload. */
function convert(
  conversion: Partial<ChannelConversion>,
  pages: readonly (readonly RawRecord[])[],
  contextSizeBytes: number,
): { readonly context: DataView; readonly value: bigint }[] {
  const whole = { ...CONVERSION, ...conversion };
  const joiner = whole.kernelStackId === 0 ? undefined : new StackJoiner(whole.kernelStackId, 0);
  const threads = new ThreadTable(undefined);
  const packets: DataView[] = [];
  const converter = new PageConverter(
    makeHookedTable(PLANS, whole, {
      cpuId: 3,
      threads,
      joiner,
      places: undefined,
      isAhead: false,
      syscalls: undefined,
    }),
    0n,
    ({ bytes, contentSizeBytes }) => packets.push(new DataView(bytes.slice(0, contentSizeBytes).buffer)),
  );
  const convertPage = (bytes: Uint8Array): number =>
    converter.convertPage(new Int32Array(bytes.buffer), bytes, 0, bytes.length);
  for (const records of pages) {
    const bytes = rawPage(records);
    const page = joiner === undefined ? { bytes } : joiner.push(bytes, 0, bytes.length);
    if (page !== undefined) convertPage(page.bytes);
  }
  const last = joiner?.flush();
  if (last !== undefined) convertPage(last.bytes);
  converter.flush();
  assert.deepEqual(converter.losses, { damagedPageCount: 0, strayRecordCount: 0, unknownLossCount: 0 });
  return packets.flatMap((packet) => {
    const records = [];
    for (let at = KERNEL_PACKET_HEADER_SIZE_BYTES; at + 16 <= packet.byteLength;) {
      assert.equal(packet.getUint16(at, true), PLAIN);
      const size = contextSizeBytes < 0 ? stackSize(packet, at) : contextSizeBytes;
      const payload = Math.ceil((at + 12 + size) / 8) * 8;
      records.push({ context: new DataView(packet.buffer, at + 12, size), value: packet.getBigUint64(payload, true) });
      at = payload + 8;
    }
    return records;
  });
}

const stackSize = (packet: DataView, at: number): number => 4 + 8 * packet.getUint32(at + 12, true);

function procname(context: DataView, offset = 0): string {
  const bytes = new Uint8Array(context.buffer, context.byteOffset + offset, 16);
  return String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
}

test('name and priority are those of who runs on the CPU since its last switch', () => {
  const records = convert(
    { contexts: ['prio', 'nice', 'cpu_id', 'procname'] },
    [[switchTo(0, 50, 130, 'node'), plain(50, 1n), switchTo(50, 0, 120, 'swapper/3'), plain(0, 2n)]],
    28,
  );
  assert.deepEqual(
    records.map(({ context, value }) => [
      context.getInt32(0, true),
      context.getInt32(4, true),
      context.getInt32(8, true),
      procname(context, 12),
      value,
    ]),
    [
      [30, 10, 3, 'node', 1n],
      [20, 0, 3, 'swapper/3', 2n],
    ],
  );
});

test('a thread belongs to the process of who made it, a process to itself', () => {
  const records = convert(
    { contexts: ['pid'] },
    [
      [
        newTask(1, 60, 0, 'p'),
        newTask(60, 61, CLONE_THREAD, 't'),
        newTask(61, 62, 0, 'c'),
        plain(60, 1n),
        plain(61, 2n),
        plain(62, 3n),
      ],
    ],
    4,
  );
  assert.deepEqual(
    records.map(({ context }) => context.getInt32(0, true)),
    [60, 60, 62],
  );
});

test('filters and trackers leave records out, by fields and by contexts, and count no loss', () => {
  const fields = [
    { name: 'value', kind: 'integer', from: 8, sizeBytes: 8, isSigned: true, length: 1, isRelative: false } as const,
  ];
  const page = [
    switchTo(0, 50, 120, 'node'),
    plain(50, 1n),
    plain(50, 20n),
    switchTo(50, 51, 120, 'sh'),
    plain(51, 3n),
    plain(51, 40n),
  ];
  const valuesOf = (conversion: Partial<ChannelConversion>): bigint[] =>
    convert(conversion, [page], 0).map(({ value }) => value);
  const filter = (...expressions: string[]): Partial<ChannelConversion> => ({
    filters: [{ id: PLAIN, expressions, fields }],
  });
  assert.deepEqual(valuesOf(filter('value == 1')), [1n]);
  assert.deepEqual(valuesOf(filter('(value & 1) == 1')), [1n, 3n]);
  assert.deepEqual(valuesOf(filter('value == 1', 'value == 40')), [1n, 40n]);
  assert.deepEqual(valuesOf(filter('$ctx.procname == "no*" && value > 2')), [20n]);
  assert.deepEqual(valuesOf({ tracker: '($ctx.tid == 51)' }), [3n, 40n]);
  assert.deepEqual(valuesOf({ tracker: '($ctx.procname == "sh")', ...filter('value > 10') }), [40n]);
});

test('a stack goes to the last event of its context without one, in the next page and under interrupts, too', () => {
  const records = convert(
    { contexts: ['callstack_kernel'], kernelStackId: KERNEL_STACK },
    [
      [plain(50, 1n), kernelStack(50, 0xffff_0001n, 2n), plain(50, 2n)],
      [kernelStack(50, 7n), plain(51, 3n), plain(52, 4n), kernelStack(52, 9n), kernelStack(51, 8n)],
    ],
    -1,
  );
  assert.deepEqual(
    records.map(({ context, value }) => {
      const count = context.getUint32(0, true);
      return [value, ...Array.from({ length: count }, (_, index) => context.getBigUint64(4 + 8 * index, true))];
    }),
    [
      [1n, 0xffff_0001n, 2n],
      [2n, 7n],
      [3n, 8n],
      [4n, 9n],
    ],
  );
});
