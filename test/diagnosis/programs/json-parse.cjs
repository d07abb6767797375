const { tell, time } = require('./measure.cjs');
const rows = Array.from({ length: 120_000 }, (_, id) => ({
  id,
  name: `product ${id}`,
  tags: ['a', 'b'],
  price: id / 7,
}));
const text = JSON.stringify(rows);
const totals = {};
function importProducts() {
  time(totals, 'all', () => time(totals, 'cause', () => JSON.parse(text)));
}
setTimeout(importProducts, 100);
setTimeout(importProducts, 600);
setTimeout(() => tell(totals), 1300);
