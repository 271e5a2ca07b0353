/** `vigie hpa explain`: asks the collector why an HPA does what it does. */
import { explainedHpaSchema } from '@vigie/collector/hpa/explained-hpa';
import type { ExitCode } from '@vigie/core/lifecycle';
import type { ApiServer } from '../api-client/open-answer.ts';
import type { Terminal } from '../query/run-query.ts';
import { paintFor, plain } from '../terminal/style.ts';
import { askExplain, hpaName } from './ask-explain.ts';
import { explanationText } from './explanation-text.ts';

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
  const asked = { path: '/explain', parameters: new URLSearchParams({ hpa: hpaName(hpa) }) };
  const { text, value: explained } = await askExplain(server, asked, explainedHpaSchema, version);
  const { stdout, env } = terminal;
  const paint = stdout.isTTY === true ? paintFor(env) : plain;
  const lines = output === 'json' ? [text.trimEnd()] : explanationText(explained, nowMs, paint);
  for (const line of lines) stdout.write(`${line}\n`);
  return [explained, ...explained.metrics].some(({ problem }) => problem !== undefined) ? 1 : 0;
}
