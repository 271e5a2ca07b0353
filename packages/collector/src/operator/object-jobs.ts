/** What an object asks for: jobs and groups of rules that can be used as they are, or why not. */
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { section } from '@vigie/core/config/fields';
import { Findings } from '@vigie/core/config/findings';
import { parseConfig } from '@vigie/core/config/load';
import { ConfigError, type ConfigProblem } from '@vigie/core/config/problem';
import { bug } from '@vigie/core/errors';
import { type CustomObject, describeObject } from '@vigie/kube/custom-objects/custom-object';
import type { ObjectOutcome as Outcome } from '@vigie/kube/custom-objects/custom-objects';
import { readPrometheusRule } from '@vigie/rules/file/prometheus-rule';
import type { ScrapeConfig } from '../config/collector-config.ts';
import { readScrapes, type ScrapeGlobals, scrapeSections } from '../config/scrape-section.ts';
import { type LoadedRules, recordingRulesOf } from '../rules/recording-rules.ts';
import type { ObjectContext } from './job-fields.ts';
import { OPERATOR_KINDS } from './object-kinds.ts';
import { podMonitorJobs } from './pod-monitor.ts';
import { probeJobs } from './probe.ts';
import { scrapeConfigJobs } from './scrape-config.ts';
import { serviceMonitorJobs } from './service-monitor.ts';
import { type ObjectJobs, originOf, type WrittenJob } from './written-job.ts';

export interface Asked {
  readonly scrapes: readonly ScrapeConfig[];
  readonly rules: LoadedRules;
}

export const NOTHING_ASKED: Asked = { scrapes: [], rules: { groups: [], left: 0 } };

export type ObjectOutcome = Outcome<Asked>;

/** Nothing of an object that has a problem is used, as with the operator.
 *  @param globals what jobs inherit */
export function askedBy(object: CustomObject, context: ObjectContext, globals: ScrapeGlobals): ObjectOutcome {
  const kind = OPERATOR_KINDS.find((known) => known.kind === object.kind)?.kind;
  if (kind === undefined) throw bug(`objects of kind ${object.kind} are watched and not read`);
  if (kind === 'PrometheusRule') return rulesOf(object);
  const made = jobsOf(kind, object.spec, context);
  const { problems } = context.assets;
  if (made.status === 'refused') return made;
  if (problems.length > 0) return { status: 'refused', problems };
  return readJobs(made.jobs, made.warnings, describeObject(object), globals);
}

/** The jobs alone, as they would be written. */
export function jobsOf(
  kind: Exclude<(typeof OPERATOR_KINDS)[number]['kind'], 'PrometheusRule'>,
  spec: unknown,
  context: ObjectContext,
): ObjectJobs {
  switch (kind) {
    case 'ServiceMonitor':
      return serviceMonitorJobs(spec, context);
    case 'PodMonitor':
      return podMonitorJobs(spec, context);
    case 'Probe':
      return probeJobs(spec, context);
    case 'ScrapeConfig':
      return scrapeConfigJobs(spec, context);
  }
}

const jobsSchema = section({ scrape_configs: scrapeSections });

function readJobs(
  jobs: readonly WrittenJob[],
  warnings: readonly string[],
  file: string,
  globals: ScrapeGlobals,
): ObjectOutcome {
  const describe = (path: ConfigProblem['path'], said: string): string => {
    const [, index, ...rest] = path;
    const job = typeof index === 'number' ? jobs[index] : undefined;
    return `${job === undefined ? 'spec' : originOf(job.origin, rest)}: ${said}`;
  };
  try {
    const text = JSON.stringify({ scrape_configs: jobs.map(({ job }) => job) });
    const { value, ...at } = parseConfig(text, file, jobsSchema, AS_WRITTEN);
    const findings = new Findings(at);
    const context = { findings, folder: '/' };
    const written = value.scrape_configs ?? [];
    const scrapes = readScrapes(written, ['scrape_configs'], context, globals, file, new Map());
    if (findings.problems.length > 0) throw new ConfigError(findings.problems);
    const said = findings.warnings.map((warning) => describe(warning.path, warning.text));
    return { status: 'accepted', asked: { ...NOTHING_ASKED, scrapes }, warnings: [...warnings, ...said] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      status: 'refused',
      problems: error.problems.map(({ path, expected }) => describe(path, `expected ${expected}`)),
    };
  }
}

/** Its alerting rules are left to `vigie alerting`. */
function rulesOf(object: CustomObject): ObjectOutcome {
  const read = readPrometheusRule(object.spec, describeObject(object));
  if (read.status === 'refused') return read;
  return { status: 'accepted', asked: { ...NOTHING_ASKED, rules: recordingRulesOf(read.groups) }, warnings: [] };
}
