// Heavy work where it belongs: a worker computes, the server answers meanwhile.
const { Worker, isMainThread } = require('node:worker_threads');
const { serve, tell } = require('./measure.cjs');
if (!isMainThread) {
  let sum = 0;
  setInterval(() => {
    for (let i = 0; i < 100_000; i++) sum += Math.sqrt(i);
  }, 4);
} else {
  const worker = new Worker(__filename);
  serve((_request, response) => setTimeout(() => response.end('ok'), 5), { count: 600, parallel: 4 }).then(async () => {
    await worker.terminate();
    tell({});
  });
}
