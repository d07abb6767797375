// Names that its name server answers for late: getaddrinfo waits on the pool. /etc/resolv.conf names that server.
const dgram = require('node:dgram');
const dns = require('node:dns');
const { serve, tell } = require('./measure.cjs');
const NO_SUCH_NAME = 0x8183;
const server = dgram.createSocket('udp4');
server.on('message', (query, { address, port }) => {
  const answer = Buffer.from(query);
  answer.writeUInt16BE(NO_SUCH_NAME, 2);
  answer.writeUInt32BE(0, 6);
  answer.writeUInt16BE(0, 10);
  setTimeout(() => server.send(answer.subarray(0, query.length), port, address), 120);
});
let count = 0;
server.bind(53, '127.0.0.77', () =>
  serve((_request, response) => dns.lookup(`host${count++}.example.invalid`, () => response.end('ok')), {
    count: 36,
    parallel: 12,
    path: '/check',
  }).then(() => {
    server.close();
    tell({});
  }),
);
