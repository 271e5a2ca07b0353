/** Whether what an HTTP answer says is what a module wants. Source: blackbox_exporter, prober/http.go. */

import type { ProbeLog } from './probe-log.ts';
import type { HeaderMatch, HttpModule } from './probe-module.ts';

type Headers = ReadonlyMap<string, readonly string[]>;

export function statusIsValid(status: number, valid: readonly number[]): boolean {
  return valid.length === 0 ? status >= 200 && status < 300 : valid.includes(status);
}

export function wantsHeaders({ failIfHeaderMatches, failIfHeaderNotMatches }: HttpModule): boolean {
  return failIfHeaderMatches.length + failIfHeaderNotMatches.length > 0;
}

export function wantsBody({ failIfBodyMatches, failIfBodyNotMatches }: HttpModule): boolean {
  return failIfBodyMatches.length + failIfBodyNotMatches.length > 0;
}

export function headersAreRight(headers: Headers, module: HttpModule, log: ProbeLog): boolean {
  for (const match of module.failIfHeaderMatches) {
    const values = valuesOf(headers, match, log);
    if (values === 'missing') return false;
    if (!values.some((value) => match.regex.test(value))) continue;
    log.error('Header matched regular expression', { header: match.header, regexp: match.regex.source });
    return false;
  }
  for (const match of module.failIfHeaderNotMatches) {
    const values = valuesOf(headers, match, log);
    if (values === 'missing') return false;
    if (values.length === 0 || values.some((value) => match.regex.test(value))) continue;
    log.error('Header did not match regular expression', { header: match.header, regexp: match.regex.source });
    return false;
  }
  return true;
}

export function bodyIsRight(body: Buffer, module: HttpModule, log: ProbeLog): boolean {
  const matched = module.failIfBodyMatches.find((regex) => regex.testBytes(body, 0, body.length));
  if (matched !== undefined) {
    log.error('Body matched regular expression', { regexp: matched.source });
    return false;
  }
  const missed = module.failIfBodyNotMatches.find((regex) => !regex.testBytes(body, 0, body.length));
  if (missed !== undefined) log.error('Body did not match regular expression', { regexp: missed.source });
  return missed === undefined;
}

/** @returns empty where there are none and there may be none */
function valuesOf(
  headers: Headers,
  { header, allowMissing }: HeaderMatch,
  log: ProbeLog,
): readonly string[] | 'missing' {
  const values = headers.get(header.toLowerCase()) ?? [];
  if (values.length > 0 || allowMissing) return values;
  log.error('Missing required header', { header });
  return 'missing';
}
