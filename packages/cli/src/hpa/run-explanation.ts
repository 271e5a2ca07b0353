/** `vigie hpa explain`: asks the collector why an HPA does what it does. */
import { explainedHpaSchema } from '@vigie/collector/hpa/explained-hpa';
import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import * as v from 'valibot';
import { type ApiServer, openAnswer, parseJson, readText } from '../api-client/open-answer.ts';
import type { Terminal } from '../query/run-query.ts';
import { paintFor, plain } from '../terminal/style.ts';
import { printable } from '../terminal/text-width.ts';
import { explanationText } from './explanation-text.ts';

/** `vigie up` has the metrics below /prometheus, the collector at the root. */
const PREFIXES = ['/prometheus', ''] as const;
const MAX_ANSWER_BYTES = 16 * 1024 ** 2;

/** @param hpa `NAMESPACE/NAME`
 *  @returns 1 where a metric of it cannot be computed
 *  @throws {VigieError} CONFIG_INVALID, API_UNREACHABLE, EXPLAIN_REFUSED */
export async function runExplanation(
  hpa: string,
  server: ApiServer,
  output: 'text' | 'json',
  terminal: Terminal,
  version: string,
  nowMs: number,
): Promise<ExitCode> {
  if (!/^[^/\s]+\/[^/\s]+$/.test(hpa))
    throw new VigieError('CONFIG_INVALID', `expected NAMESPACE/NAME such as shop/web, got ${hpa}`);
  const { response, origin } = await openAnswer(server, PREFIXES, {
    kind: 'collector',
    path: '/explain',
    parameters: new URLSearchParams({ hpa }),
    method: 'GET',
    userAgent: `vigie/${version} hpa`,
  });
  const text = (await readText(response, MAX_ANSWER_BYTES)) ?? '';
  const decoded = v.safeParse(explainedHpaSchema, parseJson(text));
  if (response.statusCode !== 200 || !decoded.success) {
    const said = printable(text.slice(0, 500).trim());
    throw new VigieError('EXPLAIN_REFUSED', `${origin} answers ${response.statusCode} ${said}`);
  }
  const explained = decoded.output;
  const { stdout, env } = terminal;
  const paint = stdout.isTTY === true ? paintFor(env) : plain;
  const lines = output === 'json' ? [text.trimEnd()] : explanationText(explained, nowMs, paint);
  for (const line of lines) stdout.write(`${line}\n`);
  return explained.metrics.some(({ problem }) => problem !== undefined) ? 1 : 0;
}
