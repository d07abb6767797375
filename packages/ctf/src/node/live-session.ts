// SPDX-License-Identifier: MIT
// A live session of an LTTng relay, viewed: an address in, items in order of time out, while they are
// recorded. One user's session can be several of the relay's (kernel, 64-bit and 32-bit programs);
// all of one name are attached.

import { InputError, ProtocolError } from '@lockstep/base';
import {
  LIVE_FLAG_NEW_METADATA,
  LIVE_FLAG_NEW_STREAM,
  LiveViewer,
  parseLiveUrl,
  type ByteChannel,
  type LiveIndex,
  type LiveSessionEntry,
  type LiveStreamEntry,
} from '@lockstep/protocol';
import { decodeMetadata } from '../metadata/metadata-packets.ts';
import type { Trace } from '../model/event-record.ts';
import type { StreamItem } from '../read/data-stream-reader.ts';
import { GrowingDataStream, GrowingTrace, type PacketSource, type Pulled } from '../read/growing-trace.ts';
import { mergeGrowing } from '../read/merge-growing.ts';
import { makeTextDecode } from './opened.ts';
import { connectChannel } from './socket-channel.ts';
import { makePause, type FollowOptions } from './follow-pause.ts';

// A relay with more of these is broken or hostile.
/** A packet is a sub-buffer, of which LTTng's largest default is 1 MiB; two of each stream are in memory. */
const LARGEST_PACKET_BYTES = 64 << 20;
const MOST_METADATA_BYTES = 64 << 20;
const MOST_STREAMS = 65_536;
/** Answers in a row that bring a packet no further. */
const MOST_VAIN_ANSWERS = 100;

export interface LiveOptions {
  /** Where to begin: at what is being recorded now (as babeltrace2), or at all that the relay has. */
  readonly seek?: 'beginning' | 'last';
  /** Decimal minor version of the protocol to announce; for tests. */
  readonly minor?: number;
}

export interface LiveSession {
  readonly traces: readonly Trace[];
  /** Until the session is destroyed, or `signal`. To be called once. */
  items(options?: FollowOptions): AsyncGenerator<StreamItem, void, undefined>;
  close(): void;
}

/** The sessions that a relay has; the path of the address does not matter. */
export async function listLiveSessions(url: string): Promise<LiveSessionEntry[]> {
  const viewer = await LiveViewer.connect(await connectChannel(parseLiveUrl(url)));
  try {
    return await viewer.listSessions();
  } finally {
    viewer.close();
  }
}

export async function openLiveSession(url: string, options: LiveOptions = {}): Promise<LiveSession> {
  const address = parseLiveUrl(url);
  const { session } = address;
  if (session === undefined)
    throw new InputError('This address names a relay and no session; list its sessions or add /host/HOST/SESSION', {
      address: url,
    });
  return viewLiveSession(await connectChannel(address), session, options);
}

/** The same over a channel that somebody else connected. */
export async function viewLiveSession(
  channel: ByteChannel,
  session: { readonly hostname: string; readonly name: string },
  options: LiveOptions = {},
): Promise<LiveSession> {
  const viewer = await LiveViewer.connect(channel, options.minor);
  try {
    const wanted = (await viewer.listSessions()).filter(
      (entry) => entry.hostname === session.hostname && entry.name === session.name,
    );
    if (wanted.length === 0)
      throw new InputError('The relay has no such live session; `lockstep view net://HOST` lists those that it has', {
        host: session.hostname,
        session: session.name,
      });
    await viewer.createSession();
    const viewed = new ViewedSession(viewer);
    for (const entry of wanted) await viewed.attach(entry.id, options.seek ?? 'last');
    return viewed;
  } catch (error) {
    viewer.close();
    throw error;
  }
}

/** Metadata of a trace as it comes. */
class LiveTrace {
  readonly trace: GrowingTrace;
  metadataStreamId: bigint | undefined;
  readonly #viewer: LiveViewer;
  #bytes = new Uint8Array(0);

  constructor(viewer: LiveViewer, name: string) {
    this.#viewer = viewer;
    this.trace = new GrowingTrace(name);
  }

  async fetchMetadata(): Promise<void> {
    if (this.metadataStreamId === undefined) return;
    let isNew = false;
    for (;;) {
      const part = await this.#viewer.getMetadata(this.metadataStreamId);
      if (part === undefined || part.length === 0) break;
      if (this.#bytes.length + part.length > MOST_METADATA_BYTES)
        throw new ProtocolError('The relay sends too much metadata.', { stream: this.metadataStreamId });
      const joined = new Uint8Array(this.#bytes.length + part.length);
      joined.set(this.#bytes);
      joined.set(part, this.#bytes.length);
      this.#bytes = joined;
      isNew = true;
    }
    if (isNew) this.trace.setTraceClass(decodeMetadata(this.#bytes));
  }
}

class ViewedSession implements LiveSession {
  readonly #viewer: LiveViewer;
  readonly #traces = new Map<bigint, LiveTrace>();
  readonly #streams: GrowingDataStream[] = [];
  readonly #openSessions = new Set<bigint>();

  constructor(viewer: LiveViewer) {
    this.#viewer = viewer;
  }

  get traces(): readonly Trace[] {
    return [...this.#traces.values()].map((live) => live.trace);
  }

  async attach(sessionId: bigint, seek: 'beginning' | 'last'): Promise<void> {
    this.#addStreams(await this.#viewer.attach(sessionId, seek));
    this.#openSessions.add(sessionId);
  }

  items(options: FollowOptions = {}): AsyncGenerator<StreamItem, void, undefined> {
    return mergeGrowing(this.#streams, { refresh: () => this.#refresh(), pause: makePause(options) });
  }

  close(): void {
    this.#viewer.close();
  }

  async #refresh(): Promise<boolean> {
    for (const sessionId of this.#openSessions) {
      const { status, streams } = await this.#viewer.getNewStreams(sessionId);
      this.#addStreams(streams);
      if (status === 'hang-up' || status === 'error') this.#openSessions.delete(sessionId);
    }
    for (const live of this.#traces.values()) if (!live.trace.hasTraceClass) await live.fetchMetadata();
    return this.#openSessions.size > 0;
  }

  #addStreams(entries: readonly LiveStreamEntry[]): void {
    for (const entry of entries) {
      let live = this.#traces.get(entry.traceId);
      if (live === undefined)
        this.#traces.set(entry.traceId, (live = new LiveTrace(this.#viewer, traceNameOf(entry.path))));
      if (entry.isMetadata) {
        live.metadataStreamId = entry.id;
        continue;
      }
      if (this.#streams.length >= MOST_STREAMS)
        throw new ProtocolError('The relay names too many streams.', { count: this.#streams.length });
      const source = new LiveSource(this.#viewer, live, entry.id);
      const name = `${entry.path}/${entry.channel}`;
      this.#streams.push(new GrowingDataStream({ trace: live.trace, name, source, textDecode: makeTextDecode() }));
    }
  }
}

/** The relay tells `ust/uid/0/64-bit` or the like, below directories of its own. */
function traceNameOf(path: string): string {
  const at = path.search(/\b(ust|kernel)(\/|$)/);
  return at < 0 ? path : path.slice(at);
}

/** Packets of one stream. */
class LiveSource implements PacketSource {
  readonly #viewer: LiveViewer;
  readonly #live: LiveTrace;
  readonly #id: bigint;

  constructor(viewer: LiveViewer, live: LiveTrace, id: bigint) {
    this.#viewer = viewer;
    this.#live = live;
    this.#id = id;
  }

  async pull(): Promise<Pulled> {
    if (!this.#live.trace.hasTraceClass) return { type: 'nothing' };
    const index = await this.#viewer.getNextIndex(this.#id);
    if (index.status !== 'hang-up' && (index.flags & LIVE_FLAG_NEW_METADATA) !== 0) await this.#live.fetchMetadata();
    switch (index.status) {
      case 'ok':
        return { type: 'packet', bytes: await this.#fetch(index) };
      case 'inactive':
        return { type: 'quiet', cycles: index.timestampEnd };
      case 'retry':
        return { type: 'nothing' };
      case 'hang-up':
      case 'end-of-file':
        return { type: 'end' };
      case 'error':
        throw new ProtocolError('The relay cannot say what comes next of a live stream.', { stream: this.#id });
    }
  }

  async #fetch(index: LiveIndex): Promise<Uint8Array> {
    const size = Number(index.packetSizeBits / 8n);
    if (size <= 0 || size > LARGEST_PACKET_BYTES || index.packetSizeBits % 8n !== 0n)
      throw new ProtocolError('A live packet has an impossible size.', {
        stream: this.#id,
        bits: index.packetSizeBits,
      });
    // Parts are kept as they come: room for what a relay only announces is not made.
    const parts: Uint8Array[] = [];
    let vainAnswers = 0;
    for (let at = 0; at < size;) {
      const begin = BigInt.asUintN(64, index.offsetBytes + BigInt(at));
      const part = await this.#viewer.getPacketPart(this.#id, begin, size - at);
      if (part.bytes !== undefined) {
        parts.push(part.bytes);
        at += part.bytes.length;
        vainAnswers = 0;
        continue;
      }
      if (++vainAnswers > MOST_VAIN_ANSWERS)
        throw new ProtocolError('The relay announces a packet and never sends it.', { stream: this.#id });
      // It says what it wants fetched first; anything else is the end of this stream.
      if ((part.flags & (LIVE_FLAG_NEW_METADATA | LIVE_FLAG_NEW_STREAM)) === 0 || part.isOver)
        throw new ProtocolError('The relay has lost a packet that it announced.', { stream: this.#id });
      if ((part.flags & LIVE_FLAG_NEW_METADATA) !== 0) await this.#live.fetchMetadata();
    }
    return joinParts(parts, size);
  }
}

function joinParts(parts: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
