// SPDX-License-Identifier: MIT
// Words of TSDL, CTF 1.8's metadata language: what is reserved, how a free name becomes an identifier,
// how text becomes a string literal. Shared by the writer, which escapes, and the parser, which undoes it.

/** CTF 1.8.2 appendix C.1.2; none may name a field or a type. */
export const TSDL_KEYWORDS: ReadonlySet<string> = new Set([
  'align',
  'callsite',
  'const',
  'char',
  'clock',
  'double',
  'enum',
  'env',
  'event',
  'floating_point',
  'float',
  'integer',
  'int',
  'long',
  'short',
  'signed',
  'stream',
  'string',
  'struct',
  'trace',
  'typealias',
  'typedef',
  'unsigned',
  'variant',
  'void',
  '_Bool',
  '_Complex',
  '_Imaginary',
]);

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function isTsdlIdentifier(name: string): boolean {
  return IDENTIFIER.test(name) && !TSDL_KEYWORDS.has(name);
}

/** Replaces what an identifier cannot hold by underscores; keywords keep their spelling. */
export function replaceForeignCharacters(name: string): string {
  const replaced = name.replace(/[^A-Za-z0-9_]/gu, '_');
  return /^(?:[0-9]|$)/.test(replaced) ? `_${replaced}` : replaced;
}

/**
 * A field name with the leading underscore that readers remove. LTTng writes it on every field of a
 * context and a payload, so that no name can meet a keyword or lose an underscore of its own.
 */
export function escapeFieldName(name: string): string {
  return `_${name.replace(/[^A-Za-z0-9_]/gu, '_')}`;
}

/** What a reader shows for a TSDL field name. */
export function unescapeFieldName(tsdlName: string): string {
  return tsdlName.startsWith('_') ? tsdlName.slice(1) : tsdlName;
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r' };

/**
 * A string literal with its quotes. Control characters become three-digit octal escapes, after which
 * a digit of the text cannot be misread; NUL, which TSDL cannot hold, becomes U+FFFD.
 */
export function quoteTsdlString(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what has to be found
  const escaped = text.replace(/["\\\u0000-\u001f\u007f]/g, (character) => {
    if (character === '\0') return '\ufffd';
    return ESCAPES[character] ?? `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
  });
  return `"${escaped}"`;
}
