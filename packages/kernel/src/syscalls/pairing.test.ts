// SPDX-License-Identifier: MIT
// Calls of threads that change their CPU, with the CPUs' pages converted in either order, in packets that
// are still being filled and in packets that are on disk.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isEventRecord } from '@lockstep/ctf';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { ChunkConverter } from '../chunk-converter.ts';
import { parseEventFormat } from '../event-format.ts';
import { makeEventClass } from '../event-class.ts';
import { kernelTraceClass, writeMetadataFile } from '../kernel-trace-class.ts';
import { event, rawPage, u32, u64 } from '../testing/raw-page.ts';

const PAGE_SIZE_BYTES = 4096;
const UUID = '2a6422d0-6cee-11e0-8c08-cb07d7b3a564';
const ENTER = 7;
const EXIT = 8;

const CLASSES = [
  ['sys_enter_read', ENTER, '\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n'],
  [
    'sys_exit_read',
    EXIT,
    '\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n',
  ],
].map(([name, id, fields]) => {
  const format = parseEventFormat('syscalls', `name: ${name}\nID: ${id}\nformat:\n${fields}\nprint fmt: ""\n`);
  assert.ok(format);
  return makeEventClass(format);
});

interface Step {
  readonly time: number;
  readonly cpu: number;
  readonly isExit: boolean;
  readonly tid: number;
  /** The buffer of the call: what its exit has to tell. */
  readonly buffer: number;
}

/** Converts each CPU's page in the given order and reads `buf` of all exits, by result (which is the buffer too). */
function convert(steps: readonly Step[], order: readonly number[], isFlushedBetween: boolean): [bigint, bigint][] {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-pairing-'));
  const output = `${directory}/kernel`;
  mkdirSync(`${output}/index`, { recursive: true });
  try {
    const streams = [0, 1, 2].map((cpuId) => ({ fileName: `k_${cpuId}`, streamClassId: 0, cpuId }));
    const converter = new ChunkConverter(
      {
        version: 2,
        outputDirectory: output,
        uuid: UUID,
        plans: CLASSES.map((each) => each.plan),
        streams,
        channels: [],
      },
      directory,
    );
    for (const cpu of order) {
      let last = 1000;
      const records = steps
        .filter((step) => step.cpu === cpu)
        .map((step) => {
          const delta = step.time - last;
          last = step.time;
          const fields = step.isExit ? u64(BigInt(step.buffer)) : [...u64(3n), ...u64(BigInt(step.buffer)), ...u64(1n)];
          return event(delta, step.isExit ? EXIT : ENTER, step.tid, [...u32(0), ...u32(0), ...fields]);
        });
      const page = rawPage(records, { time: 1000n, sizeBytes: PAGE_SIZE_BYTES });
      converter.convert(
        { stream: cpu, sizeBytes: PAGE_SIZE_BYTES, pageSizeBytes: PAGE_SIZE_BYTES },
        new Int32Array(page.buffer),
        page,
        0,
      );
      if (isFlushedBetween) converter.flush();
    }
    converter.flush();
    converter.close();
    const clockClass = { name: 'c', frequency: 1_000_000_000n, offsetSeconds: 0n, offsetCycles: 0n, absolute: true };
    writeMetadataFile(
      kernelTraceClass({
        uuid: UUID,
        clockClass,
        channels: [{ name: 'k', id: 0, events: CLASSES }],
        stateDumpChannelId: 1,
        traceName: 't',
        startTime: new Date(0),
        environment: {},
      }),
      [],
      output,
      directory,
    );
    const traceSet = openTraceDirectory(directory);
    const exits = [...readEventRecords(traceSet)]
      .filter(isEventRecord)
      .filter((each) => each.eventRecordClass.name === 'syscall_exit_read')
      .map((each): [bigint, bigint] => [each.payload?.['ret'] as bigint, each.payload?.['buf'] as bigint]);
    traceSet.close();
    return exits;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('an exit on another CPU has the arguments of its entry, whichever page is converted first', () => {
  // There and back: CPU 0 alone looks like one call from the first entry to the last exit.
  const steps: Step[] = [
    { time: 1010, cpu: 0, isExit: false, tid: 5, buffer: 111 },
    { time: 1020, cpu: 1, isExit: true, tid: 5, buffer: 111 },
    { time: 1030, cpu: 1, isExit: false, tid: 5, buffer: 222 },
    { time: 1040, cpu: 0, isExit: true, tid: 5, buffer: 222 },
    { time: 1050, cpu: 0, isExit: false, tid: 5, buffer: 333 },
    { time: 1060, cpu: 0, isExit: true, tid: 5, buffer: 333 },
  ];
  for (const order of [
    [0, 1],
    [1, 0],
  ])
    for (const isFlushed of [false, true])
      assert.deepEqual(
        convert(steps, order, isFlushed),
        [
          [111n, 111n],
          [222n, 222n],
          [333n, 333n],
        ],
        `${order.join()} ${isFlushed}`,
      );
});

test('whatever way threads move between CPUs and pages are converted, every exit finds its entry', () => {
  const moves = fc.array(
    fc.record({ tid: fc.constantFrom(5, 6), cpu: fc.nat({ max: 2 }), exitCpu: fc.nat({ max: 2 }) }),
    { maxLength: 14 },
  );
  fc.assert(
    fc.property(moves, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), fc.boolean(), (calls, order, isFlushed) => {
      let time = 1000;
      const steps = calls.flatMap(({ tid, cpu, exitCpu }, index): Step[] => {
        const buffer = 100 + index;
        time += 20;
        return [
          { time, cpu, isExit: false, tid, buffer },
          { time: time + 10, cpu: exitCpu, isExit: true, tid, buffer },
        ];
      });
      for (const [result, buffer] of convert(steps, order, isFlushed)) assert.equal(buffer, result);
    }),
    { numRuns: 60 },
  );
});
