// SPDX-License-Identifier: MIT
// At a recording's end its clock is known better than at its begin: the clock class in a trace's
// metadata -> the better one. Readings stay what they are; only their translation changes.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { explainFileError } from '@lockstep/base';
import { writeMetadata, type ClockClass } from '@lockstep/ctf/write';

/** A block as `writeMetadata` writes it; strings in it hold no line breaks. */
const CLOCK_BLOCK = /^clock \{\n(?:\t.*\n)*\};\n/m;

/** Throws SystemError when the file cannot be written; it is whole then, and has the earlier class. */
export function rewriteClockClass(traceDirectory: string, tracePath: string, clockClass: ClockClass): void {
  const path = join(traceDirectory, tracePath, 'metadata');
  try {
    const text = readFileSync(path, 'utf8');
    const draft = join(traceDirectory, '.lockstep', `metadata-${basename(tracePath)}`);
    writeFileSync(draft, replaceClockClass(text, clockClass));
    renameSync(draft, path);
  } catch (error) {
    throw explainFileError(error, 'The refined clock cannot be written', path);
  }
}

/** The text with its clock class replaced. */
export function replaceClockClass(text: string, clockClass: ClockClass): string {
  const block = CLOCK_BLOCK.exec(
    writeMetadata({
      byteOrder: 'little-endian',
      environment: new Map(),
      clockClasses: [clockClass],
      dataStreamClasses: new Map(),
    }),
  )?.[0];
  if (block === undefined || !CLOCK_BLOCK.test(text)) throw new Error('metadata has no clock block');
  // A function, since `$` in a description means something in a replacement text.
  return text.replace(CLOCK_BLOCK, () => block);
}
