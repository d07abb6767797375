// SPDX-License-Identifier: MIT
// What the generator knows about the place in the packet while it writes code: a decoder's cursor is
// `p + pending` bytes and `k` bits, and the more of that is known when the code is written, the fewer
// instructions the code has. Pure bookkeeping: no code is written here.

/** Knowledge that holds at one point of the generated code. */
export interface Place {
  /** Bytes that lie between `p` and the place; added to `p` late, so that constants fold. */
  readonly pending: number;
  /** Bit in the byte, when known; else the variable `k` has it. */
  readonly bit: number | undefined;
  /** `p + pending` is `rest` modulo `modulus` bytes. */
  readonly modulus: number;
  readonly rest: number;
  /** This many bytes from `p` on lie within the content. */
  readonly checked: number;
}

export const UNKNOWN_PLACE: Place = { pending: 0, bit: undefined, modulus: 1, rest: 0, checked: 0 };
/** Begin of a packet; the modulus only has to reach any alignment that fields have. */
export const PACKET_BEGIN: Place = { pending: 0, bit: 0, modulus: 4096, rest: 0, checked: 0 };

export function stepBytes(place: Place, bytes: number): Place {
  return { ...place, pending: place.pending + bytes, rest: (place.rest + bytes) % place.modulus };
}

/** After a step whose size is known only when the code runs. */
export function afterUnknownBytes(place: Place): Place {
  return { ...place, pending: 0, modulus: 1, rest: 0, checked: 0 };
}

/** What is known where two ways meet; `pending` of both must be 0. */
export function meet(a: Place, b: Place): Place {
  let modulus = Math.min(a.modulus, b.modulus);
  while (modulus > 1 && a.rest % modulus !== b.rest % modulus) modulus /= 2;
  return { pending: 0, bit: a.bit === b.bit ? a.bit : undefined, modulus, rest: a.rest % modulus, checked: 0 };
}

/** Whether code that was written for `assumed` is right where `actual` holds. */
export function implies(actual: Place, assumed: Place): boolean {
  return (
    (assumed.bit === undefined || actual.bit === assumed.bit) &&
    actual.modulus % assumed.modulus === 0 &&
    actual.rest % assumed.modulus === assumed.rest
  );
}
