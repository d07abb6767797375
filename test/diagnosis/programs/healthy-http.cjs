const { serve, tell } = require('./measure.cjs');
serve((_request, response) => response.end(JSON.stringify({ ok: true })), { count: 4000, parallel: 8 }).then(() =>
  tell({}),
);
