// Connections that stay open for minutes after an upgrade, as web sockets do, with a message now and then.
const http = require('node:http');
const { tell } = require('./measure.cjs');
const server = http.createServer((_request, response) => setTimeout(() => response.end('ok'), 1));
server.on('upgrade', (_request, socket) => {
  socket.on('error', () => undefined);
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
  socket.pipe(socket);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const headers = { Connection: 'Upgrade', Upgrade: 'echo' };
  for (let i = 0; i < 4; i++) {
    http.get({ host: '127.0.0.1', port, path: '/socket', headers }).on('upgrade', (_response, socket) => {
      let count = 0;
      const timer = setInterval(() => socket.write(`message ${(count += 1)}`), 20);
      socket.on('error', () => undefined).resume();
      setTimeout(() => {
        clearInterval(timer);
        socket.destroy();
      }, 2000);
    });
  }
  const polling = setInterval(
    () => http.get({ host: '127.0.0.1', port, path: '/' }, (r) => r.resume()).on('error', () => undefined),
    25,
  );
  setTimeout(() => {
    clearInterval(polling);
    tell({});
    process.exit();
  }, 2300);
});
