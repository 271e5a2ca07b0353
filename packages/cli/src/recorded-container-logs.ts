/** Recorded logs of containers, for scenarios: read by what reads them on a node. */
import type { ContainerLogs } from '@vigie/alerting/scenario/recorded/container-logs';
import { createKernel } from '@vigie/log-pipeline/kernel/kernel';
import { FLAG_FRAGMENT, FLAG_STDERR, FLAG_UNPARSED } from '@vigie/log-pipeline/kernel/layout';
import { parseContainerLink, parsePodLogPath } from '@vigie/log-pipeline/tail/pod-path';

/** Of a line: of a longer one nothing is decoded. */
const MAX_LINE_BYTES = 2 ** 20;
const LF = 0x0a;

export function recordedContainerLogs(): ContainerLogs {
  const kernel = createKernel({ inputBytes: MAX_LINE_BYTES + 1, maxRows: 1, arenaBytes: 0, slots: 0, slotBytes: 0 });
  const { memory, table, regions } = kernel;
  const { input, readTime } = regions;
  return {
    decode: (line) => {
      if (line.length > MAX_LINE_BYTES) return undefined;
      memory.set(line, input.start);
      memory[input.start + line.length] = LF;
      const { rows } = kernel.frameCri(input.start, line.length + 1, 0, readTime.start, 0, 1);
      const flags = table.flags(0);
      if (rows === 0 || (flags & FLAG_UNPARSED) !== 0) return undefined;
      const timeAt = table.timeStart(0);
      const messageAt = table.messageStart(0);
      return {
        time: memory.toString('latin1', timeAt, timeAt + table.timeLength(0)),
        stream: (flags & FLAG_STDERR) === 0 ? 'stdout' : 'stderr',
        message: memory.subarray(messageAt, messageAt + table.messageLength(0)),
        isFragment: (flags & FLAG_FRAGMENT) !== 0,
      };
    },
    labelsOf: (path) => {
      const facts = parsePodLogPath(path) ?? parseContainerLink(path);
      if (facts === undefined) return {};
      return { namespace: facts.namespace, pod: facts.podName, container: facts.containerName };
    },
  };
}
