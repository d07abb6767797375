// SPDX-License-Identifier: MIT
// Runs the command's bundle once and keeps its compiled code: `node warm-command.mjs RECORD.cjs ARG...`.

import { createRequire } from 'node:module';
import { writeCodeCache } from './code-cache.mjs';

const [bundle, ...args] = process.argv.slice(2);
const require = createRequire(bundle);
const { loadBundle } = require('./load-bundle.cjs');
process.once('exit', () => writeCodeCache(bundle, loadBundle.script));
await loadBundle(bundle, require).main([process.execPath, bundle, ...args]);
