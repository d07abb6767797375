#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The committed face of the command: npm links a bin only if it exists at install, before the build.
// It takes the bundle (scripts/bundle-command.mjs), or the modules that it was made of when one of
// them was compiled later, as after a bare `tsc -b`.

import { existsSync, readdirSync, statSync } from 'node:fs';

const bundle = new URL('../dist/main.js', import.meta.url);
const modules = new URL('../dist/src/main.js', import.meta.url);
if (isFresh()) {
  await import(bundle.href);
} else if (existsSync(modules)) {
  await import(modules.href);
} else {
  console.error('lockstep: It is not built yet; run `npm run build` in the repository first.');
  process.exitCode = 1;
}

function isFresh() {
  const made = statSync(bundle, { throwIfNoEntry: false })?.mtimeMs;
  if (made === undefined) return false;
  const packages = new URL('../../', import.meta.url);
  // An installed package has no compiler's notes beside it.
  return readdirSync(packages).every((name) => {
    const notes = statSync(new URL(`${name}/dist/src.tsbuildinfo`, packages), { throwIfNoEntry: false });
    return notes === undefined || notes.mtimeMs <= made;
  });
}
