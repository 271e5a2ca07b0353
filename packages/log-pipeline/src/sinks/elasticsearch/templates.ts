/** The index template and lifecycle policies that `setup: true` installs. Pure: what is sent, not how. */
import type { SetupOptions, Target } from './config.ts';
import type { Server } from './server.ts';
import { dataStreamMembers, namePattern } from './target-names.ts';

interface ConstantKeyword {
  readonly type: 'constant_keyword';
  readonly value?: string;
}

/** What is to be there, for either server. */
export interface SetupPlan {
  /** Of the template and of the policy. */
  readonly name: string;
  readonly pattern: string;
  readonly dataStream: boolean;
  /** `data_stream.*` in mappings: with the values that the name gives, or as documents bring them. */
  readonly dataStreamMembers: Readonly<Record<string, ConstantKeyword>> | undefined;
  readonly options: SetupOptions;
}

/** What a server may lack, by the word that stands in its refusal. */
export const FEATURES = {
  elasticsearch: ['match_only_text', 'flattened', 'constant_keyword', 'ignore_dynamic_beyond_limit'],
  opensearch: ['match_only_text', 'flat_object', 'constant_keyword'],
} as const satisfies Record<Server, readonly string[]>;

export type Feature = (typeof FEATURES)[Server][number];

/** All labels as one field: each of its own would soon reach the 1,000 fields that an index may have. */
const LABELS_TYPE = { elasticsearch: 'flattened', opensearch: 'flat_object' } as const;

export const MANAGED_BY = 'vigie';

/** Above the built-in `logs-*-*` (100) and Elastic's integrations (200), below what an operator sets by hand. */
const PRIORITY = 250;

export function setupPlan(target: Target, options: SetupOptions, dataStreamFields: boolean): SetupPlan {
  const pattern = namePattern(target.template);
  const constants = target.template.hasFields ? undefined : dataStreamMembers(pattern);
  const dataStream = target.kind === 'data_stream';
  return {
    name: `vigie-${readableName(target)}`,
    pattern,
    dataStream,
    dataStreamMembers: dataStream ? constantMembers(constants, dataStreamFields) : undefined,
    options,
  };
}

/** `logs-any-default`, `logs-yyyy.mm.dd`: names of templates and policies hold no wildcards. */
function readableName({ template }: Target): string {
  return template.parts
    .map((part) => (part.kind === 'text' ? part.text : part.kind === 'field' ? 'any' : DATE_WORDS[part.directive]))
    .join('');
}

const DATE_WORDS = { Y: 'yyyy', m: 'mm', d: 'dd' } as const;

function constantMembers(
  constants: ReturnType<typeof dataStreamMembers>,
  inDocuments: boolean,
): SetupPlan['dataStreamMembers'] {
  const type = 'constant_keyword' as const;
  if (constants !== undefined) {
    return Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, { type, value }]));
  }
  return inDocuments ? { type: { type }, dataset: { type }, namespace: { type } } : undefined;
}

/** @param policy the lifecycle policy's name, undefined where the server has none
 *  @param features those of FEATURES that the server has */
export function indexTemplate<S extends Server>(
  plan: SetupPlan,
  server: S,
  policy: string | undefined,
  features: ReadonlySet<Feature>,
) {
  const { shards, replicas } = plan.options;
  return {
    index_patterns: [plan.pattern],
    priority: PRIORITY,
    ...(plan.dataStream ? { data_stream: {} } : {}),
    template: {
      settings: {
        index: {
          ...(policy !== undefined && server === 'elasticsearch' ? { lifecycle: { name: policy } } : {}),
          ...(shards === undefined ? {} : { number_of_shards: shards }),
          ...(replicas === undefined ? {} : { number_of_replicas: replicas }),
          // As in Elastic's own logs template: a field that does not fit its type is left out, the line is kept.
          mapping: {
            ignore_malformed: true,
            ...(features.has('ignore_dynamic_beyond_limit')
              ? { total_fields: { limit: 1000, ignore_dynamic_beyond_limit: true } }
              : {}),
          },
        },
      },
      mappings: mappings(plan, server, features),
    },
    _meta: { managed_by: MANAGED_BY, description: 'Container logs shipped by Vigie' },
  };
}

interface DynamicTemplate {
  path_match?: string;
  match_mapping_type?: string;
  mapping: { type: 'keyword'; ignore_above: number };
}

function mappings<S extends Server>(plan: SetupPlan, server: S, features: ReadonlySet<Feature>) {
  const keyword = { type: 'keyword', ignore_above: 1024 } as const;
  const labelsAsOne = features.has(LABELS_TYPE[server]);
  const members = features.has('constant_keyword') ? plan.dataStreamMembers : undefined;
  const dynamicTemplates: Record<string, DynamicTemplate>[] = [
    // As in ECS; the default would index every text twice.
    { texts: { match_mapping_type: 'string', mapping: keyword } },
  ];
  if (!labelsAsOne) dynamicTemplates.unshift({ labels: { path_match: 'kubernetes.labels.*', mapping: keyword } });
  return {
    dynamic_templates: dynamicTemplates,
    properties: {
      // Lines of one millisecond keep their order.
      '@timestamp': { type: 'date_nanos' as const },
      message: { type: features.has('match_only_text') ? ('match_only_text' as const) : ('text' as const) },
      stream: keyword,
      kubernetes: {
        properties: {
          namespace: keyword,
          pod: { properties: { name: keyword, uid: keyword } },
          container: { properties: { name: keyword } },
          node: { properties: { name: keyword } },
          ...(labelsAsOne ? { labels: { type: LABELS_TYPE[server] } } : {}),
        },
      },
      container: { properties: { id: keyword } },
      log: {
        properties: { file: { properties: { path: keyword } }, offset: { type: 'long' as const }, flags: keyword },
      },
      ...(members === undefined ? {} : { data_stream: { properties: members } }),
    },
  };
}

/** Elasticsearch's ILM. A dated index does not roll over.
 *  @returns undefined where there is nothing for a policy to do */
export function ilmPolicy(plan: SetupPlan) {
  const { rollover_age, rollover_size, delete_after } = plan.options;
  if (!plan.dataStream && delete_after === undefined) return undefined;
  const rollover = { max_age: time(rollover_age), max_primary_shard_size: `${rollover_size}b` };
  return {
    phases: {
      hot: { actions: plan.dataStream ? { rollover } : {} },
      ...(delete_after === undefined ? {} : { delete: { min_age: time(delete_after), actions: { delete: {} } } }),
    },
    _meta: { managed_by: MANAGED_BY },
  };
}

/** OpenSearch's ISM: states instead of phases, and the policy says itself which indices it is for. */
export function ismPolicy(plan: SetupPlan) {
  const { rollover_age, rollover_size, delete_after } = plan.options;
  if (!plan.dataStream && delete_after === undefined) return undefined;
  const rollover = { rollover: { min_index_age: time(rollover_age), min_primary_shard_size: `${rollover_size}b` } };
  // Elasticsearch counts a backing index's age from its rollover; so does this condition.
  const age = plan.dataStream ? 'min_rollover_age' : 'min_index_age';
  const deletion =
    delete_after === undefined ? [] : [{ state_name: 'delete', conditions: { [age]: time(delete_after) } }];
  return {
    policy: {
      description: 'Container logs shipped by Vigie',
      default_state: 'hot',
      states: [
        { name: 'hot', actions: plan.dataStream ? [rollover] : [], transitions: deletion },
        ...(delete_after === undefined ? [] : [{ name: 'delete', actions: [{ delete: {} }], transitions: [] }]),
      ],
      ism_template: [{ index_patterns: [plan.pattern], priority: PRIORITY }],
    },
  };
}

/** Both servers read seconds. */
function time(durationMs: number): string {
  return `${Math.ceil(durationMs / 1000)}s`;
}
