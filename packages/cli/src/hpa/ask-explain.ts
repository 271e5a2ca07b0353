/** Asks a collector, or `vigie up`, below /explain. */
import { VigieError } from '@vigie/core/errors';
import * as v from 'valibot';
import { type ApiServer, openAnswer, parseJson, readText } from '../api-client/open-answer.ts';
import { METRICS_PREFIXES } from '../query/ask-prometheus.ts';
import { printable } from '../terminal/text-width.ts';

const MAX_ANSWER_BYTES = 16 * 1024 ** 2;

/** @returns the answer as it came, and decoded
 *  @throws {VigieError} API_UNREACHABLE, EXPLAIN_REFUSED */
export async function askExplain<Schema extends v.GenericSchema>(
  server: ApiServer,
  { path, parameters }: { readonly path: string; readonly parameters: URLSearchParams },
  schema: Schema,
  version: string,
): Promise<{ readonly text: string; readonly value: v.InferOutput<Schema> }> {
  const { response, origin } = await openAnswer(server, METRICS_PREFIXES, {
    kind: 'collector',
    path,
    parameters,
    method: 'GET',
    userAgent: `vigie/${version} hpa`,
  });
  const text = (await readText(response, MAX_ANSWER_BYTES)) ?? '';
  const decoded = v.safeParse(schema, parseJson(text));
  if (response.statusCode === 200 && decoded.success) return { text, value: decoded.output };
  const said = printable(text.slice(0, 500).trim());
  throw new VigieError('EXPLAIN_REFUSED', `${origin} answers ${response.statusCode} ${said}`);
}

/** @throws {VigieError} CONFIG_INVALID for what is no `NAMESPACE/NAME` */
export function hpaName(written: string): string {
  if (/^[^/\s]+\/[^/\s]+$/.test(written)) return written;
  throw new VigieError('CONFIG_INVALID', `expected NAMESPACE/NAME such as shop/web, got ${written}`);
}
