// SPDX-License-Identifier: MIT
// What a program with a planted cause measures of itself, without Lockstep: printed as its last line.

/** Runs `work` and adds the ms it took to `totals[name]`. */
exports.time = (totals, name, work) => {
  const begin = performance.now();
  const result = work();
  totals[name] = (totals[name] ?? 0) + performance.now() - begin;
  return result;
};

exports.tell = (totals) => process.stderr.write(`measured ${JSON.stringify(totals)}\n`);

/** A server that is asked `count` times, `parallel` at once, and what its clients waited. */
exports.serve = (handle, { count, parallel, path = '/' }) => {
  const http = require('node:http');
  const server = http.createServer(handle);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', async () => {
      const agent = new http.Agent({ keepAlive: true });
      const { port } = server.address();
      const ask = () =>
        new Promise((done, fail) => {
          http
            .get({ host: '127.0.0.1', port, path, agent }, (response) => {
              response.resume().on('end', done);
            })
            .on('error', fail);
        });
      let left = count;
      const client = async () => {
        while (left-- > 0) await ask();
      };
      await Promise.all(Array.from({ length: parallel }, client));
      agent.destroy();
      server.close(resolve);
    });
  });
};
