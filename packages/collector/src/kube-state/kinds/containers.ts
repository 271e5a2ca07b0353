/** Containers of pods, and their init containers. Source: kube-state-metrics, internal/store/pod.go. */
import { at, isAt, listAt, numberAt, secondsAt, textAt } from '../fields.ts';
import type { Family, Labels, Sample } from '../kind.ts';
import { RESOURCE_LABELS, resourceSamples } from '../resource-samples.ts';
import { gauge, isPresent } from '../samples.ts';

interface Words {
  readonly prefix: string;
  readonly specs: string;
  readonly statuses: string;
  /** As the help texts call it. */
  readonly container: string;
  readonly aContainer: string;
}

const WORDS: Readonly<Record<'app' | 'init', Words>> = {
  app: {
    prefix: 'kube_pod_container',
    specs: 'containers',
    statuses: 'containerStatuses',
    container: 'container',
    aContainer: 'a container',
  },
  init: {
    prefix: 'kube_pod_init_container',
    specs: 'initContainers',
    statuses: 'initContainerStatuses',
    container: 'init container',
    aContainer: 'an init container',
  },
};

export function containerFamilies(type: 'app' | 'init'): readonly Family[] {
  const words = WORDS[type];
  const { prefix, container, aContainer } = words;
  const isInit = type === 'init';
  const better = (kind: string): string =>
    isInit
      ? ''
      : ` It is recommended to use the kube_pod_resource_${kind}s metric exposed by kube-scheduler instead, as it is more precise.`;
  const restarts = isInit
    ? 'The number of restarts for the init container.'
    : 'The number of container restarts per container.';
  const checks = isInit ? 'init containers' : 'containers';
  return [
    infoFamily(words, isInit),
    ...(['limit', 'request'] as const).map((kind) =>
      gauge(
        `${prefix}_resource_${kind}s`,
        `The number of requested ${kind} resource by ${aContainer}.${better(kind)}`,
        (pod) => amounts(pod, words, `${kind}s`),
        ['container', 'node', ...RESOURCE_LABELS],
      ),
    ),
    perStatus(words, 'status_ready', `Describes whether the ${checks} readiness check succeeded.`, (status) =>
      isAt(status, 'ready') ? 1 : 0,
    ),
    {
      ...perStatus(words, 'status_restarts_total', restarts, (status) => numberAt(status, 'restartCount') ?? 0),
      type: 'counter',
    },
    ...(['running', 'terminated', 'waiting'] as const).map((state) =>
      perStatus(
        words,
        `status_${state}`,
        `Describes whether the ${container} is currently in ${state} state.`,
        (status) => (isPresent(status, 'state', state) ? 1 : 0),
      ),
    ),
    ...(['terminated', 'waiting'] as const).map((state) =>
      perReason(
        words,
        `status_${state}_reason`,
        `Describes the reason the ${container} is currently in ${state} state.`,
        'state',
        state,
      ),
    ),
    perReason(
      words,
      'status_last_terminated_reason',
      `Describes the last reason the ${container} was in terminated state.`,
      'lastState',
      'terminated',
    ),
    ...(isInit ? [] : onlyOfApps(words)),
  ];
}

function onlyOfApps(words: Words): readonly Family[] {
  return [
    perStatus(
      words,
      'state_started',
      'Start time in unix timestamp for a pod container.',
      (status) =>
        secondsAt(status, 'state', 'running', 'startedAt') ?? secondsAt(status, 'state', 'terminated', 'startedAt'),
    ),
    perStatus(
      words,
      'status_last_terminated_exitcode',
      'Describes the exit code for the last container in terminated state.',
      (status) => numberAt(status, 'lastState', 'terminated', 'exitCode'),
    ),
    perStatus(
      words,
      'status_last_terminated_timestamp',
      'Last terminated time for a pod container in unix timestamp.',
      (status) => secondsAt(status, 'lastState', 'terminated', 'finishedAt'),
    ),
  ];
}

function infoFamily({ prefix, specs, statuses, aContainer }: Words, isInit: boolean): Family {
  const labels = [
    'container',
    'image_spec',
    'image',
    'image_id',
    'container_id',
    ...(isInit ? ['restart_policy'] : []),
  ];
  return gauge(
    `${prefix}_info`,
    `Information about ${aContainer} in a pod.`,
    (pod) =>
      listAt(pod, 'status', statuses).map((status) => {
        const name = textAt(status, 'name');
        const spec = listAt(pod, 'spec', specs).find((candidate) => textAt(candidate, 'name') === name);
        const texts = [
          name,
          textAt(spec, 'image'),
          textAt(status, 'image'),
          textAt(status, 'imageID'),
          textAt(status, 'containerID'),
          textAt(spec, 'restartPolicy'),
        ];
        return { labels: labels.map((label, i) => [label, texts[i] ?? ''] as const), value: 1 };
      }),
    labels,
  );
}

function amounts(pod: unknown, { specs }: Words, map: string): readonly Sample[] {
  return listAt(pod, 'spec', specs).flatMap((container) => {
    const before = [
      ['container', textAt(container, 'name')],
      ['node', textAt(pod, 'spec', 'nodeName')],
    ] as const;
    return resourceSamples(before, container, 'resources', map);
  });
}

/** @param measure of a container's status; undefined: no sample */
function perStatus(
  { prefix, statuses }: Words,
  name: string,
  help: string,
  measure: (status: unknown) => number | undefined,
): Family {
  const samples = (pod: unknown): readonly Sample[] =>
    listAt(pod, 'status', statuses).flatMap((status) => {
      const value = measure(status);
      return value === undefined ? [] : [{ labels: containerLabel(status), value }];
    });
  return gauge(`${prefix}_${name}`, help, samples, ['container']);
}

function perReason({ prefix, statuses }: Words, name: string, help: string, when: string, state: string): Family {
  const samples = (pod: unknown): readonly Sample[] =>
    listAt(pod, 'status', statuses).flatMap((status) => {
      const entered = at(status, when, state);
      if (entered === undefined || entered === null) return [];
      return [{ labels: [...containerLabel(status), ['reason', textAt(entered, 'reason')]], value: 1 }];
    });
  return gauge(`${prefix}_${name}`, help, samples, ['container', 'reason']);
}

function containerLabel(status: unknown): Labels {
  return [['container', textAt(status, 'name')]];
}
