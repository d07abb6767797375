// SPDX-License-Identifier: MIT
// Load for http.bench: kept-alive connections that each ask again as soon as an answer has come.
// Raw sockets, so that the load costs less than the service.

import { connect } from 'node:net';

const port = Number(process.argv[2]);
const connectionCount = Number(process.argv[3] ?? '16');
const request = Buffer.from('GET /order?id=42 HTTP/1.1\r\nHost: localhost\r\n\r\n');

for (let index = 0; index < connectionCount; index++) {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.write(request);
  // Each answer is small and arrives in one piece; two pieces would only add a request in flight.
  socket.on('data', () => socket.write(request));
  socket.on('error', () => process.exit(0));
  socket.on('close', () => process.exit(0));
}
