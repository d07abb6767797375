// Its HTTP client may have one connection, which its requests wait for.
const { fork } = require('node:child_process');
const http = require('node:http');
const { serve, tell } = require('./measure.cjs');
if (process.send !== undefined) {
  const server = http.createServer((_request, response) => setTimeout(() => response.end('row'), 25));
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
} else {
  const upstream = fork(__filename);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  upstream.on('message', async (port) => {
    const totals = { all: 0, cause: 0 };
    const handle = (_request, response) => {
      const begin = performance.now();
      const asked = http.get({ host: '127.0.0.1', port, path: '/rows', agent }, (rows) => {
        rows.resume().on('end', () => response.end('ok'));
        response.on('finish', () => (totals.all += performance.now() - begin));
      });
      asked.on('socket', () => {
        const free = performance.now();
        totals.cause += free - begin;
        // The upstream's own requests are in the report, too.
        asked.on('response', () => (totals.all += performance.now() - free));
      });
    };
    await serve(handle, { count: 60, parallel: 8, path: '/report' });
    tell(totals);
    agent.destroy();
    upstream.disconnect();
  });
}
