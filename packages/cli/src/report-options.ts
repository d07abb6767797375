// SPDX-License-Identifier: MIT
// What the commands that explain have in common: numbers above 0, one format, sources for source maps.

import { readFileSync } from 'node:fs';
import { InputError } from '@lockstep/base';

export function readPositive(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InputError(`${name} takes a number above 0, without a unit`, { value: text });
  return value;
}

/** How many of something. */
export function readCount(name: string, text: string): number {
  const value = readPositive(name, text);
  if (!Number.isInteger(value)) throw new InputError(`${name} takes a whole number above 0`, { value: text });
  return value;
}

export function checkOneFormat(options: { readonly json?: boolean; readonly markdown?: boolean }): void {
  if (options.json === true && options.markdown === true)
    throw new InputError('--json and --markdown exclude each other');
}

/** Sources may have moved since the recording: no text, no source map. */
export function tryReadText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
