#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The committed face of the command: npm links a bin only if it exists at install, before the build.
// It takes the bundle (scripts/bundle-command.mjs), or the modules that it was made of when one of
// them was compiled later, as after a bare `tsc -b`. CommonJS (package.json beside it), since Node
// starts its loader of ES modules only for who needs it, and that takes 10 ms.

'use strict';

const { existsSync, readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const dist = join(__dirname, '../dist');
const bundle = join(dist, process.argv[2] === 'record' ? 'record.cjs' : 'main.cjs');
const modules = join(dist, 'src/main.js');
if (isFresh()) {
  const { loadBundle } = require(join(dist, 'load-bundle.cjs'));
  loadBundle(bundle, require).main(process.argv);
} else if (existsSync(modules)) {
  void import(pathToFileURL(modules).href);
} else {
  console.error('lockstep: It is not built yet; run `npm run build` in the repository first.');
  process.exitCode = 1;
}

function isFresh() {
  const made = statSync(bundle, { throwIfNoEntry: false })?.mtimeMs;
  if (made === undefined) return false;
  const packages = join(__dirname, '../..');
  // An installed package has no compiler's notes beside it.
  return readdirSync(packages).every((name) => {
    const notes = statSync(join(packages, name, 'dist/src.tsbuildinfo'), { throwIfNoEntry: false });
    return notes === undefined || notes.mtimeMs <= made;
  });
}
