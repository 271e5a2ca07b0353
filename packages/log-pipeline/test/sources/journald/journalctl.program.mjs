#!/usr/bin/env node
// A journalctl for tests: reads entries from the file JOURNAL (one JSON object a line), and understands what the source asks.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

const folder = process.argv.find((word) => word.startsWith('--directory='))?.slice('--directory='.length);
const cursor = process.argv.find((word) => word.startsWith('--cursor='))?.slice('--cursor='.length);
const follows = process.argv.includes('--follow');
appendFileSync(`${folder}/calls`, `${JSON.stringify(process.argv.slice(2))}\n`);
if (existsSync(`${folder}/broken`)) {
  process.stderr.write('Failed to open the journal\n');
  process.exit(1);
}

const all = () => {
  const entries = readFileSync(`${folder}/journal`, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  // As systemd does it from 250 on.
  const isOneBoot = follows && !process.argv.includes('--merge');
  return isOneBoot ? entries.filter(({ _BOOT_ID }) => _BOOT_ID === entries.at(-1)._BOOT_ID) : entries;
};
// An entry that is gone is stood for by the one behind it; these cursors are as long as each other.
let next = cursor === undefined ? 0 : all().findIndex((entry) => entry.__CURSOR >= cursor);
if (next === -1) next = all().length;
if (cursor === undefined && process.argv.includes('--lines=0')) next = all().length;

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
