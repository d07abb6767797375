// SPDX-License-Identifier: MIT
// Conversion alone: pages of `dd`'s system calls (read and write, entry and exit) -> packets that a
// sink throws away; CPU time an event. Then the same with each exit paired with its entry, as a recording
// does it, and with packets written to files. Beside it the plain walk over the plan that generated code replaces;
// and, as root, what the running kernel records of mixed activity (all events but system calls) over and over.
//   node packages/kernel/dist/bench/convert.bench.js [million events, 40]

import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { interpretPlan } from '../src/conversion-code.ts';
import type { ConversionPlan } from '../src/event-class.ts';
import { describeEvents } from '../src/event-description.ts';
import { CopierTable, PageConverter } from '../src/page-converter.ts';
import { openTracefs, writeTracefs } from '../src/tracefs.ts';
import { listCpuIds, TracefsInstance } from '../src/tracefs-instance.ts';
import { event, rawPage, u32, u64, type RawRecord } from '../src/testing/raw-page.ts';
import { measurePaired } from './pairing.ts';

const millions = Number(process.argv[2] ?? 40);
const entry = (id: number): ConversionPlan => ({
  id,
  sizeBytes: 40,
  alignment: 8,
  steps: [
    { kind: 'integer', from: 16, sizeBytes: 4 },
    { kind: 'integer', from: 24, sizeBytes: 8 },
    { kind: 'integer', from: 32, sizeBytes: 8 },
  ],
});
const exit = (id: number): ConversionPlan => ({
  id,
  sizeBytes: 24,
  alignment: 8,
  steps: [{ kind: 'integer', from: 16, sizeBytes: 8 }],
});
const PLANS = [entry(900), exit(899), entry(898), exit(897)];

function pageOfCalls(): { readonly page: Uint8Array; readonly count: number } {
  const records: RawRecord[] = [];
  let sizeBytes = 0;
  while (sizeBytes < 65_000) {
    for (const id of [900, 898]) {
      const enter = event(300, id, 4711, [...u32(0), ...u32(0), ...u64(1n), ...u64(0x7fff_1234_5678n), ...u64(1n)]);
      const leave = event(100, id - 1, 4711, [...u32(0), ...u32(0), ...u64(1n)]);
      records.push(enter, leave);
      sizeBytes += enter.length + leave.length;
    }
  }
  return { page: rawPage(records, { sizeBytes: 65_536 }), count: records.length };
}

function measure(makeCopier: typeof interpretPlan | undefined, events: number): number {
  const { page, count } = pageOfCalls();
  const memory = new SharedArrayBuffer(1 << 20);
  const words = new Int32Array(memory);
  const bytes = new Uint8Array(memory);
  for (let at = 0; at < bytes.length; at += page.length) bytes.set(page, at);
  const converter = new PageConverter(
    new CopierTable(PLANS, makeCopier === undefined ? {} : { makeCopier }),
    0n,
    () => {},
  );
  const convert = (wanted: number): number => {
    let done = 0;
    for (let index = 0; done < wanted; index = (index + 1) % 16)
      done += converter.convertPage(words, bytes, index * page.length, page.length);
    return done;
  };
  convert(count * 200);
  const begin = process.cpuUsage();
  const done = convert(events);
  const { user, system } = process.cpuUsage(begin);
  return ((user + system) * 1000) / done;
}

/** Pages of every kind of event but system calls, and the plans for them. */
async function recordMixed(): Promise<{ readonly pages: Uint8Array[]; readonly plans: readonly ConversionPlan[] }> {
  const tracefs = openTracefs();
  const { plansText } = describeEvents(tracefs, [{ name: 'all', id: 0, rules: ['*'] }]);
  const instance = new TracefsInstance(tracefs, { name: 'mixed', clock: 'mono', bufferSizeKb: 8192 });
  await instance.make();
  const pages: Uint8Array[] = [];
  try {
    writeTracefs(`${instance.path}/events/enable`, '1');
    writeTracefs(`${instance.path}/events/syscalls/enable`, '0');
    writeTracefs(`${instance.path}/events/raw_syscalls/enable`, '0');
    spawnSync('sh', [
      '-c',
      'for i in 1 2 3 4 5; do ls -lR /usr/include > /dev/null; sleep 0.02; dd if=/dev/zero of=/dev/null bs=64k count=500 2> /dev/null; done',
    ]);
    instance.stop();
    for (const cpu of listCpuIds(instance.path)) {
      const fd = openSync(
        `${instance.path}/per_cpu/cpu${cpu}/trace_pipe_raw`,
        constants.O_RDONLY | constants.O_NONBLOCK,
      );
      try {
        for (;;) {
          const page = new Uint8Array(65_536);
          if (readSync(fd, page, 0, page.length, null) === 0) break;
          pages.push(page);
        }
      } catch {
        // All is read.
      }
      closeSync(fd);
    }
  } finally {
    instance.remove();
  }
  return { pages, plans: JSON.parse(plansText) as ConversionPlan[] };
}

async function measureMixed(): Promise<string> {
  const { pages, plans } = await recordMixed();
  const table = new CopierTable(plans);
  const run = (rounds: number): number => {
    let done = 0;
    for (let round = 0; round < rounds; round++) {
      // Times go back to the first page's: a converter of its own.
      const converter = new PageConverter(table, 0n, () => {});
      for (const page of pages) done += converter.convertPage(new Int32Array(page.buffer), page, 0, page.length);
    }
    return done;
  };
  const kinds = run(5);
  const begin = process.cpuUsage();
  const done = run(20);
  const { user, system } = process.cpuUsage(begin);
  return `mixed: ${(((user + system) * 1000) / done).toFixed(1)} ns an event (at most 60) of ${kinds / 5} events`;
}

console.log(`node ${process.version}, Linux ${release()}, ${cpus()[0]?.model ?? 'cpu'} x ${cpus().length}`);
console.log('round  ns generated  ns walked  ns paired (at most 20)  ns paired, written to files');
for (let round = 0; round < 5; round++) {
  const generated = measure(undefined, (millions / 5) * 1e6);
  const walked = measure(interpretPlan, (millions / 50) * 1e6);
  const paired = measurePaired((millions / 5) * 1e6, false);
  const written = measurePaired((millions / 5) * 1e6, true);
  const cells = [generated, walked, paired, written].map((ns) => ns.toFixed(1).padStart(12));
  console.log(`${String(round).padStart(5)} ${cells.join(' ')}`);
}
if (process.getuid?.() === 0) console.log(await measureMixed());
