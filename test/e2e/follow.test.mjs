// SPDX-License-Identifier: MIT
// A recording is explained while it goes on: the program ends only because its first stall and its first slow
// request were told, so that they were told before its end is no matter of time.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createScene, waitUntil } from './lockstep.mjs';

const PROGRAM = `
const { existsSync } = require('node:fs');
const http = require('node:http');
const [, , toldFile] = process.argv;
const server = http.createServer((_request, response) => setTimeout(() => response.end('late'), 120));
server.listen(0, '127.0.0.1', () => {
  setInterval(() => http.get({ port: server.address().port, path: '/late' }, (answer) => answer.resume()), 400);
});
setInterval(function busyWork() {
  const end = performance.now() + 60;
  while (performance.now() < end);
  if (existsSync(toldFile)) process.exit(0);
}, 500);
setTimeout(() => process.exit(3), 90_000);
`;

/** `ended`: status and lines as objects; `onLine` sees the lines so far as each comes. */
function follow(scene, command, onLine) {
  const { child, ended } = scene.start([command, '--follow', '--json', '--threshold', '50', scene.trace]);
  let text = '';
  const linesOf = () =>
    text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  child.stdout.on('data', (more) => {
    text += more;
    onLine(linesOf());
  });
  return { child, ended: ended.then(({ code, stderr }) => ({ code, stderr, lines: linesOf() })) };
}

test('stalls and slow requests are told while the recording goes on, and following ends with it', async (t) => {
  const scene = createScene(t);
  const program = join(scene.directory, 'busy.cjs');
  const told = join(scene.directory, 'told');
  writeFileSync(program, PROGRAM);
  const recorder = scene.start([
    'record',
    '-q',
    '--no-kernel',
    '-o',
    scene.trace,
    '--',
    process.execPath,
    program,
    told,
  ]);
  t.after(() => recorder.child.kill());
  // The directory and its mark are made before the program runs.
  await waitUntil(() => existsSync(join(scene.trace, '.lockstep', 'owner.json')), 'the mark of the recorder');
  const seen = { stalls: false, requests: false };
  const note = (what) => (lines) => {
    seen[what] ||= what === 'requests' || lines.some(({ sentence }) => sentence.includes('busyWork'));
    if (seen.stalls && seen.requests) writeFileSync(told, '');
  };
  const stalls = follow(scene, 'stalls', note('stalls'));
  const requests = follow(scene, 'requests', note('requests'));
  t.after(() => [stalls, requests].forEach(({ child }) => child.kill()));
  const recorded = await recorder.ended;
  assert.equal(recorded.code, 0, `the program ended because it was told of: ${recorded.stderr}`);
  const [ofStalls, ofRequests] = await Promise.all([stalls.ended, requests.ended]);
  assert.equal(ofStalls.code, 0, ofStalls.stderr);
  assert.equal(ofRequests.code, 0, ofRequests.stderr);
  for (const { sentence } of ofStalls.lines) assert.match(sentence, /^(event loop (still )?blocked|start-up took)/);
  assert.match(ofRequests.lines[0].sentence, /^GET \/late took \d+ ms: /);
  // Whoever follows a recording that is over gets all of it, and an end.
  const later = await follow(scene, 'stalls', () => undefined).ended;
  assert.equal(later.code, 0, later.stderr);
  assert.match(later.stderr, /Nobody records this trace any more/);
  assert.ok(later.lines.length >= ofStalls.lines.length);
});
