// SPDX-License-Identifier: MIT
// Values of fields as JSON, which has neither 64-bit integers nor bytes.

import type { FieldValue } from '../model/event-record.ts';

/** JSON with 64-bit integers as decimal strings, and bytes as an array. */
export function plainJson(value: FieldValue): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'bigint' ? String(inner) : inner instanceof Uint8Array ? [...inner] : inner,
  );
}
