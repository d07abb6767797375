// SPDX-License-Identifier: MIT
// A viewer's side of the live protocol: one method a command, over a channel of bytes that somebody
// else connected. Requests are not pipelined: the relay answers one at a time. Every count and size in
// an answer is bounded before anything is read or kept.

import { ProtocolError } from '@lockstep/base';
import {
  decodeLiveConnect,
  decodeLiveIndex,
  decodeLiveSessionEntry,
  decodeLiveSessionTail,
  decodeLiveStreamEntry,
  encodeLiveAttach,
  encodeLiveConnect,
  encodeLiveId,
  encodeLivePacketRequest,
  encodeLiveRequest,
  LIVE_ATTACH_STATUSES,
  LIVE_CONNECT_SIZE_BYTES,
  LIVE_CREATE_STATUSES,
  LIVE_DETACH_STATUSES,
  LIVE_INDEX_SIZE_BYTES,
  LIVE_MAJOR,
  LIVE_METADATA_HEADER_SIZE_BYTES,
  LIVE_METADATA_STATUSES,
  LIVE_MINOR,
  LIVE_MINOR_TRACE_FORMAT,
  LIVE_NEW_STREAMS_STATUSES,
  LIVE_PACKET_HEADER_SIZE_BYTES,
  LIVE_PACKET_STATUSES,
  LIVE_SESSION_HEAD_SIZE_BYTES,
  LIVE_SESSION_SIZE_BYTES,
  LIVE_STREAM_SIZE_BYTES,
  liveStatus,
  type LiveCommand,
  type LiveIndex,
  type LiveSessionEntry,
  type LiveStreamEntry,
} from './live-messages.ts';

/** Bytes in order, both ways. */
export interface ByteChannel {
  send(bytes: Uint8Array): void;
  /** Exactly so many bytes; rejects when the other side is gone. */
  receive(sizeBytes: number): Promise<Uint8Array>;
  close(): void;
}

/** A relay with more of them is broken or hostile. */
const MOST_SESSIONS = 65_536;
const MOST_STREAMS = 65_536;
const MOST_METADATA_BYTES = 256 * 1024 * 1024;
/** Packets are fetched in parts of this size at most. */
const LARGEST_PART_BYTES = 4 * 1024 * 1024;

export class LiveViewer {
  readonly #channel: ByteChannel;
  /** The version that both sides speak. */
  #minor = 0;

  private constructor(channel: ByteChannel) {
    this.#channel = channel;
  }

  /** Says who we are; the first thing on a connection. */
  static async connect(channel: ByteChannel, minor: number = LIVE_MINOR): Promise<LiveViewer> {
    const viewer = new LiveViewer(channel);
    const payload = encodeLiveConnect({ viewerSessionId: 0n, major: LIVE_MAJOR, minor });
    const reply = decodeLiveConnect(await viewer.#ask('connect', payload, LIVE_CONNECT_SIZE_BYTES));
    if (reply.major !== LIVE_MAJOR)
      throw new ProtocolError('The relay speaks another version of the live protocol.', {
        major: reply.major,
        minor: reply.minor,
      });
    viewer.#minor = Math.min(minor, reply.minor);
    return viewer;
  }

  async listSessions(): Promise<LiveSessionEntry[]> {
    const count = uint32(await this.#ask('list-sessions', undefined, 4), 0);
    if (count > MOST_SESSIONS) throw new ProtocolError('The relay names too many sessions.', { count });
    const sessions: LiveSessionEntry[] = [];
    for (let index = 0; index < count; index++) {
      if (this.#minor < LIVE_MINOR_TRACE_FORMAT) {
        sessions.push(decodeLiveSessionEntry(await this.#channel.receive(LIVE_SESSION_SIZE_BYTES), this.#minor));
        continue;
      }
      const head = await this.#channel.receive(LIVE_SESSION_HEAD_SIZE_BYTES);
      const { hostnameSize, nameSize } = decodeLiveSessionTail(head);
      const bytes = new Uint8Array(head.length + hostnameSize + nameSize);
      bytes.set(head);
      if (hostnameSize + nameSize > 0) bytes.set(await this.#channel.receive(hostnameSize + nameSize), head.length);
      sessions.push(decodeLiveSessionEntry(bytes, this.#minor));
    }
    return sessions;
  }

  /** Once on a connection, before the first attach. */
  async createSession(): Promise<void> {
    const status = liveStatus(LIVE_CREATE_STATUSES, uint32(await this.#ask('create-session', undefined, 4), 0));
    if (status !== 'ok') throw new ProtocolError('The relay refuses to make a viewer session.', {});
  }

  async attach(sessionId: bigint, seek: 'beginning' | 'last'): Promise<LiveStreamEntry[]> {
    const reply = await this.#ask('attach-session', encodeLiveAttach(sessionId, seek), 8);
    const status = liveStatus(LIVE_ATTACH_STATUSES, uint32(reply, 0));
    if (status !== 'ok') throw new ProtocolError(ATTACH_SENTENCES[status], { session: sessionId });
    return this.#receiveStreams(uint32(reply, 4));
  }

  async detach(sessionId: bigint): Promise<void> {
    liveStatus(LIVE_DETACH_STATUSES, uint32(await this.#ask('detach-session', encodeLiveId(sessionId), 4), 0));
  }

  /** Streams that came since the last time; `hang-up` = the session is over and has none left. */
  async getNewStreams(
    sessionId: bigint,
  ): Promise<{ status: (typeof LIVE_NEW_STREAMS_STATUSES)[number]; streams: LiveStreamEntry[] }> {
    const reply = await this.#ask('get-new-streams', encodeLiveId(sessionId), 8);
    const status = liveStatus(LIVE_NEW_STREAMS_STATUSES, uint32(reply, 0));
    return { status, streams: status === 'ok' ? await this.#receiveStreams(uint32(reply, 4)) : [] };
  }

  async getNextIndex(streamId: bigint): Promise<LiveIndex> {
    return decodeLiveIndex(await this.#ask('get-next-index', encodeLiveId(streamId), LIVE_INDEX_SIZE_BYTES));
  }

  /** Part of a packet; undefined = not now, with flags that say what to fetch first. */
  async getPacketPart(
    streamId: bigint,
    offsetBytes: bigint,
    sizeBytes: number,
  ): Promise<{ bytes: Uint8Array | undefined; isOver: boolean; flags: number }> {
    const wanted = Math.min(sizeBytes, LARGEST_PART_BYTES);
    const request = encodeLivePacketRequest({ streamId, offsetBytes, sizeBytes: wanted });
    const reply = await this.#ask('get-packet', request, LIVE_PACKET_HEADER_SIZE_BYTES);
    const status = liveStatus(LIVE_PACKET_STATUSES, uint32(reply, 0));
    const flags = uint32(reply, 8);
    if (status !== 'ok') return { bytes: undefined, isOver: status === 'end-of-file', flags };
    const size = uint32(reply, 4);
    if (size > wanted || size === 0)
      throw new ProtocolError('The relay sends another part of a packet than was asked for.', { size, wanted });
    return { bytes: await this.#channel.receive(size), isOver: false, flags };
  }

  /** Metadata that came since the last time; undefined = none. */
  async getMetadata(streamId: bigint): Promise<Uint8Array | undefined> {
    const reply = await this.#ask('get-metadata', encodeLiveId(streamId), LIVE_METADATA_HEADER_SIZE_BYTES);
    const size = new DataView(reply.buffer, reply.byteOffset).getBigUint64(0);
    const status = liveStatus(LIVE_METADATA_STATUSES, uint32(reply, 8));
    if (status === 'error') throw new ProtocolError('The relay has no metadata of this stream.', { stream: streamId });
    if (status === 'no-new') return undefined;
    if (size > BigInt(MOST_METADATA_BYTES)) throw new ProtocolError('The relay sends too much metadata.', { size });
    return size === 0n ? new Uint8Array(0) : this.#channel.receive(Number(size));
  }

  close(): void {
    this.#channel.close();
  }

  async #receiveStreams(count: number): Promise<LiveStreamEntry[]> {
    if (count > MOST_STREAMS) throw new ProtocolError('The relay names too many streams.', { count });
    const streams: LiveStreamEntry[] = [];
    for (let index = 0; index < count; index++)
      streams.push(decodeLiveStreamEntry(await this.#channel.receive(LIVE_STREAM_SIZE_BYTES)));
    return streams;
  }

  #ask(command: LiveCommand, payload: Uint8Array | undefined, replySizeBytes: number): Promise<Uint8Array> {
    this.#channel.send(encodeLiveRequest(command, payload));
    return this.#channel.receive(replySizeBytes);
  }
}

const ATTACH_SENTENCES: Readonly<Record<Exclude<(typeof LIVE_ATTACH_STATUSES)[number], 'ok'>, string>> = {
  already: 'Another viewer is attached to this live session; a session has one viewer at a time.',
  unknown: 'The relay does not know this live session.',
  'not-live': 'This session is not live; create it with `lttng create --live`.',
  'seek-error': 'The relay cannot begin where it was asked to.',
  'no-session': 'The relay has no viewer session for this connection.',
};

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}
