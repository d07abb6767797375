const fs = require('node:fs/promises');
const { serve, tell } = require('./measure.cjs');
serve(async (_request, response) => response.end(await fs.readFile(__filename)), { count: 1500, parallel: 6 }).then(
  () => tell({}),
);
