// Three workers take turns at a lock; whoever has it computes, the event loops of the others wait, twice as long.
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { tell } = require('./measure.cjs');
if (isMainThread) {
  const lock = new SharedArrayBuffer(8);
  const workers = [0, 1, 2].map((i) => new Worker(__filename, { workerData: { lock, i } }));
  setTimeout(() => workers.length, 2500);
} else {
  const lock = new Int32Array(workerData.lock);
  const totals = { all: 0, cause: 0 };
  let sum = 0;
  function compute() {
    const end = performance.now() + 80;
    while (performance.now() < end) sum += Math.sqrt(sum + 1);
  }
  function takeLock() {
    while (Atomics.compareExchange(lock, 0, 0, 1) !== 0) Atomics.wait(lock, 0, 1);
  }
  function giveLock() {
    Atomics.store(lock, 0, 0);
    Atomics.notify(lock, 0, 1);
  }
  let rounds = 0;
  setTimeout(function round() {
    const begin = performance.now();
    takeLock();
    totals.cause += performance.now() - begin;
    compute();
    giveLock();
    totals.all += performance.now() - begin;
    if (++rounds < 5) setTimeout(round, 5);
    else tell(totals);
  }, 200);
}
