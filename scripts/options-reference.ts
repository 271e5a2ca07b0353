/** docs/reference/options.md: every option of agent.yaml, sidecar.yaml and alerting.yaml in one place. Types and defaults are the schemas', what an
 *  option means is taken from the page of its component. */
import { existsSync, readFileSync } from 'node:fs';
import { agentSchema } from '@vigie/node-agent/config';
import { shipSchema } from '@vigie/sidecar/ship/config';
import {
  type DocumentedOption,
  documentedOptions,
  type Option,
  optionsOf,
  type Schema,
  sectionsOf,
  underHeading,
} from './option-table.ts';

const REFERENCE = new URL('../docs/reference/', import.meta.url);
const KINDS = ['source', 'transform', 'sink'] as const;
/** Tables of node-agent.md with options that several sinks have. */
const SHARED = ['Every sink', 'Sinks of JSON documents', 'Sinks over HTTP'];

export function optionsReference(): string {
  const agentPage = readFileSync(new URL('node-agent.md', REFERENCE), 'utf8');
  const root = agentSchema.entries as unknown as Readonly<Record<string, Schema>>;
  const meanings = documentedOptions(underHeading(agentPage, '`agent.yaml`'));
  const parts = [
    '# Every option of agent.yaml, sidecar.yaml and alerting.yaml',
    'Written by `npm run generate` from the schemas; [node agent](node-agent.md) explains them in their place. *required* has no\ndefault, and — means not set.',
    '## `agent.yaml`',
    table(optionsOf(agentSchema as unknown as Schema), meanings),
  ];
  for (const kind of KINDS) {
    for (const [type, section] of [...sectionsOf(root[`${kind}s`])].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const page = new URL(`${kind}s/${type}.md`, REFERENCE);
      const title = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
      const isPage = existsSync(page);
      const own = isPage
        ? rebased(documentedOptions(readFileSync(page, 'utf8')), `${kind}s/${type}.md`)
        : ownTable(agentPage, `${title} \`${type}\``);
      const shared =
        kind === 'sink' ? SHARED.flatMap((heading) => [...documentedOptions(underHeading(agentPage, heading))]) : [];
      const link = isPage ? `[\`${type}\`](${kind}s/${type}.md)` : `\`${type}\``;
      parts.push(`## ${title} ${link}`, table(optionsOf(section), new Map([...shared, ...own])));
    }
  }
  parts.push(...sidecarParts(), ...alertingParts());
  return `${parts.join('\n\n')}\n`;
}

/** Of sidecar.yaml: what is not as in agent.yaml. */
function sidecarParts(): string[] {
  const page = 'sidecar-ship.md';
  const text = readFileSync(new URL(page, REFERENCE), 'utf8');
  const filePage = readFileSync(new URL('sources/file.md', REFERENCE), 'utf8');
  const root = shipSchema.entries as unknown as Readonly<Record<string, Schema>>;
  const file = sectionsOf(root.sources).get('file');
  if (file === undefined) throw new Error('sidecar.yaml has no source file');
  const meanings = new Map([
    ...rebased(documentedOptions(filePage), 'sources/file.md'),
    ...linked(documentedOptions(underHeading(text, 'Source `file`')), page),
  ]);
  return [
    '## `sidecar.yaml`',
    `Of [\`vigie sidecar ship\`](${page}). Transforms, sinks and the sources \`otlp\` and \`loki_push\` are those of agent.yaml.`,
    table(optionsOf(shipSchema as unknown as Schema), linked(documentedOptions(underHeading(text, 'Keys')), page)),
    '## Source `file` of `sidecar.yaml`',
    table(optionsOf(file), meanings),
  ];
}

/** Of alerting.yaml and of rules: the tables of their pages, as they stand there. */
function alertingParts(): string[] {
  return [
    '## `alerting.yaml`',
    'Of [`vigie alerting`](alerting.md).',
    tablesOf('alerting.md', 'alerting.yaml'),
    '## `alerting.yaml`: beyond Alertmanager',
    tablesOf('alerting.md', 'Beyond Alertmanager'),
    '## Rules: beyond Prometheus',
    '[Annotations](rules.md#beyond-prometheus) of an alerting rule, and the section `rules` of alerting.yaml.',
    tablesOf('rules.md', 'Beyond Prometheus'),
  ];
}

/** Those between a heading and the next. */
function tablesOf(page: string, heading: string): string {
  const text = readFileSync(new URL(page, REFERENCE), 'utf8');
  const start = text.indexOf(`\n## ${heading}\n`);
  if (start === -1) throw new Error(`${page} has no heading ${heading}`);
  const tables = text.slice(start, text.indexOf('\n##', start + 1)).match(/^(?:\|.*\n)+/gm) ?? [];
  return tables
    .map((table) => table.trimEnd())
    .join('\n\n')
    .replaceAll('](#', `](${page}#`);
}

function linked(options: ReadonlyMap<string, DocumentedOption>, page: string): Map<string, DocumentedOption> {
  return new Map(
    Array.from(options, ([key, option]) => [
      key,
      { ...option, meaning: option.meaning.replaceAll('](#', `](${page}#`) },
    ]),
  );
}

function ownTable(page: string, heading: string): Map<string, DocumentedOption> {
  return page.includes(`### ${heading}\n`) ? documentedOptions(underHeading(page, heading)) : new Map();
}

function table(options: ReadonlyMap<string, Option>, meanings: ReadonlyMap<string, DocumentedOption>): string {
  const rows = Array.from(options, ([key, { default: value, type }]) => {
    const documented = meanings.get(key);
    const cells = [
      `\`${key}\``,
      type.replaceAll('|', '\\|'),
      documented?.default ?? defaultText(value),
      meaningOf(documented),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| Key | Type | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** Links of a page in a folder below, as they are from here. */
function rebased(options: ReadonlyMap<string, DocumentedOption>, page: string): Map<string, DocumentedOption> {
  const link = (meaning: string): string => meaning.replaceAll('](../', '](').replaceAll('](#', `](${page}#`);
  return new Map(Array.from(options, ([key, option]) => [key, { ...option, meaning: link(option.meaning) }]));
}

/** What is left without a page are tables of node-agent.md. */
function meaningOf(documented: DocumentedOption | undefined): string {
  return (documented?.meaning ?? '').replaceAll('](#', '](node-agent.md#');
}

function defaultText(value: unknown): string {
  if (value === undefined) return '*required*';
  if (value === null) return '—';
  return `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``;
}
