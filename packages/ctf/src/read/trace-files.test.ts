// SPDX-License-Identifier: MIT
// The same trace through every medium that has to be waited for.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test, type TestContext } from 'node:test';
import { CtfError, InputError, SystemError } from '@lockstep/base';
import { eventRecordClass, samplePacket, sampleTraceClass } from '../testing/sample-trace.ts';
import { signedInteger, structure, writeMetadata } from '../write.ts';
import { bytesMedium, httpMedium } from './http-medium.ts';
import { blobMedium, type AsyncMedium } from './medium.ts';
import { isEventRecord } from './data-stream-reader.ts';
import { openTraceFiles } from './trace-files.ts';

const METADATA = Buffer.from(
  writeMetadata(sampleTraceClass('kernel', [eventRecordClass(1, 'tick', structure({ value: signedInteger(32) }))])),
);

function packet(time: number): Uint8Array {
  return samplePacket('kernel', [BigInt(time), BigInt(time)], (writer) => {
    writer.integer(16, 1).integer(32, time).integer(32, 1).integer(32, time);
  });
}

const FILES: Readonly<Record<string, Uint8Array>> = {
  'trace/kernel/metadata': METADATA,
  'trace/kernel/a': Buffer.concat([packet(100), packet(400), packet(500)]),
  'trace/kernel/b': Buffer.concat([packet(200), packet(300)]),
  'trace/kernel/index/a.idx': Buffer.from('not a stream'),
};

async function valuesOf(make: (path: string) => AsyncMedium | Promise<AsyncMedium>): Promise<unknown[]> {
  const media = Object.keys(FILES).map(async (path) => ({ path, medium: await make(path) }));
  const files = await openTraceFiles(await Promise.all(media));
  assert.deepEqual(
    files.traces.map((trace) => [trace.name, trace.dataStreams.map((stream) => stream.name)]),
    [['', ['a', 'b']]],
  );
  const values: unknown[] = [];
  for await (const batch of files.batches())
    for (const item of batch) if (isEventRecord(item)) values.push(item.payload!['value']);
  return values;
}

const EXPECTED = [100, 200, 300, 400, 500];

async function serve(t: TestContext, knowsRanges: boolean): Promise<{ url: string; requestCount: () => number }> {
  let requestCount = 0;
  const server = createServer((request, response) => {
    requestCount++;
    const body = FILES[request.url!.slice(1)];
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (body === undefined) {
      response.writeHead(404).end();
    } else if (range === null || !knowsRanges) {
      response.writeHead(200, { 'content-length': body.length }).end(body);
    } else if (Number(range[1]) >= body.length) {
      response.writeHead(416).end();
    } else {
      const part = body.subarray(Number(range[1]), Number(range[2]) + 1);
      const contentRange = `bytes ${range[1]}-${Number(range[1]) + part.length - 1}/${body.length}`;
      response.writeHead(206, { 'content-range': contentRange }).end(part);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { url: `http://127.0.0.1:${address.port}/`, requestCount: () => requestCount };
}

test('reads bytes, Blobs and files on a server with and without ranges in the same order', async (t) => {
  assert.deepEqual(await valuesOf((path) => bytesMedium(FILES[path]!)), EXPECTED);
  assert.deepEqual(await valuesOf((path) => blobMedium(new Blob([FILES[path]! as Uint8Array<ArrayBuffer>]))), EXPECTED);
  for (const knowsRanges of [true, false]) {
    const { url } = await serve(t, knowsRanges);
    assert.deepEqual(await valuesOf((path) => httpMedium(url + path)), EXPECTED);
  }
});

test('asks a server only for what is read', async (t) => {
  const { url, requestCount } = await serve(t, true);
  const medium = await httpMedium(`${url}trace/kernel/a`);
  assert.equal(medium.sizeBytes, FILES['trace/kernel/a']!.length);
  assert.deepEqual([...(await medium.read(0, 4))], [0xc1, 0x1f, 0xfc, 0xc1]);
  assert.equal(requestCount(), 2);
  await assert.rejects(httpMedium(`${url}nothing`), SystemError);
});

test('delivers what comes before a cut, then the error; and names what is missing', async () => {
  const cut = FILES['trace/kernel/a']!.subarray(0, packet(100).length + 80);
  const files = await openTraceFiles([
    { path: 'metadata', medium: bytesMedium(METADATA) },
    { path: 'a', medium: bytesMedium(cut) },
  ]);
  const values: unknown[] = [];
  await assert.rejects(async () => {
    for await (const batch of files.batches())
      for (const item of batch) if (isEventRecord(item)) values.push(item.payload!['value']);
  }, CtfError);
  assert.deepEqual(values, [100]);
  await assert.rejects(openTraceFiles([{ path: 'a', medium: bytesMedium(cut) }]), InputError);
});
