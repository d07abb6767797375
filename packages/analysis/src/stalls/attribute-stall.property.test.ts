// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timeline } from '../testing/timeline.ts';
import { analyzeStalls } from './analyze-stalls.ts';
import { flatten } from './flatten.ts';

/** A row of a picture: runs of letters out of `letters`. */
function row(letters: string, width: number): fc.Arbitrary<string> {
  return fc
    .array(fc.record({ letter: fc.constantFrom(...letters.split('')), length: fc.integer({ min: 1, max: 12 }) }), {
      minLength: width,
      maxLength: width,
    })
    .map((runs) =>
      runs
        .map(({ letter, length }) => letter.repeat(length))
        .join('')
        .slice(0, width),
    );
}

test('the parts of every stall sum to its duration, whatever overlaps what', () => {
  const width = 60;
  const picture = fc.record({
    cpu: row('MMMFG.', width),
    wait: row('  sw', width),
    sys: row('  rf', width),
    irq: row('    it', width),
    gc: row('   sm', width),
    op: row('   RJ', width),
    js: row('aabcdnpzg ', width),
    hasKernel: fc.boolean(),
    late: fc.constantFrom(0, 250, 2000),
  });
  fc.assert(
    fc.property(picture, ({ cpu, wait, sys, irq, gc, op, js, hasKernel, late }) => {
      const rows = [`gc |${gc}`, `op |${op}`, `js |${js}`, `loop |  [${'='.repeat(width - 6)}]`];
      if (hasKernel) rows.push(`cpu0 |${cpu}`, `wait |${wait}`, `sys |${sys}`, `irq |${irq}`);
      const { stalls } = analyzeStalls(timeline(rows.join('\n'), { gcLateMs: late / 8, samplesLateMs: late }));
      const stall = stalls.find(({ kind }) => kind === 'iteration');
      // A picture that begins with a long wait leaves none.
      if (stall === undefined) return;
      const partMs = stall.parts.reduce((ms, part) => ms + part.ms, 0);
      const causeMs = stall.causes.reduce((ms, cause) => ms + cause.ms, 0);
      assert.ok(Math.abs(partMs - stall.durationMs) < 1e-6, `parts sum to ${partMs} of ${stall.durationMs}`);
      assert.ok(Math.abs(causeMs - stall.durationMs) < 1e-6, `causes sum to ${causeMs} of ${stall.durationMs}`);
      assert.ok(stall.parts.every((part) => part.ms > 0));
    }),
    { numRuns: 300 },
  );
});

test('flattened intervals do not overlap, cover what they covered, and the last begun wins', () => {
  const intervals = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 20 }))
      .map(([begin, length]) => ({ begin, end: begin + length })),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(intervals, (list) => {
      const pieces = flatten(list, 5, 45);
      for (let time = 5; time < 45; time += 1) {
        const covering = list.filter((interval) => interval.begin <= time && time < interval.end);
        const found = pieces.filter((piece) => piece.begin <= time && time < piece.end);
        assert.equal(found.length, covering.length === 0 ? 0 : 1);
        const latest = Math.max(...covering.map(({ begin }) => begin));
        if (found[0] !== undefined) assert.equal(found[0].of.begin, latest);
      }
    }),
  );
});
