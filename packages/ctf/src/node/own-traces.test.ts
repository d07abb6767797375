// SPDX-License-Identifier: MIT
// Traces as Lockstep writes them, program and kernel layout side by side, printed by both readers.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTextPrinter } from '../text/text-printer.ts';
import {
  eventRecordClass,
  everyKindOfField,
  samplePacket,
  sampleTraceClass,
  type FieldWriter,
} from '../testing/sample-trace.ts';
import { signedInteger, structure, writeMetadata } from '../write.ts';
import { countEventRecords } from './count-records.ts';
import { readEventRecords } from './read-traces.ts';
import { openTraceDirectory } from './trace-set.ts';

const hasBabeltrace = spawnSync('babeltrace2', ['--version']).status === 0;

function writeEveryKind(writer: FieldWriter): void {
  writer.align(8);
  writer.integer(32, -5).integer(8, 1).integer(64, 0xdeadn).float64(9.5).string('A-17').integer(8, 2);
  writer.integer(32, 3).integer(16, 1).integer(16, 2).integer(16, 3);
  writer.integer(8, -1).integer(8, 7);
  for (const character of 'node\0\0\0\0') writer.integer(8, character.charCodeAt(0));
  writer.integer(16, 10).integer(16, -20);
}

function writeProgramRecords(writer: FieldWriter): void {
  writer.align(8);
  writer.integer(16, 1).integer(32, 1001);
  writeEveryKind(writer);
  writer.align(8);
  // The extended header: id and clock in full.
  writer.integer(16, 0xffff).align(8);
  writer.integer(32, 70_000).integer(64, 1_000_000_000_000n).integer(32, 42);
}

/** A kernel packet of a trace with a UUID of its own: babeltrace2 takes traces with the same UUID for one. */
function kernelPacket(times: readonly number[], sequenceNumber: bigint): Uint8Array {
  const packet = samplePacket(
    'kernel',
    [BigInt(times[0]!), BigInt(times.at(-1)!)],
    (writer) => writeKernelRecords(writer, times),
    sequenceNumber,
  );
  packet[4] = 0x3a;
  return packet;
}

function writeKernelRecords(writer: FieldWriter, times: readonly number[]): void {
  for (const time of times) {
    writer.align(8);
    writer.integer(16, 3).integer(32, time).integer(32, 77).integer(32, time);
  }
}

test('a program and a kernel trace of one clock print as in babeltrace2, in order of time', (t) => {
  if (!hasBabeltrace) {
    t.skip('babeltrace2 is not installed');
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-own-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const put = (name: string, metadata: string, packets: readonly Uint8Array[]): void => {
    mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, name, 'metadata'), metadata);
    writeFileSync(join(directory, name, 'channel0_0'), Buffer.concat(packets));
  };
  const program = sampleTraceClass('program', [
    eventRecordClass(1, 'shop:order', everyKindOfField(), 6),
    eventRecordClass(70_000, 'shop:late', structure({ value: signedInteger(32) })),
  ]);
  const kernel = sampleTraceClass('kernel', [
    eventRecordClass(3, 'sched_switch', structure({ prev: signedInteger(32) })),
  ]);
  put('ust/pid/a', writeMetadata(program), [samplePacket('program', [1000n, 1_000_000_000_000n], writeProgramRecords)]);
  put('kernel', writeMetadata({ ...kernel, uuid: '3a6422d0-6cee-11e0-8c08-cb07d7b3a564' }), [
    kernelPacket([900, 1001, 2000], 0n),
    kernelPacket([2000, 2001, 3000], 2n),
  ]);
  const there = spawnSync('babeltrace2', [directory], { encoding: 'utf8' });
  for (const decoder of ['generated', 'interpreted'] as const) {
    const here = { output: '', warnings: '' };
    const traceSet = openTraceDirectory(directory);
    const printer = createTextPrinter({
      write: (text) => (here.output += text),
      writeWarning: (text) => (here.warnings += text),
    });
    for (const item of readEventRecords(traceSet, { decoder })) printer.print(item);
    printer.flush();
    assert.equal(here.output, there.stdout);
    assert.equal(here.warnings, there.stderr);
    assert.equal(countEventRecords(traceSet, { decoder }).records, 8n);
    traceSet.close();
  }
});
