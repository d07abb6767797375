const { pbkdf2 } = require('node:crypto');
const { serve, tell } = require('./measure.cjs');
serve((_request, response) => pbkdf2('secret', 'salt', 60_000, 32, 'sha256', () => response.end('ok')), {
  count: 120,
  parallel: 24,
  path: '/login',
}).then(() => tell({}));
