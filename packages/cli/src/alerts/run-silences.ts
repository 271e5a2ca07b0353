/** `vigie silence`. Source of options and columns: Alertmanager, cli/silence_*.go and cli/format. */
import {
  decodeListedSilences,
  decodePreview,
  decodeSilenceId,
  type ListedSilence,
  type SilencePreviewAnswer,
} from '@vigie/alerting/client/answers';
import { matchersOfArguments, pairsOfArguments } from '@vigie/alerting/client/matcher-arguments';
import { type NewSilence, silenceBody } from '@vigie/alerting/client/new-silence';
import { AlertMatcher, formatMatchers } from '@vigie/alerting/matchers/alert-matcher';
import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import type { Terminal } from '../query/run-query.ts';
import { paintFor, plain } from '../terminal/style.ts';
import { printable } from '../terminal/text-width.ts';
import { type AlertsClient, askAlerts, askText, foreignAnswer } from './alerts-api.ts';
import { compareTimes, dateText, labelsText, type OutputFormat } from './output.ts';
import { textTable } from './table.ts';

export interface AddRequest extends Omit<NewSilence, 'matchers' | 'annotations'> {
  readonly matchers: readonly string[];
  /** `NAME=VALUE` each. */
  readonly annotations: readonly string[];
  /** Shows what it would silence, and does not add it. */
  readonly preview: boolean;
}

export interface ListRequest {
  readonly matchers: readonly string[];
  readonly expired: boolean;
  /** Those that end, or have ended, within this time. */
  readonly withinMs: number | undefined;
  readonly createdBy: string | undefined;
  readonly id: string | undefined;
  readonly quiet: boolean;
  readonly output: OutputFormat;
}

/** Prints the silence's id; on stderr, how many alerts it silences, and why that may be more than was meant.
 *  @throws {VigieError} CONFIG_INVALID, or as askAlerts */
export async function addSilence(
  request: AddRequest,
  client: AlertsClient,
  { stdout, stderr }: Terminal,
  nowMs: number,
): Promise<ExitCode> {
  const matchers = matchersOfArguments(request.matchers);
  const annotations = pairsOfArguments('--annotation', request.annotations);
  const json = silenceBody({ ...request, matchers, annotations }, nowMs);
  // A real Alertmanager has no such path.
  const preview = await askAlerts(
    client,
    { path: '/silences/preview', parameters: filterOf(matchers), method: 'GET' },
    decodePreview,
  );
  if (preview?.warning !== undefined) stderr.write(`vigie: warning: ${printable(preview.warning)}\n`);
  if (request.preview) {
    if (preview === undefined)
      throw new VigieError('ALERTS_REFUSED', `${client.server.url} cannot say what a silence would silence`);
    stdout.write(previewLines(preview));
    return 0;
  }
  const id = await askAlerts(
    client,
    { path: '/api/v2/silences', parameters: new URLSearchParams(), method: 'POST', json },
    decodeSilenceId,
  );
  if (id === undefined) throw noApi(client);
  if (preview !== undefined)
    stderr.write(`vigie: silences ${preview.silenced} of ${preview.alerts} alerts that there are now\n`);
  stdout.write(`${printable(id)}\n`);
  return 0;
}

/** @throws {VigieError} CONFIG_INVALID, or as askAlerts */
export async function listSilences(
  request: ListRequest,
  client: AlertsClient,
  { stdout, env }: Terminal,
  nowMs: number,
): Promise<ExitCode> {
  const parameters = filterOf(matchersOfArguments(request.matchers));
  const silences = await askAlerts(
    client,
    { path: '/api/v2/silences', parameters, method: 'GET' },
    decodeListedSilences,
  );
  if (silences === undefined) throw noApi(client);
  const listed = silences
    .filter((silence) => isListed(silence, request, nowMs))
    .toSorted((a, b) => compareTimes(a.endsAt, b.endsAt));
  const paint = stdout.isTTY === true ? paintFor(env) : plain;
  const { quiet, output } = request;
  if (quiet) stdout.write(listed.map(({ id }) => `${printable(id)}\n`).join(''));
  else if (output === 'json') stdout.write(`${JSON.stringify(listed)}\n`);
  else {
    const lines = textTable(HEADS[output], listed.map(CELLS[output]), paint);
    stdout.write(lines.map((line) => `${line}\n`).join(''));
  }
  return 0;
}

/** Ends each, and goes on where there is none.
 *  @returns 1 where there was none of one
 *  @throws {VigieError} as askAlerts */
export async function expireSilences(
  ids: readonly string[],
  client: AlertsClient,
  { stderr }: Terminal,
): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  for (const id of ids) {
    const path = `/api/v2/silence/${encodeURIComponent(id)}`;
    const ended = await askText(client, { path, parameters: new URLSearchParams(), method: 'DELETE' });
    // Whoever says anything has ended nothing.
    if (ended !== undefined && ended.text.trim() !== '') throw foreignAnswer(ended);
    if (ended !== undefined) continue;
    stderr.write(`vigie: there is no silence ${printable(id)}\n`);
    exitCode = 1;
  }
  return exitCode;
}

function isListed({ id, createdBy, endsAt }: ListedSilence, request: ListRequest, nowMs: number): boolean {
  const leftMs = Date.parse(endsAt) - nowMs;
  if (request.expired ? leftMs > 0 : leftMs < 0) return false;
  if (request.withinMs !== undefined && Math.abs(leftMs) > request.withinMs) return false;
  if (request.createdBy !== undefined && request.createdBy !== createdBy) return false;
  return request.id === undefined || request.id === id;
}

const HEADS = {
  simple: ['ID', 'Matchers', 'Ends At', 'Created By', 'Comment'],
  extended: ['ID', 'Matchers', 'Starts At', 'Ends At', 'Updated At', 'Created By', 'Comment'],
} as const;

const CELLS = {
  simple: ({ id, matchers, endsAt, createdBy, comment }: ListedSilence) => [
    id,
    matchersOf(matchers).join(' '),
    dateText(endsAt),
    createdBy,
    comment,
  ],
  extended: ({ id, matchers, startsAt, endsAt, updatedAt, createdBy, comment }: ListedSilence) => [
    id,
    formatMatchers(matchersOf(matchers)),
    dateText(startsAt),
    dateText(endsAt),
    dateText(updatedAt),
    createdBy,
    comment,
  ],
} as const;

function matchersOf(matchers: ListedSilence['matchers']): readonly AlertMatcher[] {
  return matchers.map(({ name, value, isRegex, isEqual }) => {
    if (isRegex) return new AlertMatcher(name, isEqual ? '=~' : '!~', value);
    return new AlertMatcher(name, isEqual ? '=' : '!=', value);
  });
}

function previewLines({ alerts, silenced, examples }: SilencePreviewAnswer): string {
  const more = silenced - examples.length;
  const lines = [
    `silences ${silenced} of ${alerts} alerts that there are now`,
    ...examples.map(({ labels }) => `  ${printable(labelsText(labels))}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function filterOf(matchers: readonly AlertMatcher[]): URLSearchParams {
  return new URLSearchParams(matchers.map((matcher): [string, string] => ['filter', String(matcher)]));
}

function noApi({ server }: AlertsClient): VigieError {
  return new VigieError('ALERTS_REFUSED', `${server.url} has no API of silences`);
}
