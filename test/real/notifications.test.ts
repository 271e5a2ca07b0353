/** The files of answers that the unit tests of notifications hold, beside Alertmanager's own packages: what its templates expand to, and what its
 *  receivers are sent; and documents made at random, whose values are escaped as html/template does it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCode } from '@vigie/core/errors';
import { seededRandom } from '@vigie/core/random';
import { expect, onTestFinished, test } from 'vitest';
import { notificationData } from '../../packages/alerting/src/templates/notification-data.ts';
import { NotificationTemplates } from '../../packages/alerting/src/templates/notification-templates.ts';
import { CASES, notificationOf, readTestdata } from '../../packages/alerting/test/templates/notifications.ts';
import { inForm } from './form.ts';
import { builtOnce } from './parts/cache.ts';
import { buildGoModule } from './parts/go.ts';

const module = fileURLToPath(new URL('./parts/notifications/', import.meta.url));
const [goMod, main] = [join(module, 'go.mod'), join(module, 'main.go')];
const folder = builtOnce('notifications', [goMod, main], (into) => {
  buildGoModule(goMod, join(into, 'notifications'), 'the tests of notifications', {});
});

function askAlertmanager(cases: typeof CASES): string {
  const scratch = mkdtempSync(join(tmpdir(), 'vigie-notifications-'));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const file = join(scratch, 'cases.json');
  writeFileSync(file, JSON.stringify(cases));
  const { stdout, status } = spawnSync(join(folder, 'notifications'), [file], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  expect(status).toBe(0);
  return stdout;
}

/** Of documents, and values that stand in them. */
const PIECES = [
  ...[
    '<p>',
    '</p>',
    '<a href="',
    "<a href='",
    '<a href=',
    '">',
    "'>",
    '>',
    '"',
    "'",
    ' ',
    '=',
    '<b title="',
    '<!--',
    '-->',
  ],
  ...['<td style="', '<td style="color: ', '; width: ', '<title>', '</title>', '<textarea>', '</textarea>', '<style>'],
  ...[
    '</style>',
    '<',
    '</',
    'a',
    '?',
    '#',
    '&',
    '/',
    'http://x/',
    'javascript:',
    ' src=',
    ' data-url="',
    ' alt="',
    '<p\n',
  ],
  ...[' checked', '<br/>', '<input value=', '\n', '&amp;', '+', '<!DOCTYPE html>', '%20', 'mailto:', '<x:y '],
];
const VALUES = [
  ...[
    '{{ .Status }}',
    '{{ .CommonAnnotations.summary }}',
    '{{ .CommonAnnotations.runbook_url }}',
    '{{ "a b" }}',
    '{{ 7 }}',
  ],
  ...[
    '{{ "<i>" }}',
    '{{ "<i>x</i>" | safeHtml }}',
    '{{ "javascript:x" }}',
    '{{ "javascript:x" | safeUrl }}',
    '{{ "" }}',
  ],
  ...['{{ .CommonLabels.nope }}', '{{ "x&y" | urlquery }}', '{{ "x<y" | html }}', '{{ "+\\"\'`=" }}', '{{ true }}'],
  ...['{{ "é 😀%zz%41" }}', '{{ .CommonLabels }}'],
];

test('templates and requests are in the files of answers as Alertmanager makes them', () => {
  expect(askAlertmanager(CASES)).toBe(readTestdata('templates.jsonl') + readTestdata('requests.jsonl'));
});

test('values in documents at random are escaped as html/template escapes them', () => {
  const random = seededRandom(Number(process.env.VIGIE_REAL_SEED ?? 20_261_129));
  const pick = (items: readonly string[]): string => items[Math.floor(random() * items.length)] ?? '';
  const templates = Array.from({ length: inForm(3000, 30_000) }, () => {
    const length = 1 + Math.floor(random() * 9);
    const source = Array.from({ length }, () => pick(random() < 0.65 ? PIECES : VALUES)).join('');
    return { data: random() < 0.5 ? 'firing' : 'odd', source };
  });
  const rows = askAlertmanager({ ...CASES, templates, receivers: [] })
    .trimEnd()
    .split('\n')
    .map((line): { readonly data: string; readonly source: string; readonly html?: string } => JSON.parse(line));
  // Documents that html/template takes for broken it refuses before it runs.
  const different = rows.flatMap(({ data, source, html }) => {
    const own = html === undefined ? undefined : ours(data, source);
    // In strings and URLs of a style, where html/template writes escapes, nothing is written that needs them.
    const isLeftOut = source.includes('style') && own?.includes('ZgotmplZ') === true;
    return own === html || isLeftOut ? [] : [{ data, source, html, own }];
  });
  expect(different).toEqual([]);
});

const shipped = new NotificationTemplates(() => 0);

function ours(data: string, source: string): string {
  try {
    return shipped.render(notificationData(notificationOf(data), CASES.externalURL)).html(source);
  } catch (error) {
    if (errorCode(error)?.startsWith('TEMPLATE_') !== true) throw error;
    return error instanceof Error ? error.message : '';
  }
}
