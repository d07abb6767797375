// SPDX-License-Identifier: MIT
// Conversion alone: pages of `dd`'s system calls (read and write, entry and exit) -> packets that a
// sink throws away; CPU time an event. Beside it the plain walk over the plan that generated code replaces.
//   node packages/kernel/dist/bench/convert.bench.js [million events, 40]

import { cpus, release } from 'node:os';
import { interpretPlan } from '../src/conversion-code.ts';
import type { ConversionPlan } from '../src/event-class.ts';
import { CopierTable, PageConverter } from '../src/page-converter.ts';
import { event, rawPage, u32, u64, type RawRecord } from '../src/testing/raw-page.ts';

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

console.log(`node ${process.version}, Linux ${release()}, ${cpus()[0]?.model ?? 'cpu'} x ${cpus().length}`);
console.log('round  ns generated  ns walked');
for (let round = 0; round < 5; round++) {
  const generated = measure(undefined, (millions / 5) * 1e6);
  const walked = measure(interpretPlan, (millions / 50) * 1e6);
  console.log(`${String(round).padStart(5)} ${generated.toFixed(1).padStart(13)} ${walked.toFixed(1).padStart(10)}`);
}
