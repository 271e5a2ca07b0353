/** vigie.yaml: a section for each part, as in that part's own file. */
import { AS_WRITTEN, type Environment } from '@vigie/core/config/environment';
import { refused, section } from '@vigie/core/config/fields';
import { type ConfigText, parseConfig, readConfigFile } from '@vigie/core/config/load';
import { ConfigError, type ConfigProblem } from '@vigie/core/config/problem';
import { type AgentConfig, parseAgentConfig } from '@vigie/node-agent/config';
import * as v from 'valibot';

/** Sections of parts that are loaded apart (parts.ts). */
export const PART_SECTIONS = ['collector', 'alerting'] as const;
export type PartSection = (typeof PART_SECTIONS)[number];

/** Where the sections stand that there are. */
export type PartTexts = Readonly<Partial<Record<PartSection, ConfigText>>>;

export interface VigieFile {
  /** undefined where nothing is said of it, or it has problems. */
  readonly agent: AgentConfig | undefined;
  readonly parts: PartTexts;
  /** Of the file as a whole and of node_agent; the sections of parts have theirs. */
  readonly problems: readonly ConfigProblem[];
}

const anything = v.optional(v.unknown());
const vigieSchema = section({
  node_agent: anything,
  collector: anything,
  alerting: anything,
  log_store: refused('no such key: there is no embedded log store yet, records go where node_agent.sinks says'),
});

/** @throws {ConfigError} for what is no YAML, or no mapping; {VigieError} CONFIG_UNREADABLE */
export async function readVigieFile(file: string, environment: Environment): Promise<VigieFile> {
  const { text } = await readConfigFile(file);
  const { value } = parseConfig(text, file, v.record(v.string(), v.unknown()), AS_WRITTEN);
  const problems: ConfigProblem[] = [];
  collectProblems(problems, () => parseConfig(text, file, vigieSchema, AS_WRITTEN));
  const textOf = (key: string): ConfigText => ({ text, file, root: [key] });
  const agent = Object.hasOwn(value, 'node_agent')
    ? collectProblems(problems, () => parseAgentConfig(textOf('node_agent'), environment))
    : undefined;
  const parts = PART_SECTIONS.filter((key) => Object.hasOwn(value, key)).map((key) => [key, textOf(key)] as const);
  return { agent, parts: Object.fromEntries(parts), problems };
}

/** @returns undefined where there were some
 *  @throws what is no problem of a configuration */
function collectProblems<T>(problems: ConfigProblem[], parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
