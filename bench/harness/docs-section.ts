/** Generated parts of a page: what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
import { readFileSync, writeFileSync } from 'node:fs';

/** @throws when the page lacks the markers */
export function replaceSection(file: string, name: string, markdown: string): void {
  const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const page = readFileSync(file, 'utf8');
  const start = page.indexOf(open);
  const end = page.indexOf(close);
  if (start < 0 || end < start) throw new Error(`${file} lacks the markers ${open} … ${close}`);
  writeFileSync(file, `${page.slice(0, start + open.length)}\n${markdown}\n${page.slice(end)}`);
}
