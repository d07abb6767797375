// SPDX-License-Identifier: MIT
// Damaged metadata and damaged packets: a `CtfError` or a result, never another exception, an endless
// loop or memory without bound. 10 000 cases; LOCKSTEP_TEST_LONG makes them 100 000, and
// LOCKSTEP_MUTATIONS any number (`node scripts/fuzz-ctf.mjs` runs a million).

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import fc from 'fast-check';
import { CtfError } from '@lockstep/base';
import { decodeMetadata } from '../metadata/metadata-packets.ts';
import type { DataStream, Trace } from '../model/event-record.ts';
import type { TraceClass } from '../model/trace-class.ts';
import { arbitraryBytes, arbitraryTraceClass } from '../testing/arbitrary-trace.ts';
import { mutate, Random } from '../testing/mutations.ts';
import { createDataStreamReader } from './data-stream-reader.ts';
import { memoryMedium } from './medium.ts';
import { countPacket, PacketReader } from './packet-reader.ts';
import { traceDecoderOf, type DecoderKind } from './trace-decoder.ts';

const CASES = Number(
  process.env['LOCKSTEP_MUTATIONS'] ?? (process.env['LOCKSTEP_TEST_LONG'] === undefined ? 10_000 : 100_000),
);
const SEED = Number(process.env['LOCKSTEP_SEED'] ?? 1);
/** Generous: the machine may be busy. What is meant is minutes. */
const SLOWEST_MS = 10_000;
const corpus = fileURLToPath(new URL('../../../../../test/conformance/metadata/succeed/', import.meta.url));

/** Runs one case; anything but a CtfError fails the test and says how to repeat it. */
function attempt(name: string, work: () => void): boolean {
  const begin = performance.now();
  try {
    work();
    return true;
  } catch (error) {
    if (!(error instanceof CtfError)) {
      const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
      assert.fail(`${name}: ${stack}`);
    }
    return false;
  } finally {
    const took = performance.now() - begin;
    assert.ok(took < SLOWEST_MS, `${name} took ${took} ms`);
  }
}

function readAll(traceClass: TraceClass, bytes: Uint8Array, decoder: DecoderKind): void {
  const trace: Trace = { name: 'hostile', traceClass, dataStreams: [] };
  const dataStreamClass = [...traceClass.dataStreamClasses.values()][0]!;
  const dataStream: DataStream = { name: 'stream', trace, dataStreamClass, id: undefined };
  const reader = createDataStreamReader({ dataStream, medium: memoryMedium(bytes), decoder });
  let items = 0;
  while (reader.next() !== undefined) items++;
  assert.ok(items <= bytes.length * 8 + 1);
}

test('damaged metadata of both versions is refused with a CtfError, or means something', () => {
  const sources = readdirSync(corpus).map((name) => ({ name, bytes: readFileSync(join(corpus, name, 'metadata')) }));
  let accepted = 0;
  for (let i = 0; i < CASES / 2; i++) {
    const seed = SEED * 1_000_003 + i;
    const random = new Random(seed);
    const { name, bytes } = random.pick(sources);
    const damaged = mutate(bytes, random, true);
    const isAccepted = attempt(`metadata ${name} seed=${seed}`, () => {
      const traceClass = decodeMetadata(damaged);
      // What is accepted must also be readable without a crash.
      if (traceClass.dataStreamClasses.size > 0) {
        try {
          readAll(traceClass, mutate(new Uint8Array(64), random, false), 'generated');
        } catch (error) {
          if (!(error instanceof CtfError)) throw error;
        }
      }
    });
    if (isAccepted) accepted++;
  }
  assert.ok(accepted > CASES / 200 && accepted < CASES / 2, `${accepted} were accepted`);
});

test('damaged packets are refused with a CtfError, or decode, by generated code, by its twin and by counting', () => {
  const classes = fc.sample(arbitraryTraceClass, { numRuns: 60, seed: 77 });
  const packets = fc.sample(arbitraryBytes, { numRuns: 60, seed: 78 });
  for (let i = 0; i < CASES / 2; i++) {
    const seed = SEED * 1_000_003 + i;
    const random = new Random(seed);
    const traceClass = random.pick(classes);
    const damaged = mutate(random.pick(packets), random, false);
    const name = `packet seed=${seed}`;
    attempt(name, () => readAll(traceClass, damaged, 'generated'));
    if (i % 4 === 0) attempt(name, () => readAll(traceClass, damaged, 'interpreted'));
    attempt(name, () => {
      const decoder = traceDecoderOf(traceClass, 'generated');
      const reader = new PacketReader({ decoder, medium: memoryMedium(damaged), streamName: 'x', windowBytes: 256 });
      while (reader.next()) countPacket(reader);
    });
  }
  const { rss } = process.memoryUsage();
  assert.ok(rss < 600 << 20, `${rss} bytes of memory are in use`);
});
