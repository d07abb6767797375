// SPDX-License-Identifier: MIT
// The messages of LTTng's live protocol (lttng-tools, src/bin/lttng-relayd/lttng-viewer-abi.hpp):
// requests and replies <-> bytes. TCP, big-endian, packed; the viewer asks, the relay answers once.
//
//   request:  0 payload size u64 | 8 command u32 | 12 command version u32 | 16 payload
//   replies have no header; their sizes follow from the command.
//
// Both directions are here, since a viewer needs one half and a relay the other.

import { decodeUtf8, encodeUtf8, ProtocolError } from '@lockstep/base';

export const LIVE_PORT = 5344;
export const LIVE_MAJOR = 2;
/** The newest minor version that this code speaks: sessions say their trace format. */
export const LIVE_MINOR = 15;
/** From here on entries of sessions have strings of their own length. */
export const LIVE_MINOR_TRACE_FORMAT = 15;

export const LIVE_REQUEST_HEADER_SIZE_BYTES = 16;
export const LIVE_CONNECT_SIZE_BYTES = 20;
export const LIVE_INDEX_SIZE_BYTES = 64;
export const LIVE_PACKET_HEADER_SIZE_BYTES = 12;
export const LIVE_METADATA_HEADER_SIZE_BYTES = 12;
const PATH_SIZE_BYTES = 4096;
const CHANNEL_SIZE_BYTES = 255;
const HOST_SIZE_BYTES = 64;
const SESSION_SIZE_BYTES = 255;
export const LIVE_STREAM_SIZE_BYTES: number = 20 + PATH_SIZE_BYTES + CHANNEL_SIZE_BYTES;
export const LIVE_SESSION_SIZE_BYTES: number = 20 + HOST_SIZE_BYTES + SESSION_SIZE_BYTES;
/** Fixed part of a session's entry from minor version 15 on. */
export const LIVE_SESSION_HEAD_SIZE_BYTES = 32;

export const LIVE_COMMANDS = {
  connect: 1,
  'list-sessions': 2,
  'attach-session': 3,
  'get-next-index': 4,
  'get-packet': 5,
  'get-metadata': 6,
  'get-new-streams': 7,
  'create-session': 8,
  'detach-session': 9,
} as const;
export type LiveCommand = keyof typeof LIVE_COMMANDS;

/** Statuses as they are counted on the wire, from 1. */
export const LIVE_ATTACH_STATUSES = ['ok', 'already', 'unknown', 'not-live', 'seek-error', 'no-session'] as const;
export const LIVE_INDEX_STATUSES = ['ok', 'retry', 'hang-up', 'error', 'inactive', 'end-of-file'] as const;
export const LIVE_PACKET_STATUSES = ['ok', 'retry', 'error', 'end-of-file'] as const;
export const LIVE_METADATA_STATUSES = ['ok', 'no-new', 'error'] as const;
export const LIVE_NEW_STREAMS_STATUSES = ['ok', 'no-new', 'error', 'hang-up'] as const;
export const LIVE_CREATE_STATUSES = ['ok', 'error'] as const;
export const LIVE_DETACH_STATUSES = ['ok', 'unknown', 'error'] as const;

export type LiveIndexStatus = (typeof LIVE_INDEX_STATUSES)[number];

export const LIVE_FLAG_NEW_METADATA = 1;
export const LIVE_FLAG_NEW_STREAM = 2;

export interface LiveSessionEntry {
  readonly id: bigint;
  readonly liveTimerUs: number;
  readonly clientCount: number;
  readonly streamCount: number;
  readonly hostname: string;
  readonly name: string;
  readonly traceFormat: 'ctf-1.8' | 'ctf-2';
}

export interface LiveStreamEntry {
  readonly id: bigint;
  /** Streams with the same belong to one trace. */
  readonly traceId: bigint;
  readonly isMetadata: boolean;
  readonly path: string;
  readonly channel: string;
}

export interface LiveIndex {
  readonly offsetBytes: bigint;
  readonly packetSizeBits: bigint;
  readonly contentSizeBits: bigint;
  readonly timestampBegin: bigint;
  /** Of an inactive stream the only time that is valid: nothing earlier will come. */
  readonly timestampEnd: bigint;
  readonly discardedEventRecordCount: bigint;
  readonly dataStreamClassId: bigint;
  readonly status: LiveIndexStatus;
  readonly flags: number;
}

export function encodeLiveRequest(command: LiveCommand, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(LIVE_REQUEST_HEADER_SIZE_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(payload.length));
  view.setUint32(8, LIVE_COMMANDS[command]);
  bytes.set(payload, LIVE_REQUEST_HEADER_SIZE_BYTES);
  return bytes;
}

export function decodeLiveRequestHeader(bytes: Uint8Array): { payloadSizeBytes: number; command: LiveCommand } {
  const view = viewOf(bytes, LIVE_REQUEST_HEADER_SIZE_BYTES);
  const size = view.getBigUint64(0);
  const number = view.getUint32(8);
  const command = (Object.keys(LIVE_COMMANDS) as LiveCommand[]).find((name) => LIVE_COMMANDS[name] === number);
  if (command === undefined || size > 4096n)
    throw new ProtocolError('This is no request of the live protocol.', { command: number, size });
  return { payloadSizeBytes: Number(size), command };
}

/** Payload of connect, which is its reply as well. */
export interface LiveConnect {
  readonly viewerSessionId: bigint;
  readonly major: number;
  readonly minor: number;
}

export function encodeLiveConnect(connect: LiveConnect): Uint8Array {
  const bytes = new Uint8Array(LIVE_CONNECT_SIZE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, connect.viewerSessionId);
  view.setUint32(8, connect.major);
  view.setUint32(12, connect.minor);
  // A connection for commands; the other kind was never used.
  view.setUint32(16, 1);
  return bytes;
}

export function decodeLiveConnect(bytes: Uint8Array): LiveConnect {
  const view = viewOf(bytes, LIVE_CONNECT_SIZE_BYTES);
  return { viewerSessionId: view.getBigUint64(0), major: view.getUint32(8), minor: view.getUint32(12) };
}

/** Payload of the commands that name one session or stream. */
export function encodeLiveId(id: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, id);
  return bytes;
}

export function decodeLiveId(bytes: Uint8Array): bigint {
  return viewOf(bytes, 8).getBigUint64(0);
}

export function encodeLiveAttach(sessionId: bigint, seek: 'beginning' | 'last'): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, sessionId);
  view.setUint32(16, seek === 'beginning' ? 1 : 2);
  return bytes;
}

export function decodeLiveAttach(bytes: Uint8Array): { sessionId: bigint; seek: 'beginning' | 'last' } {
  const view = viewOf(bytes, 20);
  return { sessionId: view.getBigUint64(0), seek: view.getUint32(16) === 1 ? 'beginning' : 'last' };
}

export interface LivePacketRequest {
  readonly streamId: bigint;
  readonly offsetBytes: bigint;
  readonly sizeBytes: number;
}

export function encodeLivePacketRequest(request: LivePacketRequest): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, request.streamId);
  view.setBigUint64(8, request.offsetBytes);
  view.setUint32(16, request.sizeBytes);
  return bytes;
}

export function decodeLivePacketRequest(bytes: Uint8Array): LivePacketRequest {
  const view = viewOf(bytes, 20);
  return { streamId: view.getBigUint64(0), offsetBytes: view.getBigUint64(8), sizeBytes: view.getUint32(16) };
}

export function encodeLiveSessionEntry(entry: LiveSessionEntry, minor: number): Uint8Array {
  const hostname = encodeUtf8(entry.hostname);
  const name = encodeUtf8(entry.name);
  const isLong = minor >= LIVE_MINOR_TRACE_FORMAT;
  const bytes = new Uint8Array(
    isLong ? LIVE_SESSION_HEAD_SIZE_BYTES + hostname.length + name.length : LIVE_SESSION_SIZE_BYTES,
  );
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, entry.id);
  view.setUint32(8, entry.liveTimerUs);
  view.setUint32(12, entry.clientCount);
  view.setUint32(16, entry.streamCount);
  if (!isLong) {
    bytes.set(hostname.subarray(0, HOST_SIZE_BYTES - 1), 20);
    bytes.set(name.subarray(0, SESSION_SIZE_BYTES - 1), 20 + HOST_SIZE_BYTES);
    return bytes;
  }
  view.setUint32(20, hostname.length);
  view.setUint32(24, name.length);
  view.setUint32(28, entry.traceFormat === 'ctf-2' ? 1 : 0);
  bytes.set(hostname, LIVE_SESSION_HEAD_SIZE_BYTES);
  bytes.set(name, LIVE_SESSION_HEAD_SIZE_BYTES + hostname.length);
  return bytes;
}

/** Sizes of the strings that follow the fixed part of a session's entry, from minor version 15 on. */
export function decodeLiveSessionTail(head: Uint8Array): { hostnameSize: number; nameSize: number } {
  const view = viewOf(head, LIVE_SESSION_HEAD_SIZE_BYTES);
  const [hostnameSize, nameSize] = [view.getUint32(20), view.getUint32(24)];
  if (hostnameSize > 4096 || nameSize > 4096)
    throw new ProtocolError('The name of a live session is longer than any name.', { hostnameSize, nameSize });
  return { hostnameSize, nameSize };
}

export function decodeLiveSessionEntry(bytes: Uint8Array, minor: number): LiveSessionEntry {
  const isLong = minor >= LIVE_MINOR_TRACE_FORMAT;
  const view = viewOf(bytes, isLong ? LIVE_SESSION_HEAD_SIZE_BYTES : LIVE_SESSION_SIZE_BYTES);
  const common = {
    id: view.getBigUint64(0),
    liveTimerUs: view.getUint32(8),
    clientCount: view.getUint32(12),
    streamCount: view.getUint32(16),
  };
  if (!isLong) {
    return {
      ...common,
      hostname: textOf(bytes, 20, HOST_SIZE_BYTES),
      name: textOf(bytes, 20 + HOST_SIZE_BYTES, SESSION_SIZE_BYTES),
      traceFormat: 'ctf-1.8',
    };
  }
  const { hostnameSize, nameSize } = decodeLiveSessionTail(bytes);
  return {
    ...common,
    hostname: textOf(bytes, LIVE_SESSION_HEAD_SIZE_BYTES, hostnameSize),
    name: textOf(bytes, LIVE_SESSION_HEAD_SIZE_BYTES + hostnameSize, nameSize),
    traceFormat: view.getUint32(28) === 1 ? 'ctf-2' : 'ctf-1.8',
  };
}

export function encodeLiveStreamEntry(entry: LiveStreamEntry): Uint8Array {
  const bytes = new Uint8Array(LIVE_STREAM_SIZE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, entry.id);
  view.setBigUint64(8, entry.traceId);
  view.setUint32(16, entry.isMetadata ? 1 : 0);
  bytes.set(encodeUtf8(entry.path).subarray(0, PATH_SIZE_BYTES - 1), 20);
  bytes.set(encodeUtf8(entry.channel).subarray(0, CHANNEL_SIZE_BYTES - 1), 20 + PATH_SIZE_BYTES);
  return bytes;
}

export function decodeLiveStreamEntry(bytes: Uint8Array): LiveStreamEntry {
  const view = viewOf(bytes, LIVE_STREAM_SIZE_BYTES);
  return {
    id: view.getBigUint64(0),
    traceId: view.getBigUint64(8),
    isMetadata: view.getUint32(16) !== 0,
    path: textOf(bytes, 20, PATH_SIZE_BYTES),
    channel: textOf(bytes, 20 + PATH_SIZE_BYTES, CHANNEL_SIZE_BYTES),
  };
}

export function encodeLiveIndex(index: LiveIndex): Uint8Array {
  const bytes = new Uint8Array(LIVE_INDEX_SIZE_BYTES);
  const view = new DataView(bytes.buffer);
  const words = [
    index.offsetBytes,
    index.packetSizeBits,
    index.contentSizeBits,
    index.timestampBegin,
    index.timestampEnd,
    index.discardedEventRecordCount,
    index.dataStreamClassId,
  ];
  words.forEach((word, at) => view.setBigUint64(at * 8, word));
  view.setUint32(56, LIVE_INDEX_STATUSES.indexOf(index.status) + 1);
  view.setUint32(60, index.flags);
  return bytes;
}

export function decodeLiveIndex(bytes: Uint8Array): LiveIndex {
  const view = viewOf(bytes, LIVE_INDEX_SIZE_BYTES);
  const word = (at: number): bigint => view.getBigUint64(at * 8);
  return {
    offsetBytes: word(0),
    packetSizeBits: word(1),
    contentSizeBits: word(2),
    timestampBegin: word(3),
    timestampEnd: word(4),
    discardedEventRecordCount: word(5),
    dataStreamClassId: word(6),
    status: liveStatus(LIVE_INDEX_STATUSES, view.getUint32(56)),
    flags: view.getUint32(60),
  };
}

/** A status on the wire as a word. */
export function liveStatus<T extends string>(statuses: readonly T[], value: number): T {
  const status = statuses[value - 1];
  if (status === undefined)
    throw new ProtocolError('A live relay answered with a status that does not exist.', { value });
  return status;
}

function viewOf(bytes: Uint8Array, sizeBytes: number): DataView {
  if (bytes.length < sizeBytes)
    throw new ProtocolError('A message of the live protocol is cut off.', { size: bytes.length, wanted: sizeBytes });
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function textOf(bytes: Uint8Array, at: number, sizeBytes: number): string {
  const part = bytes.subarray(at, at + sizeBytes);
  const nul = part.indexOf(0);
  return decodeUtf8(nul < 0 ? part : part.subarray(0, nul));
}
