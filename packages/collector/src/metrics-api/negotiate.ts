/** Which form of an answer a client's Accept header asks for. Source: apiserver, pkg/endpoints/handlers/negotiation. */
import type { AggregatedVersion } from './discovery-documents.ts';
import type { TableVersion } from './tables.ts';

export type AnswerForm =
  | { readonly form: 'json' }
  | { readonly form: 'protobuf' }
  | { readonly form: 'table'; readonly version: TableVersion };

interface MediaRange {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** @returns the first form of the header that is served; undefined where none is */
export function negotiateAnswer(accept: string | undefined): AnswerForm | undefined {
  for (const { type, parameters } of mediaRanges(accept)) {
    if (isJson(type)) {
      const { as, g, v } = parameters;
      if (as === undefined) return { form: 'json' };
      if (as === 'Table' && g === 'meta.k8s.io' && (v === 'v1' || v === 'v1beta1'))
        return { form: 'table', version: v };
    }
    if (type === 'application/vnd.kubernetes.protobuf' && parameters.as === undefined) return { form: 'protobuf' };
  }
  return undefined;
}

/** @returns the version of the aggregated document, or `plain`; undefined where neither will do */
export function negotiateDiscovery(accept: string | undefined): AggregatedVersion | 'plain' | undefined {
  for (const { type, parameters } of mediaRanges(accept)) {
    if (!isJson(type)) continue;
    const { as, g, v } = parameters;
    if (as === undefined) return 'plain';
    if (as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io' && (v === 'v2' || v === 'v2beta1')) return v;
  }
  return undefined;
}

function isJson(type: string): boolean {
  return type === 'application/json' || type === 'application/*' || type === '*/*';
}

/** By falling quality, and as they are written within one. */
function mediaRanges(accept: string | undefined): readonly MediaRange[] {
  if (accept === undefined || accept.trim() === '') return [{ type: '*/*', parameters: {} }];
  return accept
    .split(',')
    .map((written) => {
      const [type = '', ...parameters] = written.split(';').map((part) => part.trim());
      const named = parameters.map((parameter) => {
        const [name = '', value = ''] = parameter.split('=', 2);
        return [name.trim().toLowerCase(), value.trim()] as const;
      });
      const { q, ...rest } = Object.fromEntries(named);
      return { type: type.toLowerCase(), parameters: rest, quality: q === undefined ? 1 : Number(q) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
}
