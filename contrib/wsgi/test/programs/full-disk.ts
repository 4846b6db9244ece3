// Uploads to a disk that has no room for them: prints what the clients and the log were told.

import { readdirSync } from 'node:fs';
import { Front } from '../front.ts';

const directory = process.argv[2] as string;
await using front = await Front.open('slow:application', { spool: { directory } });
const statuses: string[] = [];
for (const size of [1_000_000, 200_000]) {
  const { status } = await front.ask('/digest', { method: 'POST', body: 'x'.repeat(size) });
  statuses.push(status);
}
console.log(JSON.stringify({ statuses, log: front.log, left: readdirSync(directory) }));
