// SPDX-License-Identifier: MIT
// Traces that LTTng-UST writes, read by babeltrace2 and by Lockstep: the text must be the same bytes.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { ALL_FIELDS, ALL_NAMES } from '../text/record-head.ts';
import { createDetailsPrinter } from '../text/details-printer.ts';
import { createTextPrinter, type TextPrinterOptions } from '../text/text-printer.ts';
import { Lttng, lttngMissing, type LttngTraceOptions } from '../testing/lttng-program.ts';
import { isEventRecord } from '../read/data-stream-reader.ts';
import { convertToCtf } from './convert-ctf.ts';
import { countEventRecords } from './count-records.ts';
import { readEventRecords, readMessages, readText, type ReadOptions } from './read-traces.ts';
import { openTraceDirectory } from './trace-set.ts';

const missing = lttngMissing();
const directory = mkdtempSync(join(tmpdir(), 'lockstep-lttng-'));
let lttng: Lttng | undefined;

before(() => {
  if (missing !== undefined) return;
  lttng = new Lttng(join(directory, 'home'));
  lttng.start();
});
after(() => {
  lttng?.stop();
  rmSync(directory, { recursive: true, force: true });
});

interface Printed {
  readonly output: string;
  readonly warnings: string;
}

/** Both printers: from records by strings, and from packets by bytes. */
function printHere(path: string, options: Partial<TextPrinterOptions> = {}, readOptions: ReadOptions = {}): Printed {
  const printed = printRecords(path, options, readOptions);
  const fast = { output: '', warnings: '' };
  const traceSet = openTraceDirectory(path);
  const writeWarning = (text: string): void => void (fast.warnings += text);
  const pieces = Array.from(readText(traceSet, { ...options, ...readOptions, writeWarning }), (piece) => piece.slice());
  fast.output = Buffer.concat(pieces).toString();
  traceSet.close();
  assert.deepEqual(fast, printed, 'readText prints what createTextPrinter does');
  return printed;
}

function printRecords(path: string, options: Partial<TextPrinterOptions>, readOptions: ReadOptions): Printed {
  const printed = { output: '', warnings: '' };
  const traceSet = openTraceDirectory(path);
  const printer = createTextPrinter({
    ...options,
    write: (text) => (printed.output += text),
    writeWarning: (text) => (printed.warnings += text),
  });
  for (const item of readEventRecords(traceSet, readOptions)) printer.print(item);
  printer.flush();
  traceSet.close();
  return printed;
}

function printThere(path: string, options: readonly string[] = []): Printed {
  const { status, stdout, stderr } = spawnSync('babeltrace2', [...options, path], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    // Colours are for terminals, unless this forces them.
    env: { ...process.env, ...(options.includes('--color=always') ? { BABELTRACE_TERM_COLOR: 'always' } : {}) },
  });
  assert.equal(status, 0, stderr);
  // The command itself ends colours on both outputs when it exits.
  const mend = (text: string): string => text.replace(/(^|\n)\x1b\[0m$/, '$1');
  return { output: mend(stdout), warnings: mend(stderr) };
}

function record(t: TestContext, name: string, options: Omit<LttngTraceOptions, 'directory'>): string | undefined {
  if (missing !== undefined || lttng === undefined) {
    t.skip(missing ?? 'LTTng did not start');
    return undefined;
  }
  const path = join(directory, name);
  lttng.record({ ...options, directory: path });
  return path;
}

test('prints every field type, context and enumeration of an LTTng trace as babeltrace2 does, in every option', (t) => {
  const path = record(t, 'all', { events: 'all', count: 60, contexts: ['vpid', 'vtid', 'procname', 'ip'] });
  if (path === undefined) return;
  const there = printThere(path);
  assert.equal(there.output.split('\n').length, 121);
  assert.deepEqual(printHere(path), there);
  assert.deepEqual(printHere(path, { withoutGeneratedCode: true }, { decoder: 'interpreted' }), there);
  const options: readonly (readonly [readonly string[], Partial<TextPrinterOptions>])[] = [
    [['--clock-seconds', '--no-delta'], { clockSeconds: true, noDelta: true }],
    [['--clock-date', '--clock-gmt'], { clockDate: true, clockGmt: true }],
    [['--clock-cycles'], { clockCycles: true }],
    [['--names=none', '--fields=emf'], { names: [], fields: ['emf'] }],
    [
      ['--names=all', '--fields=all'],
      {
        names: ['payload', 'context', 'header', 'scope'],
        fields: ['trace', 'trace:hostname', 'trace:domain', 'trace:procname', 'trace:vpid', 'loglevel', 'emf'],
      },
    ],
    [
      ['--names=header', '--fields=trace,loglevel', '--no-delta'],
      { names: ['header'], fields: ['trace', 'loglevel'], noDelta: true },
    ],
    [['--color=always'], { color: true }],
    [['--color=always', '--names=all', '--fields=all'], { color: true, names: ALL_NAMES, fields: ALL_FIELDS }],
    [['--names=scope', '--fields=trace,trace:domain'], { names: ['scope'], fields: ['trace', 'trace:domain'] }],
  ];
  for (const [theirs, ours] of options)
    assert.deepEqual(printHere(path, ours), printThere(path, theirs), theirs.join(' '));
});

test('prints the trace of one process with its name and pid, opened from above and at its own directory', (t) => {
  const path = record(t, 'pid', { events: 'all', count: 8, channelOptions: ['--buffers-pid'] });
  if (path === undefined) return;
  assert.deepEqual(printHere(path), printThere(path));
  const [trace] = openTraceDirectory(path).traces;
  const own = join(path, trace!.name);
  assert.deepEqual(printHere(own), printThere(own));
});

test('warns of discarded event records in the same words', (t) => {
  const path = record(t, 'discard', {
    events: 'pairs',
    count: 100_000,
    channelOptions: ['--subbuf-size=4096', '--num-subbuf=2'],
  });
  if (path === undefined) return;
  const there = printThere(path);
  assert.match(there.warnings, /Tracer discarded \d+ events/);
  assert.deepEqual(printHere(path), there);
  const counts = countEventRecords(openTraceDirectory(path));
  assert.equal(counts.records + counts.discardedEventRecords, 200_000n);
  assert.equal(Number(counts.records), there.output.split('\n').length - 1);
});

test('warns of discarded packets in the same words', (t) => {
  const path = record(t, 'overwrite', {
    events: 'pairs',
    count: 100_000,
    channelOptions: ['--overwrite', '--subbuf-size=4096', '--num-subbuf=2'],
  });
  if (path === undefined) return;
  const there = printThere(path);
  assert.match(there.warnings, /Tracer discarded \d+ packet/);
  assert.deepEqual(printHere(path), there);
});

test('reads the files of a rotated stream as one', (t) => {
  const path = record(t, 'rotated', {
    events: 'pairs',
    count: 5000,
    channelOptions: ['--tracefile-size=16384', '--subbuf-size=4096', '--num-subbuf=8'],
  });
  if (path === undefined) return;
  const there = printThere(path);
  assert.deepEqual(printHere(path), there);
});

test('begins in the middle with the index, without it and with a wrong one, as babeltrace2 trims', (t) => {
  const path = record(t, 'trimmed', {
    events: 'pairs',
    count: 20_000,
    channelOptions: ['--subbuf-size=4096', '--num-subbuf=64'],
  });
  if (path === undefined) return;
  const times = [...readEventRecords(openTraceDirectory(path))].map((item) =>
    isEventRecord(item) ? item.timeNs! : item.beginNs!,
  );
  const begin = times[Math.floor(times.length / 2)]!;
  const end = times[Math.floor(times.length * 0.9)]!;
  const seconds = (time: bigint): string =>
    `${time / 1_000_000_000n}.${String(time % 1_000_000_000n).padStart(9, '0')}`;
  const there = printThere(path, [`--begin=${seconds(begin)}`, `--end=${seconds(end)}`]);
  assert.equal(printHere(path, {}, { begin, end }).output, there.output);
  const [trace] = openTraceDirectory(path).traces;
  const index = join(path, trace!.name, 'index');
  for (const name of readdirSync(index)) {
    const bytes = readFileSync(join(index, name));
    // Entries of 72 bytes after a header of 16; the first's size is wrong now.
    bytes.writeBigUInt64BE(8n, 16 + 8);
    writeFileSync(join(index, name), bytes);
  }
  assert.equal(printHere(path, {}, { begin, end }).output, there.output);
  rmSync(index, { recursive: true });
  assert.equal(printHere(path, {}, { begin, end }).output, there.output);
});

test('a trace converted to CTF 2, and back to 1.8, prints the same as the one that LTTng wrote', (t) => {
  for (const [name, options] of [
    ['convert-all', { events: 'all', count: 20, contexts: ['vpid', 'procname'] }],
    [
      'convert-losses',
      { events: 'pairs', count: 20_000, channelOptions: ['--overwrite', '--subbuf-size=4096', '--num-subbuf=2'] },
    ],
  ] as const) {
    const path = record(t, name, options);
    if (path === undefined) return;
    const there = printThere(path);
    const convert = (from: string, version: '1.8' | '2'): string => {
      const to = `${from}-${version}`;
      const traceSet = openTraceDirectory(from);
      convertToCtf(traceSet, to, { version });
      traceSet.close();
      return to;
    };
    const newer = convert(path, '2');
    assert.equal(printHere(newer).output, there.output);
    const older = convert(newer, '1.8');
    assert.equal(printThere(older).output, there.output);
    const mend = (warnings: string): string => warnings.replaceAll(older, path);
    assert.equal(mend(printThere(older).warnings), there.warnings);
  }
});

test('prints details of classes, streams, packets, records and losses as babeltrace2 does', (t) => {
  for (const [name, options] of [
    ['details-all', { events: 'all', count: 20, contexts: ['vpid', 'procname'] }],
    ['details-losses', { events: 'pairs', count: 20_000, channelOptions: ['--subbuf-size=4096', '--num-subbuf=2'] }],
    ['details-pid', { events: 'all', count: 4, channelOptions: ['--buffers-pid'] }],
  ] as const) {
    const path = record(t, name, options);
    if (path === undefined) return;
    for (const compact of [false, true]) {
      let text = '';
      const traceSet = openTraceDirectory(path);
      const printer = createDetailsPrinter({ write: (part) => (text += part), compact });
      for (const message of readMessages(traceSet)) printer.print(message);
      traceSet.close();
      const there = printThere(path, ['-c', 'sink.text.details', '-p', `compact=${compact}`]);
      assert.equal(text, there.output);
    }
  }
});
