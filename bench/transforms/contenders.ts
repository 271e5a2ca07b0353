/** One agent per transform, all else equal: the mixed corpus to the discarding sink. */
import type { Contender } from '../logs/contender.ts';
import { type AgentUnderTest, agentContender, POD_LABELS } from '../logs/vigie.ts';

export interface TransformUnderTest {
  readonly name: string;
  /** Of the untransformed path's MB per CPU-second; undefined where none is demanded. */
  readonly goal: number | undefined;
  /** Fields of the section; undefined for none. */
  readonly transform: Readonly<Record<string, unknown>> | undefined;
  readonly labels?: true;
  /** Of the corpus' records, what the transform does something with. */
  readonly touches: string;
  /** It drops or joins records. */
  readonly sendsFewer?: true;
  /** Its documents say what the line says, and more. */
  readonly exact: boolean;
}

export const UNTRANSFORMED = 'untransformed';

const ACCESS_GROUPS =
  '^(?P<client>\\S+) \\S+ \\S+ \\[(?P<when>[^\\]]+)\\] "(?P<verb>\\w+) (?P<path>\\S+) [^"]*" (?P<status>\\d+) (?P<size>\\d+)';
const WORD_GROUPS =
  '^(?P<w1>[^ ]*)(?: (?P<w2>[^ ]*))?(?: (?P<w3>[^ ]*))?(?: (?P<w4>[^ ]*))?(?: (?P<w5>[^ ]*))?(?P<rest>.*)$';

export const TRANSFORMS: readonly TransformUnderTest[] = [
  { name: UNTRANSFORMED, goal: undefined, transform: undefined, touches: 'none', exact: true },
  { name: 'metadata, 20 labels', goal: 0.9, transform: undefined, labels: true, touches: 'all', exact: true },
  {
    name: 'filter on stream',
    goal: 0.9,
    transform: { type: 'filter', condition: { stream: 'stdout' } },
    touches: 'drops the 10 % on stderr',
    sendsFewer: true,
    exact: true,
  },
  { name: 'severity', goal: 0.6, transform: { type: 'severity' }, touches: 'all are searched', exact: true },
  {
    name: 'redact, 3 presets (e-mail, card number, IPv4)',
    goal: 0.25,
    transform: { type: 'redact', presets: ['email', 'card_number', 'ipv4'] },
    touches: 'an address in 30 %',
    exact: false,
  },
  {
    name: 'parse_json, merged',
    goal: 0.2,
    transform: { type: 'parse_json', target: '' },
    touches: '30 % are JSON',
    exact: true,
  },
  {
    name: 'multiline, java',
    goal: 0.5,
    transform: { type: 'multiline', preset: 'java' },
    touches: '6 % go on with a record',
    sendsFewer: true,
    exact: false,
  },
  {
    name: 'parse_regex, nginx preset',
    goal: 0.2,
    transform: { type: 'parse_regex', preset: 'nginx' },
    touches: '30 % match',
    exact: true,
  },
  {
    name: 'parse_regex, own pattern of six groups',
    goal: 0.08,
    transform: { type: 'parse_regex', pattern: ACCESS_GROUPS },
    touches: '30 % match',
    exact: true,
  },
  {
    name: 'parse_regex, six groups that match every record',
    goal: 0.08,
    transform: { type: 'parse_regex', pattern: WORD_GROUPS },
    touches: 'all match',
    exact: true,
  },
  {
    name: 'parse_logfmt',
    goal: undefined,
    transform: { type: 'parse_logfmt' },
    touches: '18 % are logfmt',
    exact: true,
  },
  {
    name: 'parse_auto',
    goal: undefined,
    transform: { type: 'parse_auto' },
    touches: '90 % have a format',
    exact: false,
  },
];

export function transformContender(agent: AgentUnderTest, one: TransformUnderTest): Contender {
  const { name, transform, labels, exact, sendsFewer } = one;
  const staticLabels = labels === true ? `\n    static_labels: ${JSON.stringify(POD_LABELS)}` : '';
  const section =
    transform === undefined ? '' : `transforms:\n  t: ${JSON.stringify({ ...transform, inputs: ['pods'] })}\n`;
  const configuration = `data_dir: WORK/data
listen: 127.0.0.1:0
sources:
  pods:
    type: kubernetes_logs
    paths: ["LOGS/containers/*.log"]
    metadata: none
    read_from: beginning${staticLabels}
${section}sinks:
  es:
    type: elasticsearch
    inputs: [${transform === undefined ? 'pods' : 't'}]
    endpoints: ["http://127.0.0.1:SINK_PORT"]
    data_stream: logs-kubernetes-default
    compression: deflate
    setup: false
`;
  return { ...agentContender(agent, configuration, name), exact, ...(sendsFewer === true ? { sendsFewer } : {}) };
}
