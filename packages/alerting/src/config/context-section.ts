/** `receivers.NAME.context` of alerting.yaml. */
import { duration, named, section, size } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { optionalText } from '@vigie/core/config/written-fields';
import { describeError, errorCode } from '@vigie/core/errors';
import { DETECTORS, type DetectorName } from '@vigie/core/redaction/detectors';
import { Redactor } from '@vigie/core/redaction/redactor';
import * as v from 'valibot';
import { CONTEXT_PARTS, type ContextOptions, DEFAULT_LINKS, type LogLineOptions } from '../context/context-options.ts';
import { linkTemplate } from '../context/links.ts';
import { count } from './written-fields.ts';

const PRESETS = Object.keys(DETECTORS).filter((name): name is DetectorName => Object.hasOwn(DETECTORS, name));
/** What no page needs. Addresses of machines are often what on-call looks for. */
const DEFAULT_PRESETS: readonly DetectorName[] = ['email', 'card_number', 'bearer_token', 'jwt', 'aws_keys'];

const redactSection = section({
  presets: v.nullish(v.array(v.picklist(PRESETS)), [...DEFAULT_PRESETS]),
  patterns: v.nullish(
    v.array(
      section({ name: v.pipe(v.string(), v.nonEmpty('a name')), pattern: v.pipe(v.string(), v.nonEmpty('RE2')) }),
    ),
    [],
  ),
});

const logLinesSection = section({
  lines: count(10),
  size: v.nullish(size({ min: 100, max: 65_536 }), '2KiB'),
  since: v.nullish(duration({ min: 1000 }), '15m'),
  pods: count(3),
  redact: v.nullish(redactSection, {}),
});

export const contextSection = section({
  include: v.nullish(v.array(v.picklist(CONTEXT_PARTS)), [...CONTEXT_PARTS]),
  // A page is read a minute after it is sent, at best; Alertmanager's own waits are of this size.
  budget: v.nullish(duration({ min: 1, max: 30_000 }), '2s'),
  links: v.nullish(named(optionalText), {}),
  log_lines: v.nullish(logLinesSection, {}),
  chart: v.nullish(section({ range: v.nullish(duration({ min: 60_000 }), '1h') }), {}),
});

type WrittenContext = v.InferOutput<typeof contextSection>;

const LINK_NAME = /^[a-z][a-z0-9_]*$/;

/** @param path of the section */
export function readContext(written: WrittenContext, path: ConfigPath, context: ReadContext): ContextOptions {
  const { log_lines: lines } = written;
  return {
    parts: new Set(written.include),
    budgetMs: written.budget,
    links: readLinks(written.links, [...path, 'links'], context),
    logLines: {
      lines: lines.lines,
      sizeBytes: lines.size,
      sinceMs: lines.since,
      pods: lines.pods,
      redactor: readRedactor(lines.redact, [...path, 'log_lines', 'redact'], context),
    },
    chartRangeMs: written.chart.range,
  };
}

/** An empty text leaves a link of the default out. */
function readLinks(
  written: WrittenContext['links'],
  path: ConfigPath,
  { findings }: ReadContext,
): ContextOptions['links'] {
  for (const [name, text] of Object.entries(written)) {
    if (!LINK_NAME.test(name)) findings.problemAtKey([...path, name], 'a name of small letters, digits and _');
    const problem = problemOf(() => linkTemplate(text), 'TEMPLATE_');
    if (problem !== undefined) findings.refuse([...path, name], 'a template of a URL', problem);
  }
  return new Map(Object.entries({ ...DEFAULT_LINKS, ...written }).filter(([, text]) => text !== ''));
}

function readRedactor(
  { presets, patterns }: WrittenContext['log_lines']['redact'],
  path: ConfigPath,
  { findings }: ReadContext,
): LogLineOptions['redactor'] {
  const readable = patterns.filter((pattern, index) => {
    const one = { presets: [], patterns: [pattern], hashKey: undefined };
    const problem = problemOf(() => new Redactor(one), 'REGEX_');
    if (problem !== undefined)
      findings.refuse([...path, 'patterns', index, 'pattern'], 'a regular expression', problem);
    return problem === undefined;
  });
  return new Redactor({ presets, patterns: readable, hashKey: undefined });
}

/** @param codes what its errors begin with
 *  @returns what is wrong with what `make` makes */
function problemOf(make: () => unknown, codes: string): string | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    if (errorCode(error)?.startsWith(codes) !== true) throw error;
    return describeError(error);
  }
}
