const { fork } = require('node:child_process');
const http = require('node:http');
const { serve, tell } = require('./measure.cjs');
if (process.send !== undefined) {
  const server = http.createServer((_request, response) => setTimeout(() => response.end('row'), 150));
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
} else {
  const upstream = fork(__filename);
  upstream.on('message', async (port) => {
    const totals = { all: 0, cause: 0 };
    const handle = (_request, response) => {
      const begin = performance.now();
      http.get({ host: '127.0.0.1', port, path: '/rows' }, (rows) => {
        totals.cause += performance.now() - begin;
        rows.resume().on('end', () => response.end('ok'));
        response.on('finish', () => (totals.all += performance.now() - begin));
      });
    };
    await serve(handle, { count: 40, parallel: 4, path: '/report' });
    tell(totals);
    upstream.disconnect();
  });
}
