// SPDX-License-Identifier: MIT
// Real programs under a session: which asynchronous operations they record, and that they do not notice.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { runPlain, runTraced } from './testing/run-program.ts';

const PROGRAM = `
  const { pbkdf2 } = require('node:crypto');
  const fs = require('fs');
  const { promisify } = require('util');
  const dns = require('dns');
  (async () => {
    await new Promise((resolve) => pbkdf2('a', 'b', 10, 8, 'sha1', resolve));
    await new Promise((resolve) => fs.readFile('/does/not/exist', resolve));
    await fs.promises.stat('/');
    await promisify(fs.readFile)(__filename);
    await new Promise((resolve) => dns.lookup('127.0.0.1', resolve));
    await promisify(require('zlib').gzip)('abc');
    await crypto.subtle.digest('SHA-256', new Uint8Array(8));
    setTimeout(() => console.log('done'), 1);
  })();
`;

test('operations of the thread pool have a begin and an end, whichever way they are called', () => {
  const { named, status, stderr } = runTraced({ 'main.cjs': PROGRAM });
  equal(status, 0, stderr);
  const begun = named('node:async_begin').map(({ fields }) => String(fields['operation']));
  const expected = ['crypto.pbkdf2', 'fs.readFile', 'fs.stat', 'fs.readFile', 'dns.lookup', 'zlib.gzip'];
  // A timer outside requests is no operation.
  deepEqual(begun, [...expected, 'crypto.subtle.digest']);
  const ids = named('node:async_begin').map(({ fields }) => fields['id']);
  const ends = new Map(named('node:async_end').map(({ fields }) => [fields['id'], fields['error']]));
  equal(ends.get(ids[1] ?? 0), 'ENOENT');
  ok(ids.every((id) => ends.has(id)));
  equal(named('node:thread_pool')[0]?.fields['size'], 4);
});

test('observed functions look the same and fail the same', () => {
  const program = `
    const fs = require('fs');
    for (const [name, f] of [...Object.entries(fs), ...Object.entries(fs.promises), ['setTimeout', setTimeout], ['wait', Atomics.wait]])
      if (typeof f === 'function') console.log(name, f.name, f.length, Reflect.ownKeys(f).map(String).sort().join());
    try { fs.readFile('/x'); } catch (error) { console.log(error.code, error.message); }
    try { fs.readFile('/x', 'no such encoding', () => {}); } catch (error) { console.log(error.code, error.message); }
    fs.promises.readFile(7.5).catch((error) => console.log(error.code));
    process.on('unhandledRejection', (error) => console.log('unhandled', error.code));
    fs.promises.stat('/does/not/exist');
  `;
  const traced = runTraced({ 'main.cjs': program });
  equal(traced.stdout, runPlain({ 'main.cjs': program }).stdout);
});
