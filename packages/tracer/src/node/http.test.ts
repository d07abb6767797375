// SPDX-License-Identifier: MIT
// HTTP servers, clients and fetch in real programs, and the request on whose behalf things happen.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { runTraced } from './testing/run-program.ts';

const SERVER = `
  import http from 'node:http';
  import { readFileSync } from 'node:fs';
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const server = http.createServer(async (request, response) => {
    if (request.url === '/gone') { request.socket.destroy(); return; }
    await wait(request.url === '/slow' ? 40 : 5);
    readFileSync(request.url === '/slow' ? '/etc/hostname' : '/etc/passwd');
    response.statusCode = request.url === '/slow' ? 201 : 200;
    response.end('x');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = 'http://127.0.0.1:' + server.address().port;
`;

test('requests begin and end, and what they do later carries their id', () => {
  const { named, status, stderr } = runTraced({
    'main.mjs': `${SERVER}
      const slow = fetch(base + '/slow');
      await wait(10);
      await fetch(base + '/quick');
      await slow;
      server.close(); server.closeAllConnections();`,
  });
  equal(status, 0, stderr);
  const begins = named('node:http_server_request_begin').map(({ fields }) => fields);
  deepEqual(
    begins.map(({ method, url }) => [method, url]),
    [
      ['GET', '/slow'],
      ['GET', '/quick'],
    ],
  );
  for (const { peer } of begins) ok(/^127\.0\.0\.1:\d+$/.test(String(peer)), String(peer));
  const idOf = (url: string): unknown => begins.find((fields) => fields['url'] === url)?.['request'];
  const ends = new Map(
    named('node:http_server_request_end').map(({ fields }) => [fields['request'], fields['status']]),
  );
  equal(ends.get(idOf('/slow') as number), 201);
  equal(ends.get(idOf('/quick') as number), 200);
  const reads = named('node:fs_sync').filter(({ fields }) => /hostname|passwd/.test(String(fields['path'])));
  deepEqual(
    reads.map(({ fields }) => [fields['path'], fields['request']]),
    [
      ['/etc/passwd', idOf('/quick')],
      ['/etc/hostname', idOf('/slow')],
    ],
  );
  const fetches = named('node:fetch_end').map(({ fields }) => fields['status']);
  deepEqual(fetches, [200, 201]);
});

test('a response that never is ends its request with status 0, once', () => {
  const { named, status, stderr } = runTraced({
    'main.mjs': `${SERVER}
      await fetch(base + '/gone').catch(() => {});
      await new Promise((resolve) => { const client = http.get(base + '/slow', resolve); client.on('error', resolve); server.once('request', () => setTimeout(() => client.destroy(), 15)); });
      await wait(60);
      server.close(); server.closeAllConnections();`,
  });
  equal(status, 0, stderr);
  deepEqual(
    named('node:http_server_request_end').map(({ fields }) => fields['status']),
    [0, 0],
  );
  const [failed] = named('node:fetch_end');
  equal(failed?.fields['status'], 0);
  ok(String(failed?.fields['error']).length > 0);
  equal(named('node:http_client_request_end')[0]?.fields['status'], 0);
});

test('a client request says where it goes, for whom, and how it ended', () => {
  const { named, status, stderr } = runTraced({
    'main.mjs': `
      import http from 'node:http';
      const inner = http.createServer((_, response) => { response.statusCode = 404; response.end(); });
      await new Promise((resolve) => inner.listen(0, '127.0.0.1', resolve));
      const port = inner.address().port;
      const outer = http.createServer((_, response) => http.get({ port, host: '127.0.0.1', path: '/inner' }, (answer) => { answer.resume(); response.end(); }));
      await new Promise((resolve) => outer.listen(0, '127.0.0.1', resolve));
      await new Promise((resolve) => http.get({ port: outer.address().port, host: '127.0.0.1', path: '/outer' }, (answer) => answer.resume().on('end', resolve)));
      await new Promise((resolve) => http.get({ port: 1, host: '127.0.0.1' }).on('error', resolve));
      for (const server of [inner, outer]) { server.close(); server.closeAllConnections(); }`,
  });
  equal(status, 0, stderr);
  const [outer, inner, refused] = named('node:http_client_request_begin').map(({ fields }) => fields);
  deepEqual([outer?.['path'], outer?.['request']], ['/outer', 0]);
  const server = named('node:http_server_request_begin').find(({ fields }) => fields['url'] === '/outer');
  deepEqual([inner?.['path'], inner?.['request']], ['/inner', server?.fields['request']]);
  const ends = new Map(
    named('node:http_client_request_end').map(({ fields }) => [fields['id'], [fields['status'], fields['error']]]),
  );
  deepEqual(ends.get(outer?.['id'] as number), [200, '']);
  deepEqual(ends.get(inner?.['id'] as number), [404, '']);
  deepEqual(ends.get(refused?.['id'] as number), [0, 'ECONNREFUSED']);
});
