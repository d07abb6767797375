// SPDX-License-Identifier: MIT
// A 32-bit program for x86, made of its bytes: no compiler for i386 is needed. It opens /proc/uptime,
// reads from it, asks for its pid, makes a call that no table knows, and ends.

import { writeFileSync } from 'node:fs';

const LOAD_ADDRESS = 0x0804_8000;
const HEADERS_SIZE_BYTES = 52 + 32;
export const UNKNOWN_NUMBER = 500;

/** `mov register, value` */
const MOVE = { eax: 0xb8, ecx: 0xb9, edx: 0xba, ebx: 0xbb } as const;
const move = (register: keyof typeof MOVE, value: number): number[] => [MOVE[register], ...u32(value)];
const SYSTEM_CALL = [0xcd, 0x80];
const MOVE_EAX_TO_EBX = [0x89, 0xc3];
const MEMORY_SIZE_BYTES = 4096;

export function writeI386Program(path: string): void {
  const text = Buffer.from('/proc/uptime\0');
  const code = (pathAddress: number): number[] => [
    ...move('eax', 5),
    ...move('ebx', pathAddress),
    ...move('ecx', 0),
    ...SYSTEM_CALL,
    ...MOVE_EAX_TO_EBX,
    ...move('eax', 3),
    ...move('ecx', LOAD_ADDRESS + 2048),
    ...move('edx', 64),
    ...SYSTEM_CALL,
    ...move('eax', 20),
    ...SYSTEM_CALL,
    ...move('eax', UNKNOWN_NUMBER),
    ...move('ebx', 7),
    ...SYSTEM_CALL,
    ...move('eax', 1),
    ...move('ebx', 0),
    ...SYSTEM_CALL,
  ];
  const entry = LOAD_ADDRESS + HEADERS_SIZE_BYTES;
  const body = code(entry + code(0).length);
  const fileSize = HEADERS_SIZE_BYTES + body.length + text.length;
  const elfHeader = [
    0x7f,
    0x45,
    0x4c,
    0x46,
    1,
    1,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    ...u16(2), // An executable
    ...u16(3), // for 386.
    ...u32(1),
    ...u32(entry),
    ...u32(52), // Program headers,
    ...u32(0),
    ...u32(0),
    ...u16(52),
    ...u16(32),
    ...u16(1), // one.
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const READ_WRITE_EXECUTE = 7;
  const load = [1, 0, LOAD_ADDRESS, LOAD_ADDRESS, fileSize, MEMORY_SIZE_BYTES, READ_WRITE_EXECUTE, 4096];
  const programHeader = load.flatMap(u32);
  writeFileSync(path, Uint8Array.from([...elfHeader, ...programHeader, ...body, ...text]), { mode: 0o755 });
}

function u16(value: number): number[] {
  return [value & 0xff, value >> 8];
}
function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}
