// Work that nobody should wait for. An order is answered at once; its receipt, which takes a while, is made when the requests
// that wait have been seen to, and the file of all orders is written once for as many as have come by then.

import { scryptSync } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { type Application, type RouteEnviron, start } from '@fapws/core';

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));
const file = process.env['ORDERS'] ?? 'orders.json';

interface Order {
  readonly number: number;
  readonly item: string;
  receipt: string;
}
const orders: Order[] = [];
const MOST = 10_000;

/** Slow, and nothing else runs meanwhile: some tens of milliseconds of computing. */
function makeReceipt(order: Order): void {
  order.receipt = scryptSync(`${order.number} ${order.item}`, 'salt', 8).toString('hex');
}

/** Another file first, so that there is never half a one. */
function saveOrders(): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(orders)}\n`);
  renameSync(`${file}.new`, file);
  console.log(`saved ${orders.length} orders`);
}

const order: Application<RouteEnviron<'/orders/:item'>> = (environ, startResponse) => {
  if (orders.length === MOST) {
    startResponse('503 Service Unavailable', [['Content-Type', 'text/plain']]);
    return 'Sold out.\n';
  }
  const placed: Order = {
    number: orders.length + 1,
    item: environ['wsgiorg.routing_args'][1].item,
    receipt: '',
  };
  orders.push(placed);
  server.defer(() => makeReceipt(placed));
  // The same function waits already, if another order has just come: then it does nothing more.
  server.defer(saveOrders, { combine: true });
  startResponse('202 Accepted', [['Content-Type', 'text/plain; charset=utf-8']]);
  return `Order ${placed.number}: ${placed.item}\n`;
};

const list: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return `${JSON.stringify(orders)}\n`;
};

server.route('POST', '/orders/:item', order).route('GET', '/orders', list);

// How much is still to be done, for those who watch.
server.addTimer(1, () => {
  if (server.deferQueueSize > 0) console.log(`${server.deferQueueSize} deferred functions wait`);
});

await server.run();
