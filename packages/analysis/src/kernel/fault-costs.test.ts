// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultCosts } from './fault-costs.ts';

function touch(costs: FaultCosts, count: number, servedNs: number, gapNs: number): void {
  for (let i = 0; i < count; i += 1) {
    costs.addServed(servedNs);
    costs.shareOfGap(gapNs);
  }
}

test('what the quickest gaps between faults last is the fault’s own; the rest is the program’s', () => {
  const costs = new FaultCosts();
  assert.equal(costs.shareOfGap(700), 0, 'nothing is known at first');
  touch(costs, 200, 1000, 640);
  touch(costs, 312, 1000, 3000);
  assert.equal(costs.shareOfGap(3000), 640);
  assert.equal(costs.shareOfGap(300), 300, 'never more than the gap');
});

test('a program that always works between its faults is not taken for slow faults', () => {
  const costs = new FaultCosts();
  touch(costs, 512, 500, 3500);
  assert.equal(costs.shareOfGap(3500), 500);
});
