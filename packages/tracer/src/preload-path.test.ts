// SPDX-License-Identifier: MIT
import { equal, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { preloadNodeOptions, preloadPath, quoteNodeOption } from './preload-path.ts';

test('the options of the user stay, ours come first, and twice is once', () => {
  const options = preloadNodeOptions('--max-old-space-size=100 --title="a b"');
  ok(options.startsWith(`--require ${quoteNodeOption(preloadPath())} `));
  ok(options.endsWith(' --max-old-space-size=100 --title="a b"'));
  equal(preloadNodeOptions(options), options);
  equal(preloadNodeOptions(' '), preloadNodeOptions(undefined));
});

test('Node finds a quoted path, whatever is in it', () => {
  for (const name of ['plain', 'a b', 'a "b" c', 'back\\slash', "it's", 'tab\tname']) {
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-path-'));
    const path = join(directory, `${name}.cjs`);
    writeFileSync(path, `console.log('loaded');`);
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', '0'], {
      env: { ...process.env, NODE_OPTIONS: `--require ${quoteNodeOption(path)} --no-warnings` },
      encoding: 'utf8',
    });
    rmSync(directory, { recursive: true });
    equal(stdout, 'loaded\n', `${name}: ${stderr}`);
  }
});
