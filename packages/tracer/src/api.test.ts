// SPDX-License-Identifier: MIT
// The public functions in a process that has no session, and what definitions refuse.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { InputError } from '@lockstep/base';
import { loadNative } from '@lockstep/native';
import { SESSION_VARIABLE } from '@lockstep/protocol';
import { array, counter, enumeration, int32, int64, sequence, slice, string, struct, tracepoint } from './index.ts';
import { PACKET_HEADER_BYTES } from './packet-client.ts';
import { generateStubSource, makeStub } from './stub.ts';
import { openRings, planOf, readClasses, startTestSession, takePackets } from './testing/test-session.ts';

test('without a session tracepoints are off and harmless', () => {
  const placed = tracepoint('shop:placed', { id: int32 });
  placed(1);
  assert.equal(placed.enabled, false);
  assert.equal(placed.name, 'shop:placed');
  const render = slice('shop:render', { page: string });
  assert.equal(render.begin('home'), 0);
  render.end(0);
  assert.equal(
    render.run(() => 7, 'home'),
    7,
  );
  counter('shop:queue', int32)(3);
});

test('a definition that cannot be is refused with a sentence', () => {
  const wrong: (() => unknown)[] = [
    () => tracepoint(''),
    () => tracepoint('a"b'),
    () => tracepoint('a:b', { 'not a name': int32 }),
    () =>
      tracepoint('a:b', [
        ['id', int32],
        ['id', int32],
      ]),
    () => tracepoint('a:b', { id: undefined as never }),
    () => tracepoint('a:b', {}, { logLevel: 'loud' as never }),
    () => enumeration({}),
    () => enumeration({ half: 0.5 }),
    () => enumeration({ big: 1 }, int64 as never),
    () => enumeration({ text: 1 }, string as never),
    () => array(int32, 0),
    () => sequence(sequence(int32)),
    () => struct({}),
  ];
  for (const define of wrong) assert.throws(define, InputError, String(define));
});

test('the generated source of a stub is this', () => {
  assert.equal(
    generateStubSource('shop:placed\n', 2, 5, 2),
    `"use strict";
// shop:placed? 5
let record;
function tracepoint(a0, a1) {
  if (control[2] !== seen[0]) look();
  if (record !== undefined) record(a0, a1);
}
return {
  call: tracepoint,
  setRecord(next) { record = next; },
  isEnabled() { if (control[2] !== seen[0]) look(); return record !== undefined; },
};
`,
  );
});

test('stubs of all kinds pass their arguments on, look when the generation moved, and can be turned off', () => {
  for (let index = 0; index < 300; index++) {
    const argumentCount = index % 9;
    const control = new Int32Array(4);
    const seen = new Int32Array(1);
    let lookCount = 0;
    const look = (): void => {
      lookCount++;
      seen[0] = control[2]!;
    };
    const stub = makeStub('a:b', argumentCount, { control, generationWord: 2, seen, look });
    const values = Array.from({ length: argumentCount }, (_, position) => position);
    stub.call(...values);
    assert.equal(stub.isEnabled(), false);
    const got: unknown[][] = [];
    stub.setRecord((...received) => got.push(received));
    stub.call(...values);
    assert.deepEqual(got, [values]);
    assert.equal(stub.isEnabled(), true);
    control[2] = 1;
    stub.call(...values);
    stub.setRecord(undefined);
    stub.call(...values);
    assert.deepEqual([got.length, lookCount], [2, 1]);
  }
});

test(
  'a slice is two events with one id, a counter one with its value',
  { skip: loadNative() === undefined ? 'needs the native addon' : false },
  (t) => {
    const session = startTestSession(planOf([{}]));
    t.after(() => session.close());
    const source = `
    import { slice, counter, int32, string } from ${JSON.stringify(new URL('./index.js', import.meta.url).href)};
    const render = slice('shop:render', { page: string });
    render.end(render.begin('home'));
    await render.run(async () => {}, 'cart');
    try { render.run(() => { throw new Error(); }, 'pay'); } catch {}
    counter('shop:queue', int32)(-3);
  `;
    const result = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
      encoding: 'utf8',
      env: { ...process.env, [SESSION_VARIABLE]: session.directory },
    });
    assert.equal(result.status, 0, result.stderr);
    const [directory = ''] = session.processDirectories();
    const names = new Map(readClasses(directory).map(({ id, name }) => [id, name]));
    const [ring] = openRings(directory);
    assert(ring !== undefined);
    const [packet] = takePackets(ring.reader);
    assert(packet !== undefined);
    const view = new DataView(packet.buffer, packet.byteOffset);
    const seen: [string | undefined, number][] = [];
    for (let at = PACKET_HEADER_BYTES; at < packet.length;) {
      at = (at + 7) & -8;
      const name = names.get(view.getUint16(at, true));
      seen.push([name, view.getInt32(at + 8, true)]);
      at = name === 'shop:render_begin' ? packet.indexOf(0, at + 12) + 1 : at + 12;
    }
    assert.deepEqual(seen, [
      ['shop:render_begin', 1],
      ['shop:render_end', 1],
      ['shop:render_begin', 2],
      ['shop:render_end', 2],
      ['shop:render_begin', 3],
      ['shop:render_end', 3],
      ['shop:queue', -3],
    ]);
  },
);
