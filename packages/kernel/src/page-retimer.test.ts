// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ClockHistory, ClockHistoryWriter, type ClockSegment } from '@lockstep/clock';
import fc from 'fast-check';
import { PageRetimer } from './page-retimer.ts';
import { discarded, event, rawPage, timeExtend, timeStamp, type RawRecord } from './testing/raw-page.ts';

const ORIGIN = { cycles: 5_000_000_000_000n, ns: 77_000_000_000n };

/** 2 GHz, then half as fast, then a jump of 70 ms. */
const SEGMENTS: readonly ClockSegment[] = [
  { startCycles: 0, startNs: 0, nsPerCycle: 0.5 },
  { startCycles: 1_000_000, startNs: 500_000, nsPerCycle: 1 },
  { startCycles: 2_000_000, startNs: 71_500_000, nsPerCycle: 0.5 },
];

function openHistory(t: TestContext): ClockHistory {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-retimer-'));
  const path = join(directory, 'history');
  const writer = new ClockHistoryWriter(path, 2, 64, ORIGIN);
  for (const segment of SEGMENTS) writer.append(1, segment);
  writer.close();
  const history = new ClockHistory(path);
  history.refresh();
  t.after(() => {
    history.close();
    rmSync(directory, { recursive: true });
  });
  return history;
}

/** Times of the events of a page, the plain way. */
function timesOf(page: Uint8Array): bigint[] {
  const view = new DataView(page.buffer);
  let time = view.getBigUint64(0, true);
  const end = 16 + (view.getUint32(8, true) & 0x7ff_ffff);
  const times: bigint[] = [];
  for (let at = 16; at < end;) {
    const word = view.getUint32(at, true);
    const type = word & 31;
    const delta = BigInt(word >>> 5);
    if (type === 30) {
      time += delta + (BigInt(view.getUint32(at + 4, true)) << 27n);
      at += 8;
    } else if (type === 31) {
      time = (time & (31n << 59n)) | (BigInt(view.getUint32(at + 4, true)) << 27n) | delta;
      at += 8;
    } else if (type === 29) {
      time += delta;
      at += 4 + view.getUint32(at + 4, true);
    } else {
      time += delta;
      times.push(time);
      at += type === 0 ? 4 + ((view.getUint32(at + 4, true) + 3) & ~3) : 4 + type * 4;
    }
  }
  return times;
}

function retime(history: ClockHistory, page: Uint8Array, cpu = 1): Uint8Array {
  const copy = page.slice();
  new PageRetimer(history, cpu).retime(new Int32Array(copy.buffer), 0, copy.length);
  return copy;
}

test('every record gets the ns that the page of its CPU told at its cycles', (t) => {
  const history = openHistory(t);
  const page = rawPage(
    [
      event(0, 7, 1, [1, 2, 3, 4]),
      event(999_990, 7, 1, []),
      event(
        20,
        8,
        1,
        Array.from({ length: 200 }, () => 9),
      ),
      timeExtend(300_000n),
      event(5, 7, 1, []),
      discarded(100, 12),
      timeStamp(ORIGIN.cycles + 1_999_999n),
      event(0, 7, 1, []),
      // Across the jump: 70 ms do not fit into this record's 27 bits of ns, but nearly.
      event(11, 7, 1, []),
      event(2, 7, 1, []),
    ],
    { time: ORIGIN.cycles },
  );
  const cycles = timesOf(page);
  const timeline = history.timeline(1);
  const expected = cycles.map((reading) => ORIGIN.ns + BigInt(timeline?.readReading(reading) ?? -1));
  assert.deepEqual(timesOf(retime(history, page)), expected);
  assert.equal(expected[0], ORIGIN.ns);
  assert.ok((expected[5] ?? 0n) - (expected[4] ?? 0n) > 60_000_000n);
});

test('a page of a CPU that the keeper never saw stays as it is', (t) => {
  const history = openHistory(t);
  const page = rawPage([event(5, 7, 1, [])], { time: ORIGIN.cycles });
  assert.deepEqual(retime(history, page, 0), page);
});

test('no page makes it throw, hang or write outside of it, and time never goes back', (t) => {
  const history = openHistory(t);
  const records = fc.array(
    fc.oneof(
      fc.nat({ max: 3_000_000 }).map((delta): RawRecord => event(delta, 7, 1, [])),
      fc.nat({ max: 2 ** 40 }).map((delta): RawRecord => timeExtend(BigInt(delta))),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(records, fc.nat({ max: 1_000_000 }), (list, start) => {
      const times = timesOf(retime(history, rawPage(list, { time: ORIGIN.cycles + BigInt(start) })));
      assert.deepEqual(
        times,
        times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
      );
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 256, maxLength: 256 }), (bytes) => {
      const memory = new Uint8Array(768);
      memory.set(bytes, 256);
      // A size of data that is believed makes more of the bytes be walked.
      new DataView(memory.buffer).setUint32(256 + 8, 240, true);
      new PageRetimer(history, 1).retime(new Int32Array(memory.buffer), 256, 256);
      assert.ok(
        memory.subarray(0, 256).every((byte) => byte === 0) && memory.subarray(512).every((byte) => byte === 0),
      );
    }),
    { numRuns: 2000 },
  );
});
