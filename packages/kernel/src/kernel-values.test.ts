// SPDX-License-Identifier: MIT
// One instance, read twice: what the kernel prints of its records (`trace` with the option `fields`,
// which names each field and its value), and the same records as raw pages, converted and decoded.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chooseClock } from '@lockstep/clock';
import { isEventRecord, type EventRecord } from '@lockstep/ctf';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { DataStreamWriter } from './data-stream-writer.ts';
import { makeEventClass, type KernelEventClass } from './event-class.ts';
import { parseEventFormat, type KernelEventFormat, type KernelField } from './event-format.ts';
import { listAvailableEvents } from './kernel-rules.ts';
import { kernelTraceClass, writeMetadataFile } from './kernel-trace-class.ts';
import { lttngName } from './lttng-names.ts';
import { CopierTable, PageConverter } from './page-converter.ts';
import { SKIP_WITHOUT_TRACEFS, tracefsPath } from './testing/tracefs-or-skip.ts';
import { readTracefs, tryWriteTracefs, writeTracefs } from './tracefs.ts';
import { listCpuIds, subBufferSizeBytes, TracefsInstance } from './tracefs-instance.ts';

const IS_LONG = process.env['LOCKSTEP_TEST_LONG'] === '1';
const SKIP =
  SKIP_WITHOUT_TRACEFS !== false
    ? SKIP_WITHOUT_TRACEFS
    : IS_LONG
      ? false
      : 'It takes half a minute; LOCKSTEP_TEST_LONG=1 runs it.';
const UUID = '2a6422d0-6cee-11e0-8c08-cb07d7b3a564';

/** They would be nine tenths of all records; they get the last turn. */
const BUSY =
  /^(memcg|percpu|pagemap|msr|maple_tree|ipi|kmem|rcu|filemap|mmap|syscalls|raw_syscalls|lock|page_isolation|swiotlb):/;
/** Their text is of other data than their record: a pointer that is followed when it is printed. */
const UNCOMPARED_TYPES = /char \*/;

interface KnownEvent {
  readonly format: KernelEventFormat;
  readonly eventClass: KernelEventClass;
}

function readEvents(): Map<string, KnownEvent> {
  const events = new Map<string, KnownEvent>();
  for (const { system, name } of listAvailableEvents(tracefsPath)) {
    const path = `${tracefsPath}/events/${system}/${name}/format`;
    const format = existsSync(path) ? parseEventFormat(system, readFileSync(path, 'utf8')) : undefined;
    if (format !== undefined) events.set(`${system}:${name}`, { format, eventClass: makeEventClass(format) });
  }
  return events;
}

function act(): void {
  const script = fileURLToPath(new URL('../../src/testing/varied-activity.sh', import.meta.url));
  spawnSync('sh', [script], { env: { ...process.env, NODE: process.execPath }, stdio: 'ignore' });
}

/** An instance full of records, recording no more. */
async function fill(t: TestContext): Promise<TracefsInstance> {
  const instance = new TracefsInstance(tracefsPath, {
    name: 'values',
    clock: chooseClock().kernelName,
    bufferSizeKb: 96 * 1024,
  });
  await instance.make();
  t.after(() => instance.remove());
  writeTracefs(`${instance.path}/options/overwrite`, '0');
  writeTracefs(`${instance.path}/options/fields`, '1');
  tryWriteTracefs(`${instance.path}/options/hash-ptr`, '0');
  const systems = new Set(listAvailableEvents(tracefsPath).map(({ system }) => system));
  for (const system of systems) if (!BUSY.test(`${system}:`)) instance.enable(system);
  act();
  act();
  for (const system of systems) if (BUSY.test(`${system}:`)) instance.enable(system);
  spawnSync('sh', ['-c', 'ls /usr/lib > /dev/null; cat /etc/passwd | sort | uniq > /dev/null']);
  instance.stop();
  return instance;
}

/** All raw pages -> a trace in `directory`; returns its records by CPU. */
function convert(
  instance: TracefsInstance,
  directory: string,
  events: ReadonlyMap<string, KnownEvent>,
): Map<number, EventRecord[]> {
  const classes = [...events.values()].map(({ eventClass }) => eventClass);
  const table = new CopierTable(classes.map(({ plan }) => plan));
  const output = `${directory}/kernel`;
  mkdirSync(output);
  writeMetadataFile(
    kernelTraceClass({
      uuid: UUID,
      clockClass: { name: 'c', frequency: 1_000_000_000n, offsetSeconds: 0n, offsetCycles: 0n, absolute: false },
      channels: [{ name: 'values', id: 0, events: classes }],
      stateDumpChannelId: 1,
      traceName: 'values',
      startTime: new Date(0),
      environment: {},
    }),
    [],
    output,
    directory,
  );
  const pageSizeBytes = subBufferSizeBytes(instance.path);
  for (const cpuId of listCpuIds(instance.path)) {
    const writer = new DataStreamWriter(output, UUID, { fileName: `values_${cpuId}`, streamClassId: 0, cpuId });
    const converter = new PageConverter(table, 0n, (packet) => writer.write(packet));
    const fd = openSync(
      `${instance.path}/per_cpu/cpu${cpuId}/trace_pipe_raw`,
      constants.O_RDONLY | constants.O_NONBLOCK,
    );
    const page = new Uint8Array(pageSizeBytes);
    const words = new Int32Array(page.buffer);
    try {
      while (readSync(fd, page, 0, pageSizeBytes, null) > 0) converter.convertPage(words, page, 0, pageSizeBytes);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    }
    closeSync(fd);
    converter.flush();
    writer.close();
    assert.equal(converter.losses.damagedPageCount, 0);
    assert.equal(converter.losses.strayRecordCount, 0);
  }
  const byCpu = new Map<number, EventRecord[]>();
  const traceSet = openTraceDirectory(output);
  try {
    for (const record of readEventRecords(traceSet)) {
      if (!isEventRecord(record)) continue;
      const cpu = Number(record.packet.context?.['cpu_id']);
      const list = byCpu.get(cpu);
      if (list === undefined) byCpu.set(cpu, [record]);
      else list.push(record);
    }
  } finally {
    traceSet.close();
  }
  return byCpu;
}

interface Line {
  readonly tid: number;
  readonly cpu: number;
  readonly time: bigint;
  readonly event: string;
  readonly fields: string;
}

/** `   bash-15976   [000] d..2.  12881888163405: sched_switch: prev_comm=… prev_pid=0xf (15)`; names may hold anything. */
const LINE = /^.{16,}?-(\d+)\s+\[(\d+)\] \S+\s+(\d+|\d+\.\d+): ([\w]+): ?(.*)$/s;

function parseLine(text: string): Line | undefined {
  const match = LINE.exec(text);
  if (match === null) return undefined;
  const [, tid = '', cpu = '', time = '', event = '', fields = ''] = match;
  return { tid: Number(tid), cpu: Number(cpu), time: BigInt(time.replace('.', '')), event, fields };
}

test(
  '200 000 records of 150 kinds have the values that the kernel prints for them, field by field',
  { skip: SKIP },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-values-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const events = readEvents();
    const byName = new Map<string, KnownEvent[]>();
    for (const event of events.values())
      byName.set(event.format.name, [...(byName.get(event.format.name) ?? []), event]);
    const instance = await fill(t);
    const isTsc = /\[x86-tsc\]/.test(readTracefs(`${instance.path}/trace_clock`));
    // The text first: reading the raw pages takes them away.
    const text = `${directory}/trace.txt`;
    spawnSync('sh', ['-c', `cat ${instance.path}/trace > ${text}`]);
    const byCpu = convert(instance, directory, events);
    const positions = new Map<number, number>();
    const kinds = new Set<string>();
    let lineCount = 0;
    let fieldCount = 0;
    for await (const one of createInterface({ input: createReadStream(text, 'latin1'), crlfDelay: 0 })) {
      const line = one.startsWith('#') ? undefined : parseLine(one);
      if (line === undefined) continue;
      const at = positions.get(line.cpu) ?? 0;
      positions.set(line.cpu, at + 1);
      const record = byCpu.get(line.cpu)?.[at];
      assert.ok(record, `record ${at} of CPU ${line.cpu}: ${one}`);
      // Two systems may have an event of one name.
      const candidates = byName.get(line.event) ?? [];
      const known = candidates.find(({ format }) => BigInt(format.id) === record.eventRecordClass.id);
      assert.ok(known, `${one}\n${record.eventRecordClass.name}`);
      assert.equal(record.commonContext?.['tid'], line.tid, one);
      if (isTsc) assert.equal(record.clockSnapshot, line.time, one);
      fieldCount += compareFields(known.format, record, line.fields, one);
      kinds.add(`${known.format.system}:${known.format.name}`);
      lineCount++;
    }
    for (const [cpu, records] of byCpu) assert.equal(positions.get(cpu), records.length, `records of CPU ${cpu}`);
    t.diagnostic(`${lineCount} records of ${kinds.size} kinds, ${fieldCount} values compared`);
    assert.ok(lineCount >= 200_000, `${lineCount} records`);
    assert.ok(kinds.size >= 150, `${kinds.size} kinds`);
  },
);

/** Returns how many values were compared. */
function compareFields(format: KernelEventFormat, record: EventRecord, fields: string, line: string): number {
  const { fields: renames, rwbsFields } = lttngName(format.system, format.name);
  let compared = 0;
  let at = 0;
  format.fields.forEach((field, index) => {
    const begin = fields.indexOf(`${field.name}=`, at) + field.name.length + 1;
    assert.ok(begin > field.name.length, `${field.name} in ${line}`);
    const next = format.fields[index + 1];
    const end = next === undefined ? fields.length : fields.indexOf(` ${next.name}=`, begin);
    const printed = fields.slice(begin, end < 0 ? fields.length : end);
    at = end < 0 ? fields.length : end;
    if (format.system === 'syscalls' && field.name === '__syscall_nr') return;
    const ours = record.payload?.[renames[field.name] ?? field.name];
    // What the kernel fills is told at the exit; clone has LTTng's names.
    if (format.system === 'syscalls' && ours === undefined) return;
    assert.notEqual(ours, undefined, `${field.name} in ${line}`);
    if (rwbsFields.includes(field.name)) {
      assert.equal(typeof ours, 'number');
      assert.equal((Number(ours) & 1) !== 0, printed.replace(/^F/, '').startsWith('W'), line);
      compared++;
      return;
    }
    const expected = expectedValue(
      field,
      printed,
      typeof ours === 'bigint' || typeof ours === 'number' ? ours : undefined,
    );
    if (expected === undefined) return;
    compared++;
    assert.deepEqual(typeof ours === 'string' ? latin1Of(ours) : ours, expected, `${field.name} of ${line}`);
  });
  return compared;
}

/** The text was read byte by byte. */
function latin1Of(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** What the printed text says, cut to what we have; undefined for what the kernel does not print. */
function expectedValue(field: KernelField, printed: string, ours: number | bigint | undefined): unknown {
  if (printed.startsWith('<INVALID') || UNCOMPARED_TYPES.test(field.typeName)) return undefined;
  if (ours === undefined) return field.typeName === 'char' && field.array !== 'none' ? printed : undefined;
  const hex = /^0x([0-9a-f]+) \(/.exec(printed)?.[1];
  const decimal = /\((-?\d+)\)$/.exec(printed)?.[1];
  if (hex === undefined && decimal === undefined) return undefined;
  const value = hex === undefined ? BigInt(decimal ?? '') : BigInt(`0x${hex}`);
  // An address is printed as a symbol and its lower half; a character as itself.
  const bits = hex === undefined ? Math.min(32, field.sizeBytes * 8) : field.sizeBytes * 8;
  const ourBits = BigInt.asUintN(bits, BigInt(ours));
  // Arguments of system calls have the size of their C type here.
  const isNarrow = ourBits !== BigInt.asUintN(bits, value) && field.sizeBytes === 8 && typeof ours === 'number';
  if (isNarrow)
    return BigInt.asIntN(32, value) === BigInt(ours) ||
      BigInt.asUintN(32, value) === BigInt(ours) ||
      BigInt.asUintN(16, value) === BigInt(ours)
      ? ours
      : value;
  return ourBits === BigInt.asUintN(bits, value) ? ours : value;
}
