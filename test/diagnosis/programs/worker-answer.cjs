// A worker thread computes what requests are answered with, one after another.
const { isMainThread, parentPort, Worker } = require('node:worker_threads');
const { serve, tell } = require('./measure.cjs');
if (!isMainThread) {
  parentPort.on('message', (id) => {
    const end = performance.now() + 25;
    while (performance.now() < end);
    parentPort.postMessage(id);
  });
} else {
  const worker = new Worker(__filename);
  const waiting = new Map();
  let lastId = 0;
  worker.on('message', (id) => waiting.get(id)());
  const handle = async (_request, response) => {
    lastId += 1;
    await new Promise((resolve) => {
      waiting.set(lastId, resolve);
      worker.postMessage(lastId);
    });
    response.end('ok');
  };
  serve(handle, { count: 60, parallel: 4, path: '/image' }).then(async () => {
    tell({});
    await worker.terminate();
  });
}
