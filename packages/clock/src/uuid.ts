// SPDX-License-Identifier: MIT
// Identity of a clock: boot id -> uuid. Readings of two traces may be compared if and only if their
// clocks have the same one.

import type { ClockKind } from './trace-clock.ts';

const UUID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The uuid of one clock object, found when it is first asked for: traced programs never ask. */
export class ClockIdentity {
  readonly #kind: ClockKind;
  readonly #bootId: string | undefined;
  #uuid: string | undefined;

  constructor(kind: ClockKind, bootId: string | undefined) {
    this.#kind = kind;
    this.#bootId = bootId;
  }

  get uuid(): string {
    return (this.#uuid ??= clockUuid(this.#kind, this.#bootId));
  }
}

/**
 * CLOCK_MONOTONIC is known by the boot id itself, as LTTng does it; the TSC by a hash of the boot id and the word
 * `tsc` (RFC 9562, version 8). Without a boot id it is random: comparable with nothing.
 */
function clockUuid(kind: ClockKind, bootId: string | undefined): string {
  const boot = bootId?.toLowerCase();
  if (boot === undefined || !UUID_PATTERN.test(boot)) return process.getBuiltinModule('node:crypto').randomUUID();
  if (kind === 'mono') return boot;
  const digits = hashText(`${boot} ${kind}`).toString(16).padStart(32, '0');
  const variant = (8 + (parseInt(digits.charAt(16), 16) & 3)).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
}

const FNV_PRIME = 0x0000000001000000000000000000013bn;
const FNV_OFFSET_BASIS = 0x6c62272e07bb014262b821756295c58dn;

/** FNV-1a of 128 bits. Nobody's secret hangs on it, and the first hash of node:crypto takes a process 6 ms. */
function hashText(text: string): bigint {
  let hash = FNV_OFFSET_BASIS;
  for (let index = 0; index < text.length; index++) {
    hash = BigInt.asUintN(128, (hash ^ BigInt(text.charCodeAt(index))) * FNV_PRIME);
  }
  return hash;
}
