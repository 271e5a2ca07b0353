/** The metrics of /metrics/node as a table, taken from the pages that the tests hold: two recorded machines, which have them all. */
import { readFileSync } from 'node:fs';

const PAGES = ['vm', 'metal'].map(
  (machine) => new URL(`../packages/node-agent/testdata/host-metrics/${machine}/expected.txt`, import.meta.url),
);

export function hostMetricsTable(): string {
  const rows = new Map<string, string>();
  for (const page of PAGES) {
    const families = readFileSync(page, 'utf8').matchAll(
      /^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n\S+?(?:\{(.*)\})? \S+$/gm,
    );
    for (const [, name = '', help, type, labels = ''] of families) {
      const names = Array.from(labels.matchAll(/([a-z_]+)="/g), ([, label]) => label);
      rows.set(name, `| \`${name}\` | ${type} | ${names.join(', ')} | ${help} |`);
    }
  }
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  return ['| Metric | Type | Labels | Meaning |', '|---|---|---|---|', ...sorted].join('\n');
}
