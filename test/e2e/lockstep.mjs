// SPDX-License-Identifier: MIT
// Runs the real command for the transcripts, in a home and with shared memory of their own.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const lockstep = join(root, 'packages/cli/bin/lockstep.js');

/** Directories of one test, removed after it, and the command in them. */
export function createScene(t) {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-e2e-'));
  t.after(() => {
    // A disk that a test put there is in the way.
    spawnSync('umount', ['-q', join(directory, 'disk')]);
    rmSync(directory, { recursive: true, force: true });
  });
  mkdirSync(join(directory, 'shm'), { mode: 0o700 });
  const { NODE_OPTIONS: _options, LOCKSTEP_SESSION: _session, ...inherited } = process.env;
  const environment = { ...inherited, LOCKSTEP_HOME: directory, LOCKSTEP_SHM: join(directory, 'shm'), TZ: 'UTC' };
  return {
    directory,
    trace: join(directory, 'trace'),
    shm: join(directory, 'shm'),
    /** Runs to the end: { status, stdout, stderr }. */
    run(args, more = {}) {
      return spawnSync(process.execPath, [lockstep, ...args], {
        encoding: 'utf8',
        cwd: directory,
        env: { ...environment, ...more.env },
        timeout: 60_000,
        maxBuffer: 2 ** 28,
      });
    },
    /** Starts in a process group of its own, as a shell's job. */
    start(args) {
      const child = spawn(process.execPath, [lockstep, ...args], {
        cwd: directory,
        env: environment,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const output = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
      const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...output })));
      return { child, output, ended };
    },
  };
}

/** The screen with what differs from run to run masked. */
export function mask(text, scene) {
  return text
    .replaceAll(scene.directory, 'DIR')
    .replace(/\d{8}-\d{6}/g, 'DATE')
    .replace(/\d+(\.\d+)? s\b/g, 'N s')
    .replace(/\d[\d ]*(\.\d+)? (B|kB|MB)\b/g, 'N bytes')
    .replace(/\d[\d ]* event records?/g, 'N event records')
    .replace(/clock {4}.*/, 'clock    CLOCK');
}

export async function waitUntil(condition, what) {
  for (let tries = 0; tries < 600; tries++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never came: ${what}`);
}
