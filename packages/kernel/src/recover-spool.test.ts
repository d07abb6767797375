// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ProtocolError } from '@lockstep/base';
import { decodeIndex } from '@lockstep/ctf/write';
import { ChunkConverter } from './chunk-converter.ts';
import { recoverKernelSpool } from './recover-spool.ts';
import {
  ENTRY_HEADER_SIZE_BYTES,
  spoolDescriptionText,
  spoolPath,
  SpoolProgress,
  writeEntryHeader,
  writeSpoolDescription,
  type SpoolDescription,
} from './spool.ts';
import { event, rawPage, u64 } from './testing/raw-page.ts';

const PAGE_SIZE_BYTES = 4096;
const RECORDS_PER_PAGE = 20;

interface Spool {
  readonly state: string;
  readonly output: string;
  readonly description: SpoolDescription;
}

function makeSpool(t: TestContext): Spool {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-spool-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const state = `${directory}/.lockstep`;
  const output = `${directory}/kernel`;
  mkdirSync(state);
  mkdirSync(`${output}/index`, { recursive: true });
  const description: SpoolDescription = {
    version: 2,
    outputDirectory: '/nonexistent',
    uuid: '2a6422d0-6cee-11e0-8c08-cb07d7b3a564',
    plans: [{ id: 7, sizeBytes: 16, alignment: 8, steps: [{ kind: 'integer', from: 8, sizeBytes: 8 }] }],
    streams: [0, 1].map((cpuId) => ({ fileName: `k_${cpuId}`, streamClassId: 3, cpuId })),
    channels: [],
  };
  writeSpoolDescription(state, spoolDescriptionText(description, JSON.stringify(description.plans)));
  return { state, output, description };
}

function pageAt(time: bigint): Uint8Array {
  return rawPage(
    Array.from({ length: RECORDS_PER_PAGE }, (_, index) => event(1, 7, 1, u64(BigInt(index)))),
    { time, sizeBytes: PAGE_SIZE_BYTES },
  );
}

function entry(stream: number, times: readonly bigint[]): Uint8Array {
  const pages = times.map(pageAt);
  const bytes = new Uint8Array(ENTRY_HEADER_SIZE_BYTES + pages.length * PAGE_SIZE_BYTES);
  writeEntryHeader(bytes, { stream, sizeBytes: pages.length * PAGE_SIZE_BYTES, pageSizeBytes: PAGE_SIZE_BYTES });
  pages.forEach((page, index) => bytes.set(page, ENTRY_HEADER_SIZE_BYTES + index * PAGE_SIZE_BYTES));
  return bytes;
}

/** The packets of a stream: that they are contiguous, in order and whole, and what they begin with. */
function packetBegins(output: string, name: string): bigint[] {
  const entries = decodeIndex(readFileSync(`${output}/index/${name}.idx`), name);
  let offset = 0n;
  entries.forEach((packet, index) => {
    assert.deepEqual([packet.offsetBytes, packet.sequenceNumber], [offset, BigInt(index)]);
    offset += packet.packetSizeBits / 8n;
  });
  assert.equal(BigInt(statSync(`${output}/${name}`).size), offset);
  return entries.map((packet) => packet.timestampBegin);
}

test('what was spooled becomes packets, an entry cut off is left out, and nothing is done twice', (t) => {
  const { state, output } = makeSpool(t);
  const first = Buffer.concat([entry(0, [1000n, 2000n]), entry(1, [1500n])]);
  writeFileSync(spoolPath(state, 0n), first);
  const cut = entry(0, [4000n]).subarray(0, 100);
  writeFileSync(spoolPath(state, BigInt(first.length)), Buffer.concat([entry(0, [3000n]), cut]));
  assert.deepEqual(recoverKernelSpool(state, output), { recordCount: 4 * RECORDS_PER_PAGE, ignoredBytes: 100 });
  assert.deepEqual(packetBegins(output, 'k_0'), [1001n]);
  assert.deepEqual(packetBegins(output, 'k_1'), [1501n]);
  assert.deepEqual([readdirSync(state), recoverKernelSpool(state, output)], [[], undefined]);
});

test('packets of an entry whose conversion was interrupted are made anew, those before it are kept', (t) => {
  const { state, output, description } = makeSpool(t);
  const entries = [entry(0, [1000n]), entry(0, [2000n])];
  writeFileSync(spoolPath(state, 0n), Buffer.concat(entries));
  // The killed recording: the first entry converted and flushed, the second begun, its packet half written.
  const converter = new ChunkConverter({ ...description, outputDirectory: output }, output);
  const convert = (bytes: Uint8Array): void => {
    const pages = bytes.slice(ENTRY_HEADER_SIZE_BYTES);
    converter.convert(
      { stream: 0, sizeBytes: pages.length, pageSizeBytes: PAGE_SIZE_BYTES },
      new Int32Array(pages.buffer),
      pages,
      0,
    );
    converter.flush();
  };
  convert(entries[0] as Uint8Array);
  const progress = new SpoolProgress(state, description.streams.length);
  progress.write(BigInt((entries[0] as Uint8Array).length), converter.packetCounts);
  progress.close();
  convert(entries[1] as Uint8Array);
  converter.close();
  truncateSync(`${output}/k_0`, statSync(`${output}/k_0`).size - 9);
  assert.equal(recoverKernelSpool(state, output)?.recordCount, RECORDS_PER_PAGE);
  assert.deepEqual(packetBegins(output, 'k_0'), [1001n, 2001n]);
});

test('a directory without a spool has nothing to finish, a damaged description is said', (t) => {
  const { state, output } = makeSpool(t);
  assert.equal(recoverKernelSpool(`${state}/none`, output), undefined);
  const withPlan = (plan: object): string =>
    spoolDescriptionText(
      { outputDirectory: output, uuid: 'u', streams: [], channels: [] },
      JSON.stringify([{ id: 1, sizeBytes: 8, alignment: 1, steps: [], ...plan }]),
    );
  // Code is made of these.
  const hostile = [
    { id: '0]=process.exit(9);[' },
    { id: -1 },
    { alignment: 3 },
    { steps: [{ kind: 'integer', from: '0]=process.exit(9);[', sizeBytes: 4 }] },
    { steps: [{ kind: 'sequence', from: 0, isRelative: false, elementSizeBytes: 1e9 }] },
  ];
  for (const text of [
    ...hostile.map(withPlan),
    '{',
    '{"version":99}',
    'null',
    '{"version":1,"plans":[],"streams":[{"fileName":"../x"}],"uuid":"u"}',
  ]) {
    writeFileSync(`${state}/kernel-spool.json`, text);
    assert.throws(() => recoverKernelSpool(state, output), ProtocolError);
  }
  assert.ok(!existsSync(`${output}/k_0`));
});
