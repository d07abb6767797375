const { tell } = require('./measure.cjs');
const totals = {};
let buffers = [];
function makeThumbnails() {
  buffers = [];
  for (let i = 0; i < 24; i++) {
    const pixels = new Uint8Array(16 << 20);
    for (let at = 0; at < pixels.length; at += 4096) pixels[at] = 1;
    buffers.push(pixels);
  }
}
/** The same without page faults. */
function touchAgain() {
  for (const pixels of buffers) for (let at = 0; at < pixels.length; at += 4096) pixels[at] = 2;
}
function cpuOf(work) {
  const before = process.threadCpuUsage?.() ?? process.cpuUsage();
  work();
  const { user, system } = process.threadCpuUsage?.(before) ?? process.cpuUsage(before);
  return { all: (user + system) / 1000, system: system / 1000 };
}
let rounds = 0;
setTimeout(function round() {
  const { all, system } = cpuOf(makeThumbnails);
  setTimeout(() => {
    totals.all = (totals.all ?? 0) + all;
    // The kernel's split, by its ticks, takes what a virtual machine's memory costs for the program's; what the same
    // takes without faults leaves out the caches that they cost. What is right lies between them.
    totals.cause = (totals.cause ?? 0) + (system + all - cpuOf(touchAgain).all) / 2;
    if (++rounds < 3) setTimeout(round, 50);
    else tell(totals);
  }, 20);
}, 100);
