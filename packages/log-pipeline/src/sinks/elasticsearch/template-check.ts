/** Whether a document sent to a name would make a data stream of it. Sent to a name that no template knows,
 *  Elasticsearch makes an ordinary index: it never rolls over, and nobody notices until a shard is full. */
import type { Clock } from '@vigie/core/clock';
import * as v from 'valibot';
import { explanation, outcomeOfFailure } from '../http-client/answer-outcome.ts';
import type { HttpClient } from '../http-client/client.ts';
import type { Exchange } from '../http-client/exchange.ts';
import type { SendOutcome } from '../sink.ts';

export type TemplateCheck =
  | { readonly status: 'matches' }
  | { readonly status: 'none'; readonly detail: string }
  /** The server does not know the question, or does not answer it to us. */
  | { readonly status: 'unknown'; readonly detail: string }
  /** It cannot be asked now. */
  | { readonly status: 'obstacle'; readonly outcome: SendOutcome };

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

const TEMPLATE_MEMBERS = [
  'index_templates.name',
  'index_templates.index_template.index_patterns',
  'index_templates.index_template.priority',
  'index_templates.index_template.data_stream',
].join(',');

const templatesSchema = v.object({
  index_templates: v.optional(
    v.array(
      v.object({
        name: v.string(),
        index_template: v.object({
          index_patterns: v.union([
            v.array(v.string()),
            v.pipe(
              v.string(),
              v.transform((pattern) => [pattern]),
            ),
          ]),
          priority: v.optional(v.number(), 0),
          data_stream: v.optional(v.unknown()),
        }),
      }),
    ),
    [],
  ),
});

export type IndexTemplate = v.InferOutput<typeof templatesSchema>['index_templates'][number];

export async function checkDataStreamTemplate(
  client: HttpClient,
  name: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<TemplateCheck> {
  const ask = (path: string): Promise<Exchange> =>
    client.send({ method: 'GET', path, maxAnswerBytes: MAX_ANSWER_BYTES }, signal);
  const stream = await ask(`/_data_stream/${encodeURIComponent(name)}?filter_path=data_streams.name`);
  if (stream.status === 'answered' && stream.httpStatus === 200) return { status: 'matches' };
  const templates = await ask(`/_index_template?filter_path=${TEMPLATE_MEMBERS}`);
  if (templates.status === 'failed' || mayPass(templates.httpStatus)) {
    return { status: 'obstacle', outcome: outcomeOfFailure(templates, () => false, clock.nowMs()) };
  }
  if (templates.httpStatus !== 200) {
    return { status: 'unknown', detail: `${templates.httpStatus}: ${explanation(templates.body)}` };
  }
  const decoded = v.safeParse(templatesSchema, parse(templates.body));
  if (!decoded.success) return { status: 'unknown', detail: 'its list of templates is not understood' };
  return judgeTemplates(decoded.output.index_templates, name);
}

/** The template of the highest priority among those that match is the one that counts. */
export function judgeTemplates(templates: readonly IndexTemplate[], name: string): TemplateCheck {
  const [winner] = templates
    .filter(({ index_template }) => index_template.index_patterns.some((pattern) => matches(pattern, name)))
    .toSorted((a, b) => b.index_template.priority - a.index_template.priority);
  if (winner === undefined) {
    return { status: 'none', detail: `no index template matches ${name}; install one, or set setup: true` };
  }
  if (winner.index_template.data_stream === undefined) {
    return {
      status: 'none',
      detail: `the index template ${winner.name} matches ${name} but makes no data stream; install one of higher priority, or set setup: true`,
    };
  }
  return { status: 'matches' };
}

/** 401 asks for other credentials, 429 and 5xx for patience; 403 or 404 will be answered to every question. */
function mayPass(httpStatus: number): boolean {
  return httpStatus === 401 || httpStatus === 407 || httpStatus === 429 || httpStatus >= 500;
}

/** `*` stands for any characters, of which there may be none. */
function matches(pattern: string, name: string): boolean {
  const pieces = pattern.split('*');
  const [first = '', ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
