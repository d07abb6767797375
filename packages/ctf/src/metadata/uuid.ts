// SPDX-License-Identifier: MIT
// UUIDs: sixteen bytes in a packet header, lower-case text with dashes in metadata.

import { assert } from '@lockstep/base';

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const UUID_SIZE_BYTES = 16;

export function isUuidText(text: string): boolean {
  return UUID_TEXT.test(text);
}

/** Sixteen bytes of a UUID in canonical text (either case). */
export function uuidToBytes(text: string): Uint8Array<ArrayBuffer> {
  assert(isUuidText(text), `${JSON.stringify(text)} is a uuid`);
  const digits = text.replaceAll('-', '');
  return Uint8Array.from({ length: UUID_SIZE_BYTES }, (_, index) =>
    Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}

export function uuidFromBytes(bytes: ArrayLike<number>): string {
  let text = '';
  for (let index = 0; index < UUID_SIZE_BYTES; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += '-';
    text += (bytes[index] ?? 0).toString(16).padStart(2, '0');
  }
  return text;
}
