// SPDX-License-Identifier: MIT
// Real programs under a session: connections that are made, and requests that wait for one.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { TestRecord } from './testing/read-records.ts';
import { runTraced, type TracedRun } from './testing/run-program.ts';

/** Operations of one name: subject, and the error that they ended with; undefined = not ended. */
function operationsOf({ named }: TracedRun, operation: string): [subject: string, error: string | undefined][] {
  const fieldsOf = (records: readonly TestRecord[]): TestRecord['fields'][] => records.map(({ fields }) => fields);
  const ends = new Map(fieldsOf(named('node:async_end')).map(({ id, error }) => [id, String(error)]));
  return fieldsOf(named('node:async_begin'))
    .filter((fields) => fields['operation'] === operation)
    .map(({ id, subject }) => [String(subject).replace(/:\d+/, ':PORT'), ends.get(id)]);
}

test('connecting is an operation that ends with the connection or its error, whichever way it is asked for', () => {
  const run = runTraced({
    'main.mjs': `
      import net from 'node:net';
      import tls from 'node:tls';
      import { once } from 'node:events';
      const server = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address();
      const quiet = (socket) => once(socket.on('error', () => {}), 'close').catch(() => {});
      await quiet(net.connect(port, '127.0.0.1'));
      await quiet(new net.Socket().connect({ port, host: '127.0.0.1' }));
      await quiet(net.connect('/does/not/exist'));
      await quiet(tls.connect({ port, host: '127.0.0.1' }));
      server.close();`,
  });
  equal(run.status, 0, run.stderr);
  const plain = operationsOf(run, 'net.connect');
  deepEqual(plain.slice(0, 2), [
    ['127.0.0.1:PORT', ''],
    ['127.0.0.1:PORT', ''],
  ]);
  deepEqual(plain[2], ['/does/not/exist', 'closed']);
  deepEqual(operationsOf(run, 'tls.connect'), [['127.0.0.1:PORT', 'closed']]);
});

test('a request that waits for a connection of its agent or of undici is an operation until it has one', () => {
  const run = runTraced({
    'main.mjs': `
      import http from 'node:http';
      const server = http.createServer((request, response) => response.end('x')).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.on('listening', resolve));
      // The module is observed from the first turn of the loop on.
      await new Promise((resolve) => setTimeout(resolve, 5));
      const agent = new http.Agent({ maxSockets: 1 });
      const get = () => new Promise((resolve, reject) =>
        http.get({ port: server.address().port, host: '127.0.0.1', agent }, (response) => response.resume().on('end', resolve)).on('error', reject));
      await Promise.all([get(), get(), get()]);
      await (await fetch('http://127.0.0.1:' + server.address().port)).text();
      server.close(); server.closeAllConnections();`,
  });
  equal(run.status, 0, run.stderr);
  const queued = ['127.0.0.1:PORT, of which its agent has 1', ''];
  deepEqual(operationsOf(run, 'http.Agent.addRequest'), [queued, queued]);
  deepEqual(operationsOf(run, 'undici.dispatch'), [['127.0.0.1:PORT', '']]);
  ok(operationsOf(run, 'net.connect').length >= 2);
});

test('a program sees its own errors, and functions that look the same', () => {
  const program = `
    const net = require('net');
    const http = require('http');
    console.log(net.Socket.prototype.connect.name, net.Socket.prototype.connect.length, http.Agent.prototype.addRequest.length);
    try { net.connect({ port: 70000 }); } catch (error) { console.log(error.code); }
    const socket = net.connect('/does/not/exist');
    socket.on('error', (error) => console.log(error.code));
    socket.on('close', (hadError) => console.log('closed', hadError));
  `;
  const { stdout } = runTraced({ 'main.cjs': program });
  equal(stdout, ' 0 4\nERR_SOCKET_BAD_PORT\nENOENT\nclosed true\n');
});
