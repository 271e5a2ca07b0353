/** The inputs of a test as the logs of pods, in a folder such as the kubelet's. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ConfigTestInput } from './test-section.ts';

/** Records of pods with the same labels that go into the same transform: a source has its labels for all. */
export interface TestSource {
  readonly insertAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly paths: readonly string[];
  /** Members of records by `recordKey`; empty where no input has any. */
  readonly fields: ReadonlyMap<string, string>;
}

/** @param offset of the record's first byte in its file */
export function recordKey(podUid: string | undefined, container: string | undefined, offset: number): string {
  return `${podUid}/${container}@${offset}`;
}

/** Writes each container's lines, in the order of the inputs, as containerd does. */
export function writePodLogs(folder: string, inputs: readonly ConfigTestInput[]): TestSource[] {
  const sources = new Map<string, { insertAt: string; labels: Record<string, string>; inputs: ConfigTestInput[] }>();
  for (const input of inputs) {
    const { insert_at: insertAt, kubernetes } = input;
    const key = JSON.stringify([insertAt, Object.entries(kubernetes.labels).sort()]);
    const source = sources.get(key) ?? { insertAt, labels: kubernetes.labels, inputs: [] };
    source.inputs.push(input);
    sources.set(key, source);
  }
  return Array.from(sources.values(), (source, index) => ({
    ...source,
    ...writeSource(join(folder, String(index)), source.inputs),
  }));
}

function writeSource(folder: string, inputs: readonly ConfigTestInput[]): Pick<TestSource, 'paths' | 'fields'> {
  const logs = new Map<string, string>();
  const fields = new Map<string, string>();
  for (const { message, stream, time, kubernetes, fields: members } of inputs) {
    const { namespace, pod, container } = kubernetes;
    const uid = createHash('sha256').update(`${folder}/${namespace}/${pod}`).digest('hex').slice(0, 32);
    const path = join(folder, `${namespace}_${pod}_${uid}`, container, '0.log');
    let log = logs.get(path) ?? '';
    const written = JSON.stringify(members).slice(1, -1);
    if (written !== '') fields.set(recordKey(uid, container, Buffer.byteLength(log)), written);
    // Whoever ends a text with a line break means the line, not an empty one behind it.
    for (const line of message.replace(/\n$/, '').split('\n')) log += `${time} ${stream} F ${line}\n`;
    logs.set(path, log);
  }
  for (const [path, log] of logs) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, log);
  }
  return { paths: [...logs.keys()], fields };
}
