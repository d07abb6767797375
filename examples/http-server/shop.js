// SPDX-License-Identifier: MIT
// The shop behind the sample service: its products and orders, and what each route does. Ordinary
// work, 0.1 to 1 ms a request, and four routes with a planted cause of a stall.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { counter, float64, int32, string, tracepoint } from '@lockstep/tracer';

const orderPlaced = tracepoint('shop:order_placed', { id: int32, total: float64, sku: string }, { logLevel: 'info' });
const searched = tracepoint('shop:searched', { term: string, found: int32 });
const orderCount = counter('shop:order_count', int32);

const PRODUCT_COUNT = 20_000;
const ADJECTIVES = ['small', 'red', 'quiet', 'heavy', 'round', 'warm', 'early', 'plain'];
const NOUNS = ['kettle', 'lamp', 'chair', 'clock', 'basket', 'mirror', 'rug', 'spoon'];

export class Shop {
  products = [];
  orders = [];
  /** What the garbage route leaves behind, replaced as it goes. */
  #kept = [];

  constructor() {
    for (let i = 0; i < PRODUCT_COUNT; i += 1) {
      const name = `${ADJECTIVES[i % 8]} ${NOUNS[(i >> 3) % 8]} ${i}`;
      this.products.push({ sku: `A-${i}`, name, price: 1 + ((i * 7919) % 9000) / 100 });
    }
  }

  /** The front page: some forty products as HTML. */
  renderFront(page) {
    const rows = [];
    const first = (page * 40) % PRODUCT_COUNT;
    for (const product of this.products.slice(first, first + 40)) {
      const tag = createHash('sha256').update(product.sku).update(product.name).digest('hex').slice(0, 8);
      rows.push(`<li id="${tag}">${escapeHtml(product.name)} <b>${product.price.toFixed(2)}</b></li>`);
    }
    return `<!doctype html><title>Shop</title><ul>${rows.join('')}</ul>`;
  }

  search(term) {
    const found = this.products.filter((product) => product.name.includes(term));
    searched(term, found.length);
    return found.slice(0, 20);
  }

  placeOrder(order) {
    const product = this.products[Number(order.product) % PRODUCT_COUNT];
    const placed = {
      id: this.orders.length + 1,
      sku: product.sku,
      total: Math.round(product.price * Number(order.quantity) * 100) / 100,
      placedAt: Date.now(),
      receipt: '',
    };
    let receipt = JSON.stringify(placed);
    for (let round = 0; round < 40; round += 1) receipt = createHash('sha256').update(receipt).digest('hex');
    placed.receipt = receipt;
    this.orders.push(placed);
    orderPlaced(placed.id, placed.total, placed.sku);
    orderCount(this.orders.length);
    return placed;
  }

  /** Planted: a large file read synchronously. */
  readCatalog(path) {
    return readFileSync(path).length;
  }

  /** Planted: a large JSON text parsed in one go. */
  importProducts(text) {
    return JSON.parse(text).products.length;
  }

  /** Planted: much garbage, and enough kept alive that collecting it is work. */
  makeGarbage() {
    for (let round = 0; round < 8; round += 1) {
      const batch = [];
      for (let i = 0; i < 25_000; i += 1) batch.push({ i, next: { name: `item ${i}`, tags: [i, round] } });
      this.#kept.push(batch);
    }
    while (this.#kept.length > 24) this.#kept.shift();
    return this.#kept.length;
  }
}

function escapeHtml(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
