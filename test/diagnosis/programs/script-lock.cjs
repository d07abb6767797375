// One request at a time may do the work: the others wait in a chain of promises, of which nobody has an event.
const { serve, tell } = require('./measure.cjs');
let tail = Promise.resolve();
const withLock = (work) => {
  const result = tail.then(work);
  tail = result;
  return result;
};
const totals = { all: 0, cause: 0 };
const handle = async (_request, response) => {
  const begin = performance.now();
  await withLock(() => {
    totals.cause += performance.now() - begin;
    return new Promise((resolve) => setTimeout(resolve, 20));
  });
  response.end('ok');
  totals.all += performance.now() - begin;
};
serve(handle, { count: 80, parallel: 8, path: '/account' }).then(() => tell(totals));
