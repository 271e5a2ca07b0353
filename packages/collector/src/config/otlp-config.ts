/** `otlp`: Prometheus' section, which says how OpenTelemetry's metrics are translated, and Vigie's own keys of the receiver.
 *  Source: Prometheus 3, config.OTLPConfig. */
import { section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import { type ListenAddress, listen } from '@vigie/core/config/listen';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, textList } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { base2Size, count, oneOf, wait } from './written-fields.ts';

/** How metrics become series. */
export interface OtlpTranslation {
  readonly hasSuffixes: boolean;
  readonly isEscaped: boolean;
  /** Of a resource, as labels of all its series: these, or all but these. */
  readonly promoted: { readonly kind: 'these' | 'all_but'; readonly attributes: ReadonlySet<string> };
  readonly keepsIdentifying: boolean;
  readonly hasScopeLabels: boolean;
  /** Histograms with bounds become one native histogram in place of a series for each bucket. */
  readonly convertsHistograms: boolean;
  readonly hasKeyPrefix: boolean;
  readonly keepsUnderscores: boolean;
}

export interface OtlpConfig {
  readonly translation: OtlpTranslation;
  /** undefined: metrics are taken on the HTTP port alone. */
  readonly listen: ListenAddress | undefined;
  /** Of a request, compressed and not. */
  readonly maxBodyBytes: number;
  /** Of requests that are being read. */
  readonly maxPendingBytes: number;
  readonly maxDeltaStreams: number;
  readonly maxDeltaStaleMs: number;
}

const STRATEGIES = [
  '',
  'UnderscoreEscapingWithSuffixes',
  'UnderscoreEscapingWithoutSuffixes',
  'NoUTF8EscapingWithSuffixes',
  'NoTranslation',
] as const;

const DEFAULT_STRATEGY = 'UnderscoreEscapingWithSuffixes';
/** Of Vigie's other receivers of OTLP. */
const MAX_BODY_BYTES = 16 << 20;
const MAX_PENDING_BYTES = 64 << 20;
/** Some 100 MB at 1 KB a stream. */
const MAX_DELTA_STREAMS = 100_000;

export const otlpSection = section({
  translation_strategy: oneOf(STRATEGIES, DEFAULT_STRATEGY),
  promote_all_resource_attributes: flag(false),
  promote_resource_attributes: textList,
  ignore_resource_attributes: textList,
  keep_identifying_resource_attributes: flag(false),
  convert_histograms_to_nhcb: flag(false),
  promote_scope_metadata: flag(false),
  label_name_underscore_sanitization: flag(true),
  label_name_preserve_multiple_underscores: flag(true),
  listen: v.optional(listen()),
  max_body: base2Size,
  max_pending: base2Size,
  delta: v.nullish(section({ max_streams: count(MAX_DELTA_STREAMS), max_stale: wait('5m') }), {}),
});

type WrittenOtlp = v.InferOutput<typeof otlpSection>;

export const DEFAULT_OTLP: OtlpConfig = {
  translation: {
    hasSuffixes: true,
    isEscaped: true,
    promoted: { kind: 'these', attributes: new Set() },
    keepsIdentifying: false,
    hasScopeLabels: false,
    convertsHistograms: false,
    hasKeyPrefix: true,
    keepsUnderscores: true,
  },
  listen: undefined,
  maxBodyBytes: MAX_BODY_BYTES,
  maxPendingBytes: MAX_PENDING_BYTES,
  maxDeltaStreams: MAX_DELTA_STREAMS,
  maxDeltaStaleMs: 5 * 60_000,
};

/** @param validation of names, by `global`: Prometheus takes names of any UTF-8 only where that is allowed */
export function readOtlp(
  written: WrittenOtlp,
  path: ConfigPath,
  { findings }: ReadContext,
  validation: string,
): OtlpConfig {
  const strategy = written.translation_strategy || DEFAULT_STRATEGY;
  const isEscaped = strategy.startsWith('UnderscoreEscaping');
  if (!isEscaped && validation === 'legacy')
    findings.problem([...path, 'translation_strategy'], 'one that escapes, as names of any UTF-8 are not allowed');
  return {
    translation: {
      hasSuffixes: strategy.endsWith('WithSuffixes'),
      isEscaped,
      promoted: readPromoted(written, path, { findings }),
      keepsIdentifying: written.keep_identifying_resource_attributes,
      hasScopeLabels: written.promote_scope_metadata,
      convertsHistograms: written.convert_histograms_to_nhcb,
      hasKeyPrefix: written.label_name_underscore_sanitization,
      keepsUnderscores: written.label_name_preserve_multiple_underscores,
    },
    listen: written.listen,
    maxBodyBytes: written.max_body || MAX_BODY_BYTES,
    maxPendingBytes: written.max_pending || MAX_PENDING_BYTES,
    maxDeltaStreams: written.delta.max_streams,
    maxDeltaStaleMs: written.delta.max_stale,
  };
}

function readPromoted(
  written: WrittenOtlp,
  path: ConfigPath,
  { findings }: Pick<ReadContext, 'findings'>,
): OtlpTranslation['promoted'] {
  const { promote_all_resource_attributes: promotesAll } = written;
  if (promotesAll && written.promote_resource_attributes.length > 0)
    findings.problemAtKey(
      [...path, 'promote_resource_attributes'],
      'either these or promote_all_resource_attributes, not both',
    );
  if (!promotesAll && written.ignore_resource_attributes.length > 0)
    findings.problemAtKey([...path, 'ignore_resource_attributes'], 'promote_all_resource_attributes: true beside it');
  const key = promotesAll ? 'ignore_resource_attributes' : 'promote_resource_attributes';
  const attributes = new Set<string>();
  for (const [index, attribute] of written[key].entries()) {
    const name = attribute.trim();
    if (name === '') findings.problem([...path, key, index], 'the name of an attribute');
    else if (attributes.has(name)) findings.problem([...path, key, index], 'every attribute once');
    attributes.add(name);
  }
  return { kind: promotesAll ? 'all_but' : 'these', attributes };
}
