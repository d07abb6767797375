// SPDX-License-Identifier: MIT
// The other direction of vlq.ts, for maps made by hand.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function encodeVlq(value: number): string {
  let rest = Math.abs(value) * 2 + (value < 0 ? 1 : 0);
  let text = '';
  do {
    const digit = rest % 32;
    rest = Math.floor(rest / 32);
    text += ALPHABET[digit + (rest > 0 ? 32 : 0)];
  } while (rest > 0);
  return text;
}
