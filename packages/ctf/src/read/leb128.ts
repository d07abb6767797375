// SPDX-License-Identifier: MIT
// LEB128, CTF 2's integers of variable length: seven bits a byte, the lowest first, bit 7 set in all
// bytes but the last. Values up to 2^53 are numbers, others bigints: the class says no width.

import { FAIL_FIELD, FAIL_LONG_INTEGER, type DecodeState } from './decode-state.ts';

/** Bytes. Far more than 64-bit integers need; without a bound a hostile stream costs quadratic time. */
const LONGEST = 128;

/** Reads at the state's place, which is on a byte, and steps over it. */
export function readVariableLength(state: DecodeState, isSigned: boolean): number | bigint {
  const { bytes, end } = state;
  const begin = state.position;
  let at = begin;
  let value = 0;
  let scale = 1;
  for (;;) {
    if (at >= end) state.fail(FAIL_FIELD, begin);
    const byte = bytes[at++] ?? 0;
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte < 128) {
      state.position = at;
      return isSigned && (byte & 64) !== 0 ? value - scale : value;
    }
    if (scale > 2 ** 42) return readWide(state, isSigned);
  }
}

function readWide(state: DecodeState, isSigned: boolean): number | bigint {
  const { bytes, end } = state;
  const begin = state.position;
  let value = 0n;
  let shift = 0n;
  for (let at = begin; ; at++) {
    if (at >= end) state.fail(FAIL_FIELD, begin);
    if (at - begin >= LONGEST) state.fail(FAIL_LONG_INTEGER, begin);
    const byte = bytes[at] ?? 0;
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte >= 128) continue;
    state.position = at + 1;
    const whole = isSigned ? BigInt.asIntN(Number(shift), value) : value;
    return whole <= BigInt(Number.MAX_SAFE_INTEGER) && whole >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(whole) : whole;
  }
}
