// SPDX-License-Identifier: MIT
// How the library's own records lie in a sub-buffer, for those who bring no format of their own.
// All words are int32, little-endian. A packet:
//
//   byte  word                   meaning
//   ----- ---------------------- ------------------------------------------------------------
//      0  PACKET_MAGIC           'LSRP'
//      4  PACKET_CONTENT_SIZE    bytes from the packet's begin; filled at delivery
//      8  PACKET_SEQUENCE        position in the buffer
//     12  PACKET_WRITER          index of its writer in the buffer
//     16  PACKET_BEGIN (64 bit)  clock when it began
//     24  PACKET_END (64 bit)    clock when it was delivered; 0 before
//     32  PACKET_FULL            records that its writer lost so far, modulo 2^32: nothing was read
//     36  PACKET_TOO_BIG         … larger than a sub-buffer
//     40  PACKET_WRAPPED         … a record in the making was in the way
//     44  PACKET_CPU             CPU at its begin
//     48  PACKET_PID, 52 _TID    of its writer
//     56  two unused
//     64  records, each on a multiple of 8
//
//   record, 32 bits of time   +0 size | flags   +4 clock's low half                      +8  payload
//   … extended                +0 size | flags   +4 0   +8 clock, 64 bit                  +16 payload
//   record, 64 bits of time   always extended
//
// `size` is header and payload without the padding to 8, shifted left by 2; bit 0 says extended, bit
// 1 that the record was cancelled and is to be passed over. A record of 32 bits is extended when the
// clock's high half is not that of the record (or the packet) before it.

export const RECORD_FORMAT_OWN = 0;
export const RECORD_FORMAT_32 = 1;
export const RECORD_FORMAT_64 = 2;

export const PACKET_MAGIC_VALUE = 0x5052534c; // 'LSRP'
export const PACKET_HEADER_SIZE_BYTES = 64;
export const PACKET_MAGIC = 0;
export const PACKET_CONTENT_SIZE = 1;
export const PACKET_SEQUENCE = 2;
export const PACKET_WRITER = 3;
export const PACKET_BEGIN = 4;
export const PACKET_END = 6;
export const PACKET_FULL = 8;
export const PACKET_TOO_BIG = 9;
export const PACKET_WRAPPED = 10;
export const PACKET_CPU = 11;
export const PACKET_PID = 12;
export const PACKET_TID = 13;

export const COMPACT_RECORD_BYTES = 8;
export const EXTENDED_RECORD_BYTES = 16;
export const RECORD_EXTENDED = 1;
export const RECORD_CANCELLED = 2;

/** The clock as records read it: a call without argument or result that leaves the reading in the slot. */
export interface RingClock {
  /** Words: 0 low half, 1 high half, 2 number of the CPU after `readWithCpu`. */
  readonly slot: Int32Array;
  readonly read: () => void;
  readonly readWithCpu: () => void;
  /** Whether `readWithCpu` knows the CPU; needed by buffers per CPU. */
  readonly hasCpu: boolean;
}
