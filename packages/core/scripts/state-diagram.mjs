// Draws the states of a connection, from the table in src/http/states.ts, as a Mermaid diagram in docs/architecture.md.
// `npx tsx packages/core/scripts/state-diagram.mjs` prints it, with --write it goes between the markers of the document.
// A test fails when the diagram there is not the one that this draws.

import { readFileSync, writeFileSync } from 'node:fs';
import { eventNames, stateNames, transitions } from '../src/http/states.ts';

const BEGIN = '<!-- states: begin (drawn by packages/core/scripts/state-diagram.mjs) -->\n';
const END = '<!-- states: end -->';

const diagram = [
  '```mermaid',
  'stateDiagram-v2',
  `  [*] --> ${stateNames[0]}`,
  ...transitions.map(
    ([from, event, to]) => `  ${stateNames[from]} --> ${stateNames[to]}: ${eventNames[event]}`,
  ),
  '```\n',
].join('\n');

if (process.argv.includes('--write')) {
  const file = new URL('../../../docs/architecture.md', import.meta.url);
  const document = readFileSync(file, 'utf8');
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`docs/architecture.md lacks the line ${BEGIN}or ${END}`);
  writeFileSync(file, document.slice(0, begin + BEGIN.length) + diagram + document.slice(end));
} else process.stdout.write(diagram);
