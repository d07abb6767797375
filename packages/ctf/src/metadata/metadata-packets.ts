// SPDX-License-Identifier: MIT
// Bytes of a metadata file or stream -> metadata text. Packet-based metadata (section 7.1) is text in
// packets of either byte order; text-only metadata is taken as it is.
//
//   0 magic u32 0x75D11D57 | 4 uuid u8[16] | 20 checksum u32 | 24 content_size u32 | 28 packet_size u32 (bits)
//  32 compression u8 | 33 encryption u8 | 34 checksum scheme u8 | 35 major u8 | 36 minor u8 | 37 text

import { CtfError, decodeUtf8 } from '@lockstep/base';
import type { ByteOrder } from '../model/field-class.ts';
import type { TraceClass } from '../model/trace-class.ts';
import { isJsonMetadata } from './json-metadata-parser.ts';
import { parseMetadata } from './metadata-parser.ts';
import { METADATA_SIGNATURE } from './metadata-writer.ts';
import { uuidFromBytes } from './uuid.ts';

export const METADATA_PACKET_MAGIC = 0x75d11d57;
const HEADER_SIZE_BYTES = 37;

interface UnpackedMetadata {
  readonly text: string;
  readonly byteOrder: ByteOrder;
}

export function isPacketizedMetadata(bytes: Uint8Array): boolean {
  return readMagicByteOrder(bytes) !== undefined;
}

/** Joins the text of all packets. */
function unpackPackets(bytes: Uint8Array): UnpackedMetadata {
  const byteOrder = readMagicByteOrder(bytes);
  if (byteOrder === undefined)
    throw new CtfError('The metadata does not begin with the magic number of packet-based metadata.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittleEndian = byteOrder === 'little-endian';
  const contents: Uint8Array[] = [];
  let uuid: string | undefined;
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const fail = (sentence: string): CtfError => new CtfError(sentence, { packet: index, offset: at });
    if (at + HEADER_SIZE_BYTES > bytes.length) throw fail('A packet of the metadata is shorter than its header.');
    if (view.getUint32(at, isLittleEndian) !== METADATA_PACKET_MAGIC)
      throw fail('A packet of the metadata does not begin with the magic number.');
    const packetUuid = uuidFromBytes(bytes.subarray(at + 4, at + 20));
    uuid ??= packetUuid;
    if (uuid !== packetUuid) throw fail('The packets of the metadata have different uuids.');
    if (bytes[at + 32] !== 0 || bytes[at + 33] !== 0)
      throw fail('The metadata is compressed or encrypted, which Lockstep does not read.');
    if (bytes[at + 34] !== 0) throw fail('The metadata has a checksum, which Lockstep does not know.');
    const version = `${bytes[at + 35]}.${bytes[at + 36]}`;
    if (version !== '1.8' && version !== '2.0')
      throw fail(`A packet of the metadata is of CTF version ${version}; Lockstep reads 1.8 and 2.0.`);
    const contentSizeBytes = view.getUint32(at + 24, isLittleEndian) / 8;
    const packetSizeBytes = view.getUint32(at + 28, isLittleEndian) / 8;
    if (!Number.isInteger(packetSizeBytes) || !Number.isInteger(contentSizeBytes))
      throw fail('A packet of the metadata has a size that is not whole bytes.');
    if (
      contentSizeBytes < HEADER_SIZE_BYTES ||
      contentSizeBytes > packetSizeBytes ||
      at + packetSizeBytes > bytes.length
    ) {
      throw fail('A packet of the metadata has impossible sizes.');
    }
    contents.push(bytes.subarray(at + HEADER_SIZE_BYTES, at + contentSizeBytes));
    at += packetSizeBytes;
  }
  return { text: decodeUtf8(joinBytes(contents)), byteOrder };
}

/** The text in a metadata file's bytes, of either form. `decodeMetadata` also compares byte orders. */
export function unpacketizeMetadata(bytes: Uint8Array): string {
  if (isPacketizedMetadata(bytes)) return unpackPackets(bytes).text;
  const text = decodeUtf8(bytes);
  if (text.startsWith('/* CTF') || isJsonMetadata(text)) return text;
  throw new CtfError('The metadata is neither text of CTF 1.8 or 2 nor packet-based.', {
    begin: text.slice(0, METADATA_SIGNATURE.length),
    expected: METADATA_SIGNATURE,
  });
}

/** The trace class of a metadata file's bytes, of either form: what openers of traces call. */
export function decodeMetadata(bytes: Uint8Array): TraceClass {
  if (!isPacketizedMetadata(bytes)) return parseMetadata(unpacketizeMetadata(bytes));
  const { text, byteOrder } = unpackPackets(bytes);
  const traceClass = parseMetadata(text);
  // CTF 2 has no byte order of a trace.
  if (isJsonMetadata(text)) return traceClass;
  if (traceClass.byteOrder === byteOrder) return traceClass;
  throw new CtfError('The packets of the metadata have another byte order than the trace that they describe.', {
    packets: byteOrder,
    trace: traceClass.byteOrder,
  });
}

function readMagicByteOrder(bytes: Uint8Array): ByteOrder | undefined {
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
  if (view.getUint32(0, true) === METADATA_PACKET_MAGIC) return 'little-endian';
  return view.getUint32(0, false) === METADATA_PACKET_MAGIC ? 'big-endian' : undefined;
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
