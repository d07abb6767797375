// Large files go through it, in pieces, and its loop is free between them.
const fs = require('node:fs');
const http = require('node:http');
const { tell } = require('./measure.cjs');
const [, , directory] = process.argv;
const file = `${directory}/healthy-stream.bin`;
fs.writeFileSync(file, Buffer.alloc(4 << 20, 7));
const server = http.createServer((_request, response) => fs.createReadStream(file).pipe(response));
server.listen(0, '127.0.0.1', async () => {
  const agent = new http.Agent({ keepAlive: true });
  const ask = () =>
    new Promise((resolve) =>
      http.get({ host: '127.0.0.1', port: server.address().port, path: '/file', agent }, (response) =>
        response.resume().on('end', resolve),
      ),
    );
  for (let i = 0; i < 25; i++) await ask();
  agent.destroy();
  server.close(() => tell({}));
});
