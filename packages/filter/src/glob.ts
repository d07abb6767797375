// SPDX-License-Identifier: MIT
// LTTng's globs: pattern -> literal parts -> a function over names. `*` stands for any text, also
// none, and may appear anywhere, several times; a backslash takes the next character literally.

/** A pattern cut at its stars: `a*b` is ['a', 'b'], `*` is ['', '']. One part: no star, a literal. */
export type GlobParts = readonly string[];

export function splitGlob(pattern: string): GlobParts {
  const parts: string[] = [];
  let part = '';
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern.charAt(index);
    if (character === '*') {
      // Several stars in a row are one.
      if (part !== '' || parts.length === 0) parts.push(part);
      part = '';
    } else if (character === '\\' && index + 1 < pattern.length) {
      index++;
      part += pattern.charAt(index);
    } else {
      part += character;
    }
  }
  parts.push(part);
  return parts;
}

/** Whether `pattern` has a star that is not escaped. */
export function isGlob(pattern: string): boolean {
  return splitGlob(pattern).length > 1;
}

/** The pattern that matches exactly `text`. */
export function escapeGlob(text: string): string {
  return text.replace(/[*\\]/g, '\\$&');
}

export function compileGlob(pattern: string): (name: string) => boolean {
  const parts = splitGlob(pattern);
  const [first = ''] = parts;
  if (parts.length === 1) return (name) => name === first;
  if (parts.length === 2 && parts[1] === '') return (name) => name.startsWith(first);
  return (name) => matchGlobParts(parts, name);
}

/**
 * The first part must begin the name and the last end it; each part between is found at the earliest
 * place after the one before, which is right because a later place only leaves less to the rest.
 */
export function matchGlobParts(parts: GlobParts, name: string): boolean {
  const first = parts[0] ?? '';
  if (parts.length === 1) return name === first;
  const last = parts[parts.length - 1] ?? '';
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let position = first.length;
  for (let index = 1; index < parts.length - 1; index++) {
    const part = parts[index] ?? '';
    const found = name.indexOf(part, position);
    if (found < 0 || found + part.length > end) return false;
    position = found + part.length;
  }
  return true;
}
