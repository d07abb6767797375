// SPDX-License-Identifier: MIT
// A program that is recorded without the preloaded tracer loads it itself and keeps its compiled
// code: `node warm-preload.mjs PRELOAD-MAIN.cjs`.

import { createRequire } from 'node:module';
import { loaderText, writeCodeCache } from './code-cache.mjs';

const [bundle] = process.argv.slice(2);
const loadBundle = new Function(`${loaderText}; return loadBundle;`)();
loadBundle(bundle, createRequire(bundle));
// After the tracer's own listeners.
process.once('exit', () => writeCodeCache(bundle, loadBundle.script));
