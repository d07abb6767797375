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
  if (code >= 0x20 && code !== 0x7f) return `\\${character}`;
  return ESCAPES[character] ?? `\\x${code.toString(16).padStart(2, '0')}`;
}
