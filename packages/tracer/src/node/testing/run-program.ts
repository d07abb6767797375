// SPDX-License-Identifier: MIT
// Runs small programs under a test session: written to a directory of their own, started with the
// preload that the bundler made, their records read back.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecords, type TestRecord } from './read-records.ts';
import { createTestSession, type TestSessionOptions } from './test-session.ts';

export interface ProgramRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface TracedRun extends ProgramRun {
  readonly records: readonly TestRecord[];
  readonly named: (name: string) => readonly TestRecord[];
}

export type Files = Readonly<Record<string, string>>;

/** Runs the first of `files` plainly. */
export function runPlain(files: Files): ProgramRun {
  return withFiles(files, (path) => run(path, { ...process.env, NODE_OPTIONS: '' }));
}

/** Runs the first of `files` under a session that records everything, or what `options` say. */
export function runTraced(
  files: Files,
  options: TestSessionOptions & { readonly environment?: NodeJS.ProcessEnv } = {},
): TracedRun {
  const session = createTestSession(options);
  try {
    const result = withFiles(files, (path) => run(path, { ...session.environment, ...options.environment }));
    const records = readRecords(session.directory);
    return { ...result, records, named: (name) => records.filter((record) => record.name === name) };
  } finally {
    session.remove();
  }
}

function withFiles<Result>(files: Files, use: (mainPath: string) => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep program '));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return use(join(directory, Object.keys(files)[0] ?? 'main.mjs'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(path: string, env: NodeJS.ProcessEnv): ProgramRun {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path], { env, encoding: 'utf8', timeout: 60_000 });
  // Each run has a directory of its own; its name must not make two outputs differ.
  const plain = (text: string): string => text.replaceAll(/lockstep program \w+|lockstep%20program%20\w+/g, 'PROGRAM');
  return { status, stdout: plain(stdout), stderr: plain(stderr) };
}
