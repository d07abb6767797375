// SPDX-License-Identifier: MIT
// The watchdog over a directory made up for it: what it does to instances is tested with real ones.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startWatchdog } from './watchdog.ts';

interface Place {
  readonly directory: string;
  expedited(): string;
}

function makePlace(t: TestContext, normal: string, expedited: string): Place {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-watchdog-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'rcu_normal'), `${normal}\n`);
  writeFileSync(join(directory, 'rcu_expedited'), `${expedited}\n`);
  for (const list of ['dynamic_events', 'kprobe_events', 'uprobe_events']) writeFileSync(join(directory, list), '');
  mkdirSync(join(directory, 'instances/one/events'), { recursive: true });
  return { directory, expedited: () => readFileSync(join(directory, 'rcu_expedited'), 'utf8').trim() };
}

/** The shell comes to it when it does. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never came: ${what}`);
}

test('grace periods are expedited while instances are set up and taken down, and set back in between and afterwards', async (t) => {
  const place = makePlace(t, '0', '0');
  const watchdog = startWatchdog(place.directory, 'group', ['one'], place.directory);
  await until(() => place.expedited() === '1', 'expedited at the start');
  watchdog.arm();
  await until(() => place.expedited() === '0', 'back while it is recorded');
  watchdog.hurry();
  await until(() => place.expedited() === '1', 'expedited at the end');
  rmSync(join(place.directory, 'instances/one'), { recursive: true });
  watchdog.finish();
  await until(() => place.expedited() === '0' && !watchdog.isAlive, 'back at last');
});

test("what the administrator chose stays: neither 'normal' nor 'expedited' is changed", async (t) => {
  for (const [normal, expedited] of [
    ['1', '0'],
    ['0', '1'],
  ] as const) {
    const place = makePlace(t, normal, expedited);
    const watchdog = startWatchdog(place.directory, 'group', [], place.directory);
    watchdog.arm();
    watchdog.hurry();
    watchdog.finish();
    await until(() => !watchdog.isAlive, 'its end');
    assert.equal(place.expedited(), expedited);
  }
});

test('they are set back when the recorder is killed while it starts', async (t) => {
  const place = makePlace(t, '0', '0');
  const module = new URL('./watchdog.js', import.meta.url).href;
  const program = `
    const { startWatchdog } = await import(${JSON.stringify(module)});
    startWatchdog(${JSON.stringify(place.directory)}, 'group', [], ${JSON.stringify(place.directory)});
    setInterval(() => {}, 1000);`;
  const recorder = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
  await until(() => place.expedited() === '1', 'expedited at the start');
  recorder.kill('SIGKILL');
  await until(() => place.expedited() === '0', 'back after its end');
});
