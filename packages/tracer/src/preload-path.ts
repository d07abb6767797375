// SPDX-License-Identifier: MIT
// Where the preloaded tracer lies and how a program is told to load it: the path of the bundle and
// the NODE_OPTIONS text that `record` sets. `--require` with an absolute path, because every Node
// has it and because it runs before the program's first line, ESM or CommonJS; the required file
// leaves at once on a Node that is too old.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// From dist/src/preload-path.js, from the bundle itself, from src/preload-path.ts.
const PLACES = ['../preload.cjs', './preload.cjs', '../dist/preload.cjs'] as const;

/** Absolute path of the preloaded CommonJS file; made by `scripts/bundle-preload.mjs`. */
export function preloadPath(): string {
  const paths = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return paths.find((path) => existsSync(path)) ?? paths[0] ?? '';
}

/** False before the bundle is built; programs that are told to require a missing file do not start. */
export function hasPreload(): boolean {
  return existsSync(preloadPath());
}

/**
 * NODE_OPTIONS that preload the tracer and keep what the user had there. Ours comes first, so that
 * modules that the user preloads are traced, too. Doing it twice changes nothing.
 */
export function preloadNodeOptions(existing: string | undefined): string {
  const option = `--require ${quoteNodeOption(preloadPath())}`;
  if (existing === undefined || existing.trim() === '') return option;
  if (existing.includes(option)) return existing;
  return `${option} ${existing}`;
}

/**
 * Node splits NODE_OPTIONS at spaces; double quotes keep them, and a backslash escapes the next
 * character only inside quotes.
 */
export function quoteNodeOption(text: string): string {
  if (!/[\s"\\]/.test(text)) return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
