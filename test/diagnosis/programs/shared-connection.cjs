// All requests ask a slow server of lines over one connection, which answers one after another.
const { fork } = require('node:child_process');
const net = require('node:net');
const { serve, tell } = require('./measure.cjs');
if (process.send !== undefined) {
  const server = net.createServer((socket) => {
    let last = Promise.resolve();
    const answer = () => new Promise((resolve) => setTimeout(() => resolve(socket.write('row\n')), 15));
    socket.on('data', (lines) => {
      for (const _line of lines.toString().trim().split('\n')) last = last.then(answer);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
} else {
  const database = fork(__filename);
  database.on('message', async (port) => {
    const socket = net.connect(port, '127.0.0.1').setNoDelay();
    const waiting = [];
    socket.on('data', (rows) => {
      for (const _row of rows.toString().trim().split('\n')) waiting.shift()();
    });
    const query = () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        socket.write('select\n');
      });
    const handle = async (_request, response) => {
      await query();
      await query();
      response.end('ok');
    };
    await serve(handle, { count: 60, parallel: 5, path: '/rows' });
    socket.destroy();
    tell({});
    database.disconnect();
  });
}
