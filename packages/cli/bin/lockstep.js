#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The committed face of the command: npm links a bin only if it exists at install, before the build.

import { existsSync } from 'node:fs';

const main = new URL('../dist/src/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('lockstep: It is not built yet; run `npm run build` in the repository first.');
  process.exitCode = 1;
}
