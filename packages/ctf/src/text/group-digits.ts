// SPDX-License-Identifier: MIT
// Integers with their digits in groups, as babeltrace2's details have them: 1,795,597 and 0xffff:fffd.

const GROUPS = {
  2: { prefix: '0b', digits: 4, separator: ':' },
  8: { prefix: '0', digits: 3, separator: ':' },
  10: { prefix: '', digits: 3, separator: ',' },
  16: { prefix: '0x', digits: 4, separator: ':' },
} as const;

export function groupDigits(value: number | bigint, base: 2 | 8 | 10 | 16): string {
  const { prefix, digits, separator } = GROUPS[base];
  const isNegative = value < 0;
  let text = (isNegative ? -BigInt(value) : BigInt(value)).toString(base);
  const parts: string[] = [];
  // Four decimal digits stand together.
  if (base === 10 && text.length === 4) return `${isNegative ? '-' : ''}${text}`;
  while (text.length > digits) {
    parts.unshift(text.slice(-digits));
    text = text.slice(0, -digits);
  }
  return `${isNegative ? '-' : ''}${prefix}${[text, ...parts].join(separator)}`;
}
