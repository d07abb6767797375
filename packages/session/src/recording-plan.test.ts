// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEventRules } from './event-rules.ts';
import { makeTracingPlan } from './recording-plan.ts';

const options = { userRules: [], isSamplerWanted: true, isSnapshot: false };

test('with no rule everything is recorded, sampled and instrumented', () => {
  const plan = makeTracingPlan(options);
  assert.deepEqual(plan.rules, [{ pattern: '*', channel: 'channel0' }]);
  assert.ok(plan.instrumentNode && plan.samplerIntervalUs > 0);
});

test('Node is instrumented only when a rule can match an event of it', () => {
  const isInstrumented = (pattern: string): readonly [boolean, boolean] => {
    const plan = makeTracingPlan({ ...options, userRules: [{ pattern }] });
    return [plan.instrumentNode, plan.samplerIntervalUs > 0];
  };
  assert.deepEqual(isInstrumented('shop:*'), [false, false]);
  assert.deepEqual(isInstrumented('node:gc'), [true, false]);
  assert.deepEqual(isInstrumented('node:cpu_*'), [true, true]);
  assert.deepEqual(isInstrumented('n*'), [true, true]);
  assert.deepEqual(isInstrumented('*gc'), [true, true]);
});

test('a flight recorder overwrites', () => {
  assert.equal(makeTracingPlan({ ...options, isSnapshot: true }).channels[0]?.mode, 'overwrite');
  assert.equal(makeTracingPlan(options).channels[0]?.mode, 'discard');
});

test('rules keep their level and the text of their filter', async () => {
  const { user, kernel } = await parseEventRules(['shop:*@info.. if total > 5 && sku == "a b"'], ['syscall:open*']);
  assert.deepEqual(user, [{ pattern: 'shop:*', logLevel: { atLeast: 6 }, filter: 'total > 5 && sku == "a b"' }]);
  assert.equal(kernel[0]?.kind, 'syscall');
});
