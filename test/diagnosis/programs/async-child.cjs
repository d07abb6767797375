const { execFile } = require('node:child_process');
const { serve, tell } = require('./measure.cjs');
const totals = { all: 0, cause: 0 };
serve(
  (_request, response) => {
    const begin = performance.now();
    execFile('sleep', ['0.2'], () => {
      totals.cause += performance.now() - begin;
      response.on('finish', () => (totals.all += performance.now() - begin));
      response.end('ok');
    });
  },
  { count: 16, parallel: 4, path: '/thumbnail' },
).then(() => tell(totals));
