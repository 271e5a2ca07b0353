#!/usr/bin/env node
// A journalctl for tests: reads entries from the file JOURNAL (one JSON object a line), and understands what the source asks.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

const folder = process.argv.find((word) => word.startsWith('--directory='))?.slice('--directory='.length);
const after = process.argv.find((word) => word.startsWith('--after-cursor='))?.slice('--after-cursor='.length);
const follows = process.argv.includes('--follow');
appendFileSync(`${folder}/calls`, `${JSON.stringify(process.argv.slice(2))}\n`);
if (existsSync(`${folder}/broken`)) {
  process.stderr.write('Failed to open the journal\n');
  process.exit(1);
}

const all = () =>
  readFileSync(`${folder}/journal`, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
let next = after === undefined ? 0 : all().findIndex((entry) => entry.__CURSOR === after) + 1;
if (after === undefined && process.argv.includes('--lines=0')) next = all().length;

const show = () => {
  for (const entry of all().slice(next)) {
    next++;
    process.stdout.write(
      `${Object.entries(entry)
        .map(([name, value]) => `${name}=${value}\n`)
        .join('')}\n`,
    );
  }
};
show();
if (follows) setInterval(show, 5);
