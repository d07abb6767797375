// A client that sends its request's body in pieces, with a rest after each.
const { fork } = require('node:child_process');
const http = require('node:http');
const { tell } = require('./measure.cjs');
if (process.send !== undefined) {
  process.on('message', async (port) => {
    const upload = () =>
      new Promise((resolve) => {
        const request = http.request({ host: '127.0.0.1', port, path: '/upload', method: 'POST' }, (response) =>
          response.resume().on('end', resolve),
        );
        let left = 5;
        const timer = setInterval(() => {
          request.write('x'.repeat(1000));
          if ((left -= 1) > 0) return;
          clearInterval(timer);
          request.end();
        }, 40);
        request.write('x');
      });
    for (let i = 0; i < 10; i++) await upload();
    process.disconnect();
  });
} else {
  const server = http.createServer(async (request, response) => {
    let size = 0;
    for await (const piece of request) size += piece.length;
    response.end(`${size}`);
  });
  server.listen(0, '127.0.0.1', () => {
    const client = fork(__filename);
    client.send(server.address().port);
    client.on('exit', () => server.close(() => tell({})));
  });
}
