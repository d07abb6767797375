// A client that rests after each piece of the response that it reads.
const { fork } = require('node:child_process');
const http = require('node:http');
const { tell } = require('./measure.cjs');
if (process.send !== undefined) {
  process.on('message', async (port) => {
    const download = () =>
      new Promise((resolve) => {
        http.get({ host: '127.0.0.1', port, path: '/file' }, (response) => {
          response.on('data', () => {
            response.pause();
            setTimeout(() => response.resume(), 4);
          });
          response.on('end', resolve);
        });
      });
    for (let i = 0; i < 2; i++) await download();
    process.disconnect();
  });
} else {
  const file = Buffer.alloc(20 << 20, 7);
  const server = http.createServer((_request, response) => response.end(file));
  server.listen(0, '127.0.0.1', () => {
    const client = fork(__filename);
    client.send(server.address().port);
    client.on('exit', () => server.close(() => tell({})));
  });
}
