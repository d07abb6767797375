// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CONTROL_GENERATION_WORD,
  CONTROL_HEADER_SIZE_BYTES,
  CONTROL_SIZE_BYTES,
  initializeControlPage,
  publishPlan,
  readControlPage,
  type TracingPlan,
} from './index.ts';

const identity = { clockKind: 'tsc', frequency: 2_250_000_123n, ownerPid: 42 } as const;
const plan: TracingPlan = {
  channels: [{ name: 'channel0', id: 0, mode: 'discard', subBufferSizeBytes: 4096, subBufferCount: 4 }],
  rules: [{ pattern: 'café:*', channel: 'channel0' }],
  samplerIntervalUs: 1000,
  instrumentNode: true,
};

function makePage(): ArrayBuffer {
  const memory = new ArrayBuffer(CONTROL_SIZE_BYTES);
  initializeControlPage(memory, identity, plan);
  return memory;
}

test('what a session publishes is what a program reads', () => {
  const memory = makePage();
  assert.deepEqual(readControlPage(memory), { generation: 1, state: 'inactive', ...identity, plan });
  const later = { ...plan, samplerIntervalUs: 0 };
  publishPlan(memory, 'active', later);
  assert.deepEqual(readControlPage(memory), { generation: 2, state: 'active', ...identity, plan: later });
});

test('a change writes only the area that no reader of the present generation reads', () => {
  const memory = makePage();
  const areaSize = (CONTROL_SIZE_BYTES - CONTROL_HEADER_SIZE_BYTES) / 2;
  const current = (memory0: ArrayBuffer, generation: number): Uint8Array =>
    new Uint8Array(memory0, CONTROL_HEADER_SIZE_BYTES + (generation & 1) * areaSize, 500).slice();
  const before = current(memory, 1);
  publishPlan(memory, 'active', { ...plan, rules: [] });
  assert.deepEqual(current(memory, 1), before);
  assert.equal(new Int32Array(memory)[CONTROL_GENERATION_WORD], 2);
});

test('rules that do not fit are refused and change nothing', () => {
  const memory = makePage();
  const rules = Array.from({ length: 20_000 }, () => ({ pattern: 'a'.repeat(100), channel: 'channel0' }));
  assert.throws(() => publishPlan(memory, 'active', { ...plan, rules }), /do not fit into the control page/);
  assert.equal(readControlPage(memory).generation, 1);
});

test('bytes that are no control page are a ProtocolError and nothing else', () => {
  assert.throws(() => readControlPage(new ArrayBuffer(10)), { name: 'ProtocolError' });
  assert.throws(() => readControlPage(new ArrayBuffer(CONTROL_SIZE_BYTES)), { name: 'ProtocolError' });
  for (const [word, value] of [
    [1, 99],
    [10, -1],
    [10, 0x7fff_ffff],
  ] as const) {
    const memory = makePage();
    new Int32Array(memory)[word] = value;
    assert.throws(() => readControlPage(memory), { name: 'ProtocolError' }, `word ${word}`);
  }
  const damaged = makePage();
  new Uint8Array(damaged, CONTROL_HEADER_SIZE_BYTES).fill(0xff);
  assert.throws(() => readControlPage(damaged), { name: 'ProtocolError' });
});
