/** Templates as Prometheus expands them in the labels and annotations of alerts, queries of their own included. Source: prometheus
 *  v0.315.0, template/template.go and rules/alerting.go. */
import { Interruption } from './execute.ts';
import { PROMETHEUS_FUNCTIONS, type QuerySample, queryResult } from './prometheus-functions.ts';
import { Template } from './template.ts';
import { TemplateError, TemplateFunctionError } from './template-error.ts';
import { type FunctionMap, GoFunction, type GoList, GoStruct, stringMap, type Value } from './values.ts';

export interface Expansion {
  /** Asked once for each expression, at the time of the expansion.
   *  @throws {Error} which the template's error then quotes */
  readonly query: (expression: string, signal: AbortSignal) => Promise<readonly QuerySample[]>;
  /** Of the evaluation. */
  readonly timestampMs: number;
  /** Under which users reach the server. */
  readonly externalUrl: string;
}

/** Of one expansion. */
const MAX_QUERIES = 100;
/** What an alert's labels and annotations find before their own text. */
const ALERT_VARIABLES =
  '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';

export class PrometheusTemplate {
  readonly #name: string;
  readonly #template: Template;

  /** @throws {TemplateError} TEMPLATE_INVALID */
  constructor(name: string, source: string) {
    this.#name = name;
    const functions = functionsOf(unasked, { timestampMs: 0, externalUrl: '' });
    this.#template = inContext('parsing', name, () =>
      new Template(name, { functions, missingKey: 'zero' }).parse(source),
    );
  }

  /** @throws {TemplateError} TEMPLATE_FAILED; the signal's reason */
  async expand(data: Value, expansion: Expansion, signal: AbortSignal): Promise<string> {
    const answers = new Map<string, GoList | string>();
    // The executor does not wait: where an answer is missing it is left, and begins anew when the answer is there.
    for (;;) {
      signal.throwIfAborted();
      const functions = functionsOf((expression) => answerOf(answers, expression), expansion);
      try {
        return inContext('executing', this.#name, () => this.#template.execute(data, functions));
      } catch (error) {
        if (!(error instanceof MissingAnswer)) throw error;
        answers.set(error.expression, await ask(error.expression, expansion, signal));
      }
    }
  }
}

/** @param name of the alert
 *  @throws {TemplateError} TEMPLATE_INVALID */
export function alertTemplate(name: string, source: string): PrometheusTemplate {
  return new PrometheusTemplate(`__alert_${name}`, ALERT_VARIABLES + source);
}

/** Of an alert with a line of a log: beside what all alerts have there is `$line`.
 *  @throws {TemplateError} TEMPLATE_INVALID */
export function lineAlertTemplate(name: string, source: string): PrometheusTemplate {
  return alertTemplate(name, `{{$line := .Line}}${source}`);
}

export function alertData(
  labels: ReadonlyMap<string, string>,
  externalLabels: ReadonlyMap<string, string>,
  externalUrl: string,
  value: QuerySample['value'],
  line?: string,
): Value {
  const [sample] = queryResult([{ labels, value }]).items;
  const fields = new Map<string, Value>([
    ['Labels', stringMap(labels)],
    ['ExternalLabels', stringMap(externalLabels)],
    ['ExternalURL', externalUrl],
    ['Value', sample instanceof GoStruct ? sample.fields.get('Value') : undefined],
  ]);
  if (line !== undefined) fields.set('Line', line);
  // Prometheus' own has no name, so that errors show it whole.
  const own = 'Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {}';
  return new GoStruct(`struct { ${own}${line === undefined ? '' : '; Line string'} }`, fields);
}

class MissingAnswer extends Interruption {
  readonly expression: string;

  constructor(expression: string) {
    super(`the answer to ${expression} is not there yet`);
    this.expression = expression;
  }
}

function unasked(): GoList {
  return queryResult([]);
}

function answerOf(answers: ReadonlyMap<string, GoList | string>, expression: string): GoList {
  const answer = answers.get(expression);
  if (typeof answer === 'string') throw new TemplateFunctionError(answer);
  if (answer !== undefined) return answer;
  if (answers.size === MAX_QUERIES) throw new TemplateFunctionError(`more than ${MAX_QUERIES} queries in one template`);
  throw new MissingAnswer(expression);
}

/** @returns the reason of a failure as text: the template may never come to it again */
async function ask(expression: string, { query }: Expansion, signal: AbortSignal): Promise<GoList | string> {
  try {
    return queryResult(await query(expression, signal));
  } catch (error) {
    if (signal.aborted) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

function functionsOf(
  query: (expression: string) => GoList,
  { timestampMs, externalUrl }: Pick<Expansion, 'timestampMs' | 'externalUrl'>,
): FunctionMap {
  const functions = new Map(PROMETHEUS_FUNCTIONS);
  functions.set('query', new GoFunction(['string'], ([expression]) => query(String(expression))));
  functions.set('now', new GoFunction([], () => timestampMs / 1000));
  functions.set('externalURL', new GoFunction([], () => externalUrl));
  functions.set('pathPrefix', new GoFunction([], () => pathOf(externalUrl)));
  return functions;
}

function pathOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? '';
}

function inContext<T>(doing: 'parsing' | 'executing', name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError(error.code, `error ${doing} template ${name}: ${error.message}`, { cause: error });
  }
}
