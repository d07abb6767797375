// SPDX-License-Identifier: MIT
// A relay whose answers are damaged at random, to a viewer that views a whole session: items, or one typed error;
// never another exception, an endless loop or room for what is only announced. The relay is a script here; the real
// one is in live-session.test.ts. 2 000 sessions; LOCKSTEP_TEST_LONG makes them 10 000, LOCKSTEP_MUTATIONS any number.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError, ProtocolError } from '@lockstep/base';
import {
  decodeLivePacketRequest,
  decodeLiveRequestHeader,
  encodeLiveConnect,
  encodeLiveIndex,
  encodeLiveSessionEntry,
  encodeLiveStreamEntry,
  LIVE_INDEX_SIZE_BYTES,
  LIVE_REQUEST_HEADER_SIZE_BYTES,
  type ByteChannel,
  type LiveIndex,
  type LiveIndexStatus,
} from '@lockstep/protocol';
import { writeMetadata } from '../metadata/metadata-writer.ts';
import { isEventRecord } from '../read/data-stream-reader.ts';
import { mutate, Random } from '../testing/mutations.ts';
import { eventRecordClass, samplePacket, sampleTraceClass } from '../testing/sample-trace.ts';
import { signedInteger, structure } from '../write.ts';
import { viewLiveSession } from './live-session.ts';

const CASES = Number(
  process.env['LOCKSTEP_MUTATIONS'] ?? (process.env['LOCKSTEP_TEST_LONG'] === undefined ? 2_000 : 10_000),
);
const SEED = Number(process.env['LOCKSTEP_SEED'] ?? 1);
/** A session of a relay that is whole takes 20; one that asks for the same again and again is cut off. */
const MOST_REQUESTS = 1_000;

const SESSION = { hostname: 'box', name: 'session' };
const tick = eventRecordClass(1, 'tick', structure({ value: signedInteger(32) }));
const metadata = new TextEncoder().encode(writeMetadata(sampleTraceClass('kernel', [tick])));
const packets = [1000, 2000, 3000].map((time, number) =>
  samplePacket(
    'kernel',
    [BigInt(time), BigInt(time)],
    (writer) => writer.integer(16, 1).integer(32, time).integer(32, 1).integer(32, number),
    BigInt(number),
  ),
);
const file = Uint8Array.from(packets.flatMap((packet) => [...packet]));

const words = (...values: readonly number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setUint32(index * 4, value));
  return new Uint8Array(view.buffer);
};
function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
const stream = (id: bigint, isMetadata: boolean): Uint8Array =>
  encodeLiveStreamEntry({ id, traceId: 1n, isMetadata, path: 'ust/uid/0/64-bit', channel: 'c_0' });

// Entries of streams are large and always the same.
const [METADATA_ENTRY, DATA_ENTRY] = [stream(1n, true), stream(2n, false)];

function indexOf(number: number, status: LiveIndexStatus): LiveIndex {
  const sizeBits = BigInt((packets[0]?.length ?? 0) * 8);
  return {
    offsetBytes: BigInt(number) * (sizeBits / 8n),
    packetSizeBits: sizeBits,
    contentSizeBits: sizeBits,
    timestampBegin: 0n,
    timestampEnd: BigInt(number) * 1000n,
    discardedEventRecordCount: 0n,
    dataStreamClassId: 0n,
    status,
    flags: number === 0 ? 1 : 0,
  };
}

/** A relay of one session whose answers go through `damage`. */
class ScriptedRelay implements ByteChannel {
  requestCount = 0;
  readonly #damage: (reply: Uint8Array, request: number) => Uint8Array;
  #kept: Uint8Array = new Uint8Array(0);
  #at = 0;
  #packetsSent = 0;
  #metadataSent = 0;

  constructor(damage: (reply: Uint8Array, request: number) => Uint8Array) {
    this.#damage = damage;
  }

  send(bytes: Uint8Array): void {
    const reply = this.#damage(this.#reply(bytes), this.requestCount++);
    this.#kept = join(this.#kept.subarray(this.#at), reply);
    this.#at = 0;
  }

  receive(sizeBytes: number): Promise<Uint8Array> {
    if (this.#kept.length - this.#at < sizeBytes || this.requestCount > MOST_REQUESTS)
      return Promise.reject(new ProtocolError('The relay ended the connection.', {}));
    this.#at += sizeBytes;
    return Promise.resolve(this.#kept.slice(this.#at - sizeBytes, this.#at));
  }

  close(): void {}

  #reply(request: Uint8Array): Uint8Array {
    switch (decodeLiveRequestHeader(request).command) {
      case 'connect':
        return encodeLiveConnect({ viewerSessionId: 7n, major: 2, minor: 15 });
      case 'list-sessions':
        return join(
          words(1),
          encodeLiveSessionEntry(
            { ...SESSION, id: 3n, liveTimerUs: 1, clientCount: 0, streamCount: 2, traceFormat: 'ctf-1.8' },
            15,
          ),
        );
      case 'attach-session':
        return join(words(1, 2), METADATA_ENTRY, DATA_ENTRY);
      case 'get-next-index': {
        const number = this.#packetsSent++;
        return encodeLiveIndex(indexOf(number, number < packets.length ? 'ok' : 'hang-up'));
      }
      case 'get-packet': {
        const { offsetBytes, sizeBytes } = decodeLivePacketRequest(request.subarray(LIVE_REQUEST_HEADER_SIZE_BYTES));
        const begin = Number(offsetBytes);
        const part = file.subarray(begin, begin + Math.min(sizeBytes, 1500));
        return part.length === 0 ? words(3, 0, 0) : join(words(1, part.length, 0), part);
      }
      case 'get-metadata':
        return this.#metadataSent++ === 0 ? join(words(0, metadata.length, 1), metadata) : words(0, 0, 2);
      case 'get-new-streams':
        return words(this.#packetsSent > packets.length ? 4 : 2, 0);
      default:
        return words(1);
    }
  }
}

async function view(relay: ScriptedRelay): Promise<number> {
  const session = await viewLiveSession(relay, SESSION, { seek: 'beginning' });
  let records = 0;
  // No time passes between two looks, and after a few of them the viewer goes.
  let pauses = 0;
  const ending = new AbortController();
  const onIdle = (): void => {
    if (++pauses > 3) ending.abort();
  };
  for await (const item of session.items({ intervalMs: 0, signal: ending.signal, onIdle })) {
    if (isEventRecord(item)) records++;
  }
  session.close();
  return records;
}

test('a relay that is whole is viewed whole', async () => {
  assert.equal(await view(new ScriptedRelay((reply) => reply)), packets.length);
});

test('damaged answers end in items or in one typed error', async () => {
  let viewed = 0;
  let slowest = 0;
  for (let i = 0; i < CASES; i++) {
    const seed = SEED * 1_000_003 + i;
    const random = new Random(seed);
    // One answer, or every one from some point on.
    const [first, isOnce] = [random.below(16), random.below(3) > 0];
    const relay = new ScriptedRelay((reply, request) =>
      request === first || (!isOnce && request > first) ? mutate(reply, random, false) : reply,
    );
    const begin = process.cpuUsage();
    try {
      await view(relay);
      viewed++;
    } catch (error) {
      if (!(error instanceof LockstepError))
        assert.fail(`seed=${seed}: ${error instanceof Error ? error.stack : String(error)}`);
    }
    assert.ok(relay.requestCount <= MOST_REQUESTS, `seed=${seed} asks again and again`);
    slowest = Math.max(slowest, process.cpuUsage(begin).user / 1000);
  }
  assert.ok(slowest < 10_000, `a session took ${slowest} ms of processor time`);
  assert.ok(viewed > CASES / 20 && viewed < CASES, `${viewed} of ${CASES} were viewed to their end`);
  const { rss } = process.memoryUsage();
  assert.ok(rss < 600 << 20, `${rss} bytes of memory are in use`);
});

test('a relay that answers the request for a packet with flags only is left', async () => {
  let isPacket = false;
  const relay = new (class extends ScriptedRelay {
    override send(bytes: Uint8Array): void {
      isPacket = decodeLiveRequestHeader(bytes).command === 'get-packet';
      super.send(bytes);
    }
  })((reply) => (isPacket ? words(3, 0, 1) : reply));
  await assert.rejects(view(relay), /announces a packet and never sends it/);
  assert.ok(relay.requestCount < 300);
});

test('metadata without end and packets beyond any size are refused', async () => {
  const part = new Uint8Array(4 << 20).fill(0x20);
  let isMetadata = false;
  const relay = new (class extends ScriptedRelay {
    override send(bytes: Uint8Array): void {
      isMetadata = decodeLiveRequestHeader(bytes).command === 'get-metadata';
      super.send(bytes);
    }
  })((reply) => (isMetadata ? join(words(0, part.length, 1), part) : reply));
  await assert.rejects(view(relay), /too much metadata/);
  const announced = new ScriptedRelay((reply) => {
    if (reply.length === LIVE_INDEX_SIZE_BYTES) new DataView(reply.buffer).setBigUint64(8, 1n << 33n);
    return reply;
  });
  await assert.rejects(view(announced), /impossible size/);
});
