// A driver that nobody instruments: a slow server of lines, spoken to over a plain socket.
const { fork } = require('node:child_process');
const net = require('node:net');
const { serve, tell } = require('./measure.cjs');
if (process.send !== undefined) {
  const server = net.createServer((socket) => socket.on('data', () => setTimeout(() => socket.write('row\n'), 120)));
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
} else {
  const database = fork(__filename);
  database.on('message', async (port) => {
    const free = [];
    const query = async () => {
      const socket = free.pop() ?? net.connect(port, '127.0.0.1');
      await new Promise((resolve) => {
        socket.once('data', resolve);
        socket.write('select\n');
      });
      free.push(socket);
    };
    const handle = async (_request, response) => {
      await query();
      response.end('ok');
    };
    await serve(handle, { count: 40, parallel: 4, path: '/rows' });
    for (const socket of free) socket.destroy();
    tell({});
    database.disconnect();
  });
}
