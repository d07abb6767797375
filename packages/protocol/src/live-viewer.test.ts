// SPDX-License-Identifier: MIT
// The viewer against a relay that is a script of bytes; what the real one does is tested in ctf/node.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError, LockstepError, ProtocolError } from '@lockstep/base';
import {
  decodeLiveConnect,
  decodeLiveIndex,
  decodeLivePacketRequest,
  decodeLiveRequestHeader,
  decodeLiveStreamEntry,
  encodeLiveConnect,
  encodeLiveIndex,
  encodeLiveSessionEntry,
  encodeLiveStreamEntry,
  LIVE_REQUEST_HEADER_SIZE_BYTES,
  type LiveIndex,
  type LiveSessionEntry,
} from './live-messages.ts';
import { parseLiveUrl } from './live-url.ts';
import { LiveViewer, type ByteChannel } from './live-viewer.ts';

/** Of mutated answers, with those of whole sessions in ctf/node, 100 000. */
const IS_LONG = process.env['LOCKSTEP_TEST_LONG'] !== undefined;

/** Answers every request with the next of `replies`; afterwards the connection is gone. */
function scripted(replies: readonly Uint8Array[]): ByteChannel & { readonly requests: Uint8Array[] } {
  const requests: Uint8Array[] = [];
  let kept = new Uint8Array(0);
  let next = 0;
  return {
    requests,
    send(bytes) {
      requests.push(bytes);
      const reply = replies[next++];
      if (reply !== undefined) kept = Uint8Array.from([...kept, ...reply]);
    },
    receive(size) {
      if (kept.length < size) return Promise.reject(new ProtocolError('gone', {}));
      const part = kept.slice(0, size);
      kept = kept.slice(size);
      return Promise.resolve(part);
    },
    close() {},
  };
}

const hello = (minor: number): Uint8Array => encodeLiveConnect({ viewerSessionId: 7n, major: 2, minor });
const words = (...values: number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setUint32(index * 4, value));
  return new Uint8Array(view.buffer);
};
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

const SESSION: LiveSessionEntry = {
  id: 3n,
  liveTimerUs: 100_000,
  clientCount: 0,
  streamCount: 5,
  hostname: 'büx',
  name: 'my session',
  traceFormat: 'ctf-1.8',
};
const INDEX: LiveIndex = {
  offsetBytes: 4096n,
  packetSizeBits: 32768n,
  contentSizeBits: 800n,
  timestampBegin: 1n,
  timestampEnd: 2n,
  discardedEventRecordCount: 3n,
  dataStreamClassId: 0n,
  status: 'inactive',
  flags: 3,
};

test('lists sessions in the layout of either version, the smaller one of both sides', async () => {
  for (const [minor, entry] of [
    [13, SESSION],
    [15, { ...SESSION, traceFormat: 'ctf-2' as const }],
    [99, SESSION],
  ] as const) {
    const channel = scripted([
      hello(minor),
      join(words(2), encodeLiveSessionEntry(entry, minor), encodeLiveSessionEntry(entry, minor)),
    ]);
    const viewer = await LiveViewer.connect(channel);
    assert.deepEqual(await viewer.listSessions(), [entry, entry]);
    assert.deepEqual(decodeLiveConnect(channel.requests[0]!.subarray(LIVE_REQUEST_HEADER_SIZE_BYTES)).minor, 15);
    assert.deepEqual(decodeLiveRequestHeader(channel.requests[1]!), { payloadSizeBytes: 0, command: 'list-sessions' });
  }
});

test('attaches, follows an index to its packet, and takes it in parts', async () => {
  const stream = { id: 9n, traceId: 1n, isMetadata: false, path: 'ust/uid/0/64-bit', channel: 'channel0_1' };
  assert.deepEqual(decodeLiveStreamEntry(encodeLiveStreamEntry(stream)), stream);
  assert.deepEqual(decodeLiveIndex(encodeLiveIndex(INDEX)), INDEX);
  const channel = scripted([
    hello(13),
    words(1),
    join(words(1, 1), encodeLiveStreamEntry(stream)),
    encodeLiveIndex(INDEX),
    join(words(1, 3, 0), Uint8Array.of(1, 2, 3)),
    words(3, 0, 1),
  ]);
  const viewer = await LiveViewer.connect(channel);
  await viewer.createSession();
  assert.deepEqual(await viewer.attach(3n, 'beginning'), [stream]);
  assert.deepEqual(await viewer.getNextIndex(9n), INDEX);
  assert.deepEqual(await viewer.getPacketPart(9n, 4096n, 10), {
    bytes: Uint8Array.of(1, 2, 3),
    isOver: false,
    flags: 0,
  });
  assert.deepEqual(await viewer.getPacketPart(9n, 4099n, 7), { bytes: undefined, isOver: false, flags: 1 });
  assert.deepEqual(decodeLivePacketRequest(channel.requests[4]!.subarray(LIVE_REQUEST_HEADER_SIZE_BYTES)), {
    streamId: 9n,
    offsetBytes: 4096n,
    sizeBytes: 10,
  });
});

test('refuses another version, a second viewer, counts and sizes that nothing has', async () => {
  await assert.rejects(
    LiveViewer.connect(scripted([encodeLiveConnect({ viewerSessionId: 0n, major: 3, minor: 0 })])),
    ProtocolError,
  );
  const after = async (...replies: Uint8Array[]): Promise<LiveViewer> =>
    LiveViewer.connect(scripted([hello(13), ...replies]));
  await assert.rejects((await after(words(0x7fffffff))).listSessions(), /too many sessions/);
  await assert.rejects((await after(words(2, 0))).attach(1n, 'last'), /one viewer at a time/);
  await assert.rejects((await after(words(1, 0xffffffff))).attach(1n, 'last'), /too many streams/);
  await assert.rejects((await after(words(77, 0))).attach(1n, 'last'), /does not exist/);
  await assert.rejects((await after(words(1, 11, 0))).getPacketPart(1n, 0n, 10), /another part/);
  await assert.rejects((await after(words(0xffff, 0, 1))).getMetadata(1n), /too much metadata/);
});

test('any bytes end in an answer or in one error of ours', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 6 }), async (replies) => {
      try {
        const viewer = await LiveViewer.connect(scripted([hello(15), ...replies]));
        await viewer.listSessions();
        await viewer.attach(1n, 'last');
        await viewer.getNextIndex(1n);
        await viewer.getPacketPart(1n, 0n, 100);
        await viewer.getMetadata(1n);
        await viewer.getNewStreams(1n);
      } catch (error) {
        assert.ok(error instanceof LockstepError, String(error));
      }
    }),
    { numRuns: IS_LONG ? 20_000 : 1_000 },
  );
});

test('right answers with wrong bytes in them end in an answer or in one error of ours, and nothing is kept without bound', async () => {
  const stream = { id: 9n, traceId: 1n, isMetadata: false, path: 'ust', channel: 'c' };
  const right = [
    hello(15),
    join(words(1), encodeLiveSessionEntry(SESSION, 15)),
    join(words(1, 1), encodeLiveStreamEntry(stream)),
    encodeLiveIndex(INDEX),
    join(words(1, 3, 0), Uint8Array.of(1, 2, 3)),
    join(words(0, 2, 1), Uint8Array.of(1, 2)),
    words(1, 0),
  ];
  const mutation = fc.tuple(fc.nat(right.length - 1), fc.nat(63), fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
      const replies = right.map((reply) => reply.slice());
      for (const [which, at, value] of mutations) {
        const reply = replies[which]!;
        reply[at % reply.length] = value;
      }
      try {
        const viewer = await LiveViewer.connect(scripted(replies));
        await viewer.listSessions();
        await viewer.attach(1n, 'last');
        await viewer.getNextIndex(9n);
        await viewer.getPacketPart(9n, 0n, 100);
        await viewer.getMetadata(9n);
        await viewer.getNewStreams(1n);
      } catch (error) {
        assert.ok(error instanceof LockstepError, String(error));
      }
    }),
    { numRuns: IS_LONG ? 70_000 : 2_000 },
  );
});

test('reads addresses as babeltrace2 spells them', () => {
  assert.deepEqual(parseLiveUrl('net://relay.example'), {
    host: 'relay.example',
    port: 5344,
    family: undefined,
    session: undefined,
  });
  assert.deepEqual(parseLiveUrl('net4://10.0.0.1:99/host/box/my-session'), {
    host: '10.0.0.1',
    port: 99,
    family: 4,
    session: { hostname: 'box', name: 'my-session' },
  });
  assert.equal(parseLiveUrl('net6://[::1]:1/').host, '::1');
  for (const wrong of ['net://', 'net://a:0', 'net://a:70000', 'net://a/host/b', 'http://a']) {
    assert.throws(() => parseLiveUrl(wrong), InputError, wrong);
  }
});
