const { serve, tell } = require('./measure.cjs');
const seen = [];
function findVisitor(id) {
  let found;
  for (const visitor of seen) if (visitor.id === id) found = visitor;
  for (let i = 0; i < 4000; i++) seen.push({ id: `visitor ${seen.length}` });
  return found;
}
serve((_request, response) => response.end(String(findVisitor('nobody'))), {
  count: 500,
  parallel: 1,
  path: '/visit',
}).then(() => tell({}));
