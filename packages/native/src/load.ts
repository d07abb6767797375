// SPDX-License-Identifier: MIT
// Finds and loads the addon, once per thread. A missing or unloadable addon is no error: everything
// that can work without it does, and says `nativeMissingReason`.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wrapAddon, type Addon } from './addon.ts';
import type { Native } from './native.ts';

/** Set to 1: as if the addon were not there. For tests of the fallback. */
const SWITCH_OFF_VARIABLE = 'LOCKSTEP_NO_NATIVE';

// From dist/src/load.js, from src/load.ts (a Node that runs TypeScript), and from a bundle: beside
// it, or in another package's dist/ of the same repository.
const PLACES = [
  '../lockstep.node',
  '../dist/lockstep.node',
  './lockstep.node',
  '../../native/dist/lockstep.node',
] as const;

interface Loaded {
  readonly native: Native | undefined;
  readonly reason: string | undefined;
}
let loaded: Loaded | undefined;

/** The addon's functions bound to the calling thread, or undefined. */
export function loadNative(): Native | undefined {
  loaded ??= load();
  return loaded.native;
}

/** One sentence: why `loadNative` gave nothing; undefined when it gave something. */
export function nativeMissingReason(): string | undefined {
  loaded ??= load();
  return loaded.reason;
}

function load(): Loaded {
  if (process.env[SWITCH_OFF_VARIABLE] === '1')
    return missing(`The native addon is switched off by ${SWITCH_OFF_VARIABLE}=1.`);
  if (process.platform !== 'linux')
    return missing(`The native addon exists for Linux only, and this is ${process.platform}.`);
  const path = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((candidate) =>
    existsSync(candidate),
  );
  if (path === undefined)
    return missing('The native addon is not built; install a C compiler and run `npm run build`.');
  try {
    // Not require(): it would go through the program's own module hooks.
    const module: { exports: object } = { exports: {} };
    process.dlopen(module, path);
    return { native: wrapAddon(module.exports as Addon), reason: undefined };
  } catch (error) {
    const detail = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return missing(`The native addon cannot be loaded: ${detail}.`);
  }
}

function missing(reason: string): Loaded {
  return { native: undefined, reason };
}
