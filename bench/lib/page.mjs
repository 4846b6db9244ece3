// Parts of README.md that programs write: between two markers each.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../README.md', import.meta.url);

/**
 * @param {string} part its markers are `<!-- part:start -->` and `<!-- part:end -->`
 * @param {string} text in Markdown
 */
export function publish(part, text) {
  const readme = readFileSync(file, 'utf8');
  const markers = new RegExp(`(<!-- ${part}:start -->\\n)[\\s\\S]*?(<!-- ${part}:end -->)`);
  if (!markers.test(readme))
    throw new Error(`bench/README.md has lost its ${part}:start and ${part}:end markers`);
  writeFileSync(
    file,
    readme.replace(markers, (_, start, end) => `${start}\n${text}\n${end}`),
  );
}
