// SPDX-License-Identifier: MIT
// Text in quotes, escaped as babeltrace2 does: C's escapes, also for both quotes and the question mark.

const NEEDS_ESCAPE = /[\\'"?\x00-\x1f\x7f]/;
const ESCAPED = /[\\'"?\x00-\x1f\x7f]/g;

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\x1b': '\\e',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

export function quote(text: string): string {
  return NEEDS_ESCAPE.test(text) ? `"${text.replace(ESCAPED, escapeCharacter)}"` : `"${text}"`;
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code >= 0x20 && code !== 0x7f ? `\\${character}` : escapeControl(character);
}

const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;
const HAS_CONTROL = /[\x00-\x1f\x7f-\x9f]/;

/** A name out of a trace, which stands without quotes: a terminal must not take its control characters for its own. */
export function printableName(name: string): string {
  return HAS_CONTROL.test(name) ? name.replace(CONTROLS, escapeControl) : name;
}

/** The same of whole lines. */
export function withoutControls(lines: string): string {
  return lines.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, escapeControl);
}

function escapeControl(character: string): string {
  return ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
