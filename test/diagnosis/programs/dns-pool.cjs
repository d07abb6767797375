// Names that no server answers for: getaddrinfo waits on the pool until its time is out.
const dns = require('node:dns');
const { serve, tell } = require('./measure.cjs');
let count = 0;
serve((_request, response) => dns.lookup(`host${count++}.example.invalid`, () => response.end('ok')), {
  count: 24,
  parallel: 12,
  path: '/check',
}).then(() => tell({}));
