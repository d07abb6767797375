// SPDX-License-Identifier: MIT
// Identity of a clock: boot id -> uuid. Readings of two traces may be compared if and only if their
// clocks have the same one.

import { createHash, randomUUID } from 'node:crypto';
import type { ClockKind } from './trace-clock.ts';

const UUID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * CLOCK_MONOTONIC is known by the boot id itself, as LTTng does it; the TSC by a name-based UUID
 * (RFC 9562, version 5) in the boot id's name space. Without a boot id it is random: comparable with nothing.
 */
export function clockUuid(kind: ClockKind, bootId: string | undefined): string {
  const boot = bootId?.toLowerCase();
  if (boot === undefined || !UUID_PATTERN.test(boot)) return randomUUID();
  if (kind === 'mono') return boot;
  const hash = createHash('sha1')
    .update(Buffer.from(boot.replaceAll('-', ''), 'hex'))
    .update(kind)
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
