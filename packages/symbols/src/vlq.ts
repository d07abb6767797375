// SPDX-License-Identifier: MIT
// Base64 VLQ as source maps use it (ECMA-426, "Base64 VLQ"): digits of six bits, low five bits first,
// the sixth says that another follows; the lowest bit of the number is its sign.
//
//   digit   | c b b b b b |   c = continuation, b = value bits
//   number  | … b b b b s |   s = 1: negative

const VALUES = new Int8Array(128).fill(-1);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
for (let i = 0; i < ALPHABET.length; i += 1) VALUES[ALPHABET.charCodeAt(i)] = i;

/** Value of a base64 digit, -1 for any other character. */
export function base64Value(code: number): number {
  return code < 128 ? (VALUES[code] as number) : -1;
}

/** Reads numbers out of the text of `mappings`; `position` stands behind the last one read. */
export class VlqCursor {
  readonly #text: string;
  position = 0;
  /** A number ended early, was too large, or held a foreign character. */
  isBroken = false;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.position >= this.#text.length;
  }

  peek(): number {
    return this.#text.charCodeAt(this.position);
  }

  /** Whether another number of this segment follows. */
  hasNumber(): boolean {
    return !this.isAtEnd && base64Value(this.peek()) >= 0;
  }

  read(): number {
    let shift = 0;
    let value = 0;
    for (;;) {
      const digit = this.isAtEnd ? -1 : base64Value(this.peek());
      // Seven digits hold the 32 bits that the format allows.
      if (digit < 0 || shift > 30) {
        this.isBroken = true;
        return 0;
      }
      this.position += 1;
      value += (digit & 31) * 2 ** shift;
      if ((digit & 32) === 0) break;
      shift += 5;
    }
    const magnitude = Math.floor(value / 2);
    return value % 2 === 1 ? -magnitude : magnitude;
  }
}
