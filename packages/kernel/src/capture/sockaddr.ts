// SPDX-License-Identifier: MIT
// A captured struct sockaddr -> LTTng's fields of it (connect, accept): family, port, address bytes,
// and the path of a Unix socket, which LTTng lacks.

import { nullTerminatedString, sequenceMembers, unsignedInteger, type StructureMemberClass } from '@lockstep/ctf/write';

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SUN_PATH_SIZE_BYTES = 108;

/** Padding, family, port, two lengths, sixteen bytes, a path. */
export const SOCKET_ADDRESS_SIZE_BOUND = 160;

/** `port` is `dport` where the program names its peer, `sport` where the kernel does. */
export function socketAddressMembers(port: 'dport' | 'sport'): StructureMemberClass[] {
  return [
    { name: 'family', fieldClass: unsignedInteger(16) },
    { name: port, fieldClass: unsignedInteger(16) },
    ...sequenceMembers('v4addr', unsignedInteger(8)),
    ...sequenceMembers('v6addr', unsignedInteger(8)),
    { name: 'sun_path', fieldClass: nullTerminatedString() },
  ];
}

/** Writes the fields at byte `b`; `length` 0: nothing is known. Returns the byte after them. */
export function writeSocketAddress(
  source: Uint8Array,
  from: number,
  length: number,
  target: Uint8Array,
  b: number,
): number {
  const at = (index: number): number => (index < length ? (source[from + index] ?? 0) : 0);
  const family = at(0) | (at(1) << 8);
  const hasPort = family === AF_INET || family === AF_INET6;
  let to = (b + 1) & -2;
  target[to++] = at(0);
  target[to++] = at(1);
  // The port is big-endian, the field little-endian.
  target[to++] = hasPort ? at(3) : 0;
  target[to++] = hasPort ? at(2) : 0;
  to = writeSequence(at, family === AF_INET ? 4 : 0, 4, target, to);
  to = writeSequence(at, family === AF_INET6 ? 8 : 0, 16, target, to);
  if (family === AF_UNIX) {
    const end = Math.min(length, 2 + SUN_PATH_SIZE_BYTES);
    // An abstract name begins with NUL: shown as @, as ss and strace do.
    for (let index = 2; index < end; index++) {
      const byte = at(index);
      if (byte === 0 && index > 2) break;
      if (byte === 0 && end > 3) target[to++] = 0x40;
      else if (byte !== 0) target[to++] = byte;
    }
  }
  target[to++] = 0;
  return to;
}

/** `from` 0: an empty sequence. */
function writeSequence(
  at: (index: number) => number,
  from: number,
  count: number,
  target: Uint8Array,
  b: number,
): number {
  let to = (b + 3) & -4;
  target[to] = from === 0 ? 0 : count;
  target[to + 1] = target[to + 2] = target[to + 3] = 0;
  to += 4;
  if (from === 0) return to;
  for (let index = 0; index < count; index++) target[to++] = at(from + index);
  return to;
}
