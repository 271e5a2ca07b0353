/** Compares what a server stored for record n with what record n was. */
import { type ContainerIdentity, containerIdOf } from './container-log.ts';

import { messageAsText, numberedLine, numberOf } from './numbered-line.ts';
import type { PodLogs } from './pod-logs.ts';
import { at } from './rest.ts';

/** @returns the number that a document carries in its message */
export function documentNumber(source: unknown): number | undefined {
  const message = at(source, 'message');
  return typeof message === 'string' ? numberOf(message) : undefined;
}

/** @returns what is wrong with the document of record n, undefined if it is right to the last character */
export function numberedDocumentFault(plan: PodLogs, n: number, source: unknown): string | undefined {
  const line = numberedLine(n, plan.seed, plan.startMs);
  const identity = plan.containers[n % plan.containers.length] as ContainerIdentity;
  const restarted = plan.restartContainerAt;
  const isAfterRestart = restarted !== undefined && n > restarted && (n - restarted) % plan.containers.length === 0;
  const expected: readonly (readonly [string, unknown, unknown])[] = [
    ['@timestamp', at(source, '@timestamp'), line.time],
    ['message', at(source, 'message'), messageAsText(line.message)],
    ['stream', at(source, 'stream'), line.stream],
    ['kubernetes.namespace', at(source, 'kubernetes', 'namespace'), identity.namespace],
    ['kubernetes.pod.name', at(source, 'kubernetes', 'pod', 'name'), identity.pod],
    ['kubernetes.pod.uid', at(source, 'kubernetes', 'pod', 'uid'), identity.podUid],
    ['kubernetes.container.name', at(source, 'kubernetes', 'container', 'name'), identity.container],
    ['kubernetes.node.name', at(source, 'kubernetes', 'node', 'name'), 'node-1'],
    ['container.id', at(source, 'container', 'id'), containerIdOf(identity, isAfterRestart ? 1 : 0)],
    ['log.flags', at(source, 'log', 'flags'), undefined],
  ];
  for (const [field, actual, wanted] of expected) {
    if (actual !== wanted)
      return `record ${n}: ${field} is ${JSON.stringify(actual)}, expected ${JSON.stringify(wanted)}`;
  }
  return undefined;
}
