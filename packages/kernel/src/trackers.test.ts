// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '@lockstep/base';
import { parseContexts } from './context-fields.ts';
import { parseTrackers, threadsToTrack } from './trackers.ts';

test('values of one kind are one set, and a record has to be in all sets', () => {
  assert.equal(
    parseTrackers(['pid=1,2', 'name=no*', 'pid=3', 'uid=root']),
    '($ctx.pid == 1 || $ctx.pid == 2 || $ctx.pid == 3) && ($ctx.procname == "no*") && ($ctx.uid == 0)',
  );
  assert.equal(parseTrackers([]), '');
});

test('what cannot be tracked is refused in one sentence', () => {
  for (const text of [
    '',
    'pid',
    'pid=',
    'colour=red',
    'pid=-1',
    'pid=x',
    'uid=nobody-of-this-name',
    'name=a"b',
    'tid=99999999999',
  ])
    assert.throws(() => parseTrackers([text]), InputError, text);
});

test('the kernel is told the threads of pids and tids, and nothing when neither is tracked', () => {
  assert.equal(threadsToTrack(['name=x']), undefined);
  assert.deepEqual(threadsToTrack(['tid=5,6']), [5, 6]);
  assert.ok((threadsToTrack([`pid=${process.pid}`]) ?? []).includes(process.pid));
});

test('context fields have the names of LTTng, each once, stacks last', () => {
  const names = parseContexts(['callstack-kernel', 'procname,pid', 'pid', 'tid', 'need_reschedule']).map(
    ({ name }) => name,
  );
  assert.deepEqual(names, ['procname', 'pid', 'need_reschedule', 'callstack_kernel']);
  assert.throws(() => parseContexts(['perf:cpu:cycles']), /performance counters/);
  assert.throws(() => parseContexts(['colour']), /procname/);
});
