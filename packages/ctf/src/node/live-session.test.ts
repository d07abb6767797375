// SPDX-License-Identifier: MIT
// The live client against Debian's relay with a live LTTng-UST session.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InputError, SystemError } from '@lockstep/base';
import { Relay, relayMissing } from '../testing/lttng-live.ts';
import { Lttng, lttngMissing } from '../testing/lttng-program.ts';
import { createTextPrinter } from '../text/text-printer.ts';
import { listLiveSessions, openLiveSession } from './live-session.ts';

const missing = lttngMissing() ?? relayMissing();
const SKIP = missing ?? false;

test(
  'views a live LTTng-UST session while it is recorded, to its end, as babeltrace2 does',
  { skip: SKIP },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-live-'));
    const lttng = new Lttng(join(directory, 'home'));
    const relay = await Relay.start(join(directory, 'relay'));
    t.after(() => {
      relay.stop();
      lttng.stop();
      rmSync(directory, { recursive: true, force: true });
    });
    lttng.start();
    const name = `live-${process.pid}`;
    const live = lttng.live(name, relay.url);
    const url = `net://localhost:${relay.livePort}/host/${hostname()}/${name}`;
    let isEnded = false;
    t.after(() => {
      if (!isEnded) live.end();
    });

    const sessions = await listLiveSessions(`net://localhost:${relay.livePort}`);
    assert.deepEqual(
      sessions.map((session) => [session.hostname, session.name, session.traceFormat]),
      [[hostname(), name, 'ctf-1.8']],
    );

    live.run('all', 30);
    const session = await openLiveSession(url, { seek: 'beginning' });
    t.after(() => session.close());
    let text = '';
    const printer = createTextPrinter({ write: (part) => (text += part) });
    let lineCount = 0;
    let secondRun = false;
    for await (const item of session.items({ intervalMs: 20 })) {
      printer.print(item);
      lineCount++;
      // The first run is seen while the session lives; then classes and packets that are new to the viewer.
      if (lineCount === 60 && !secondRun) {
        secondRun = true;
        live.run('pairs', 50);
        live.run('all', 10);
      }
      if (lineCount === 180 && !isEnded) {
        isEnded = true;
        live.end();
      }
    }
    printer.flush();
    assert.equal(lineCount, 180);
    const there = await readRelayFiles(join(directory, 'relay'));
    assert.equal(text, there);
  },
);

/** What babeltrace2 prints of the files that the relay kept. */
function readRelayFiles(directory: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('babeltrace2', [directory], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (part: string) => (text += part));
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}

test('says in one sentence that no relay answers, or that there is no such session', { skip: SKIP }, async (t) => {
  await assert.rejects(openLiveSession('net://localhost:1/host/a/b'), (error) => error instanceof SystemError);
  await assert.rejects(openLiveSession('net://localhost'), InputError);
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-live-'));
  const relay = await Relay.start(directory);
  t.after(() => {
    relay.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  assert.deepEqual(await listLiveSessions(`net://localhost:${relay.livePort}`), []);
  await assert.rejects(
    openLiveSession(`net://localhost:${relay.livePort}/host/nobody/nothing`),
    /has no such live session/,
  );
});
