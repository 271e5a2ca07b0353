/** What names in annotations stand for: transforms of the configuration, or presets. */

import type { CreateTransform } from '@vigie/log-pipeline/agent/routes';
import { type TransformConfig, transformSchema } from '@vigie/log-pipeline/agent/transform-config';
import type { Multiline } from '@vigie/log-pipeline/multiline/join-lines';
import { multilineOf, presetMultiline } from '@vigie/log-pipeline/multiline/multiline-section';
import { isMultilinePreset } from '@vigie/log-pipeline/multiline/presets';
import type { Transform } from '@vigie/log-pipeline/transforms/transform';
import * as v from 'valibot';
import type { ParserName } from './annotations.ts';

/** Parsers that annotations may name beside the transforms of the configuration. */
const PARSER_PRESETS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  json: { type: 'parse_json' },
  logfmt: { type: 'parse_logfmt' },
  auto: { type: 'parse_auto' },
  nginx: { type: 'parse_regex', preset: 'nginx' },
  apache: { type: 'parse_regex', preset: 'apache' },
  klog: { type: 'parse_regex', preset: 'klog' },
  syslog: { type: 'parse_regex', preset: 'syslog' },
  envoy: { type: 'parse_regex', preset: 'envoy' },
};

/** Names of Fluent Bit's parsers.conf for the same formats. */
const FLUENT_BIT_PARSERS: Readonly<Record<string, string>> = {
  apache2: 'apache',
  'k8s-nginx-ingress': 'nginx',
  'syslog-rfc5424': 'syslog',
  'syslog-rfc3164': 'syslog',
};
/** What the runtime writes around a message is taken off in any case. */
const FRAMINGS: ReadonlySet<string> = new Set(['cri', 'docker', 'containerd']);

type TransformSections = Readonly<Record<string, TransformConfig>>;

/** @param name of an annotation: a transform of the configuration, or a preset */
export function isParserName(sections: TransformSections, name: ParserName): boolean {
  return isFraming(name) || parserSection(sections, name) !== undefined;
}

/** An instance for one lane; undefined where the name stands for nothing that has to be done. */
export function createParser(
  sections: TransformSections,
  create: CreateTransform,
  name: ParserName,
): Transform | undefined {
  const section = isFraming(name) ? undefined : parserSection(sections, name);
  return section === undefined ? undefined : create(section, name.name);
}

/** @param name of an annotation: a multiline transform of the configuration, or a preset */
export function isMultilineName(sections: TransformSections, name: string): boolean {
  return sections[name]?.type === 'multiline' || isMultilinePreset(name);
}

export function multilineNamed(sections: TransformSections, name: string): Multiline | undefined {
  const section = sections[name];
  if (section?.type === 'multiline') return multilineOf(section);
  return isMultilinePreset(name) ? presetMultiline(name) : undefined;
}

function isFraming({ name, dialect }: ParserName): boolean {
  return dialect === 'fluentbit' && FRAMINGS.has(name);
}

function parserSection(sections: TransformSections, { name, dialect }: ParserName): InstanceSection | undefined {
  const own = Object.hasOwn(sections, name) ? sections[name] : undefined;
  const section = own ?? presetSection((dialect === 'fluentbit' ? FLUENT_BIT_PARSERS[name] : undefined) ?? name);
  return section === undefined || section.type === 'route' || section.type === 'multiline' ? undefined : section;
}

function presetSection(name: string): TransformConfig | undefined {
  if (!Object.hasOwn(PARSER_PRESETS, name)) return undefined;
  const parsed = v.safeParse(transformSchema, { ...PARSER_PRESETS[name], inputs: ['-'] });
  return parsed.success ? parsed.output : undefined;
}

type InstanceSection = Parameters<CreateTransform>[0];
