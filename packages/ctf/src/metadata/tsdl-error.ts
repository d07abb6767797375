// SPDX-License-Identifier: MIT
// A place in metadata text and a sentence -> CtfError that shows line, column and the line itself.

import { CtfError } from '@lockstep/base';

/** Characters of the offending line that a message shows. */
const MAX_SHOWN_LENGTH = 100;

export function tsdlError(text: string, offset: number, sentence: string): CtfError {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const lineStart = before.lastIndexOf('\n') + 1;
  const column = offset - lineStart + 1;
  const lineEnd = text.indexOf('\n', offset);
  const whole = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd).replace(/\r$/, '');
  // A long line is shown around the place.
  const from =
    whole.length <= MAX_SHOWN_LENGTH
      ? 0
      : Math.max(0, Math.min(column - 1 - MAX_SHOWN_LENGTH / 2, whole.length - MAX_SHOWN_LENGTH));
  const shown = whole.slice(from, from + MAX_SHOWN_LENGTH).trim();
  return new CtfError(sentence, { line, column, text: shown });
}
