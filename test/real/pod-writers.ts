/** Workloads of a real cluster whose pods say what they write: each counts its lines from 0 and ends with a line that says how many there were. */
import { BUSYBOX_IMAGE } from './parts/kubernetes-node.ts';

export const WRITERS_NAMESPACE = 'shop';
export const WRITER_CONTAINER = 'writer';

export interface WriterOptions {
  readonly lines: number;
  /** A second's worth. At 200 bytes a line, a hundred a second are rotated every three to six seconds. */
  readonly linesPerSecond?: number;
  /** Exits with 1 each time that many lines are written, and goes on where it was when it is started again. */
  readonly crashEvery?: number;
  /** After its last line: a pod of a Deployment stays, one of a Job ends. */
  readonly staysAfterwards: boolean;
}

/** Every fifth line goes to stderr. It stops between two lines when it is told to. */
const SCRIPT = `
trap 'stop=1' TERM
i=$(cat /state/next)
while [ -z "$stop" ] && [ $i -lt $LINES ]; do
  if [ $((i % 5)) = 0 ]; then echo "n=$i pod=$HOSTNAME $PADDING" >&2; else echo "n=$i pod=$HOSTNAME $PADDING"; fi
  i=$((i + 1))
  if [ $((i % PER_SECOND)) = 0 ]; then sleep 1 & wait $!; fi
  if [ $((i % CRASH_EVERY)) = 0 ] && [ $i -lt $LINES ]; then echo $i >/state/next; exit 1; fi
done
echo "end=$i pod=$HOSTNAME"
while [ -n "$STAYS" ] && [ -z "$stop" ]; do sleep 1 & wait $!; done
`;

const NEVER = 1_000_000_000;

/** A pod's spec. The count is in a volume, which outlives the container. */
export function writerPod(options: WriterOptions, restartPolicy: 'Always' | 'Never' | 'OnFailure'): object {
  const env = {
    LINES: options.lines,
    PER_SECOND: options.linesPerSecond ?? 100,
    CRASH_EVERY: options.crashEvery ?? NEVER,
    STAYS: options.staysAfterwards ? 'yes' : '',
    PADDING: '.'.repeat(120),
  };
  const image = { image: BUSYBOX_IMAGE, imagePullPolicy: 'IfNotPresent' };
  const volumeMounts = [{ name: 'state', mountPath: '/state' }];
  return {
    restartPolicy,
    terminationGracePeriodSeconds: 10,
    initContainers: [{ name: 'begin', ...image, command: ['sh', '-c', 'echo 0 >/state/next'], volumeMounts }],
    containers: [
      {
        name: WRITER_CONTAINER,
        ...image,
        command: ['sh', '-c', SCRIPT],
        env: Object.entries(env).map(([name, value]) => ({ name, value: String(value) })),
        volumeMounts,
      },
    ],
    volumes: [{ name: 'state', emptyDir: {} }],
  };
}

/** What a line of a writer says. */
export interface WriterLine {
  readonly pod: string;
  /** Of a numbered line. */
  readonly n: number | undefined;
  /** Of the last line: how many numbered ones there were. */
  readonly end: number | undefined;
}

export function readWriterLine(message: string): WriterLine | undefined {
  const [, key, number, pod] = /^(n|end)=(\d+) pod=(\S+)(?: \.{120})?$/.exec(message) ?? [];
  if (pod === undefined) return undefined;
  return { pod, n: key === 'n' ? Number(number) : undefined, end: key === 'end' ? Number(number) : undefined };
}

interface Workload {
  readonly name: string;
  /** Of its pods, besides `app`. */
  readonly labels?: Readonly<Record<string, string>>;
}

function objectOf(apiVersion: string, kind: string, name: string, spec: object): object {
  return { apiVersion, kind, metadata: { name, namespace: WRITERS_NAMESPACE }, spec };
}

function templateOf(
  { name, labels = {} }: Workload,
  spec: object,
): { readonly metadata: object; readonly spec: object } {
  return { metadata: { labels: { app: name, ...labels } }, spec };
}

export function deployment(
  workload: Workload,
  replicas: number,
  options: Omit<WriterOptions, 'staysAfterwards'>,
): object {
  const template = templateOf(workload, writerPod({ ...options, staysAfterwards: true }, 'Always'));
  return objectOf('apps/v1', 'Deployment', workload.name, {
    replicas,
    selector: { matchLabels: { app: workload.name } },
    template,
  });
}

export function statefulSet(workload: Workload, options: Omit<WriterOptions, 'staysAfterwards'>): object {
  const template = templateOf(workload, writerPod({ ...options, staysAfterwards: true }, 'Always'));
  return objectOf('apps/v1', 'StatefulSet', workload.name, {
    serviceName: workload.name,
    selector: { matchLabels: { app: workload.name } },
    template,
  });
}

function jobSpec(workload: Workload, lines: number): object {
  return { backoffLimit: 0, template: templateOf(workload, writerPod({ lines, staysAfterwards: false }, 'Never')) };
}

export function job(workload: Workload, lines: number): object {
  return objectOf('batch/v1', 'Job', workload.name, jobSpec(workload, lines));
}

/** Every minute. All its pods stay, so that whoever lists them knows of all that wrote. */
export function cronJob(workload: Workload, lines: number): object {
  return objectOf('batch/v1', 'CronJob', workload.name, {
    schedule: '* * * * *',
    successfulJobsHistoryLimit: 100,
    jobTemplate: { spec: jobSpec(workload, lines) },
  });
}

/** Without an owner. */
export function barePod({ name, labels = {} }: Workload, options: Omit<WriterOptions, 'staysAfterwards'>): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: WRITERS_NAMESPACE, labels: { app: name, ...labels } },
    spec: writerPod({ ...options, staysAfterwards: true }, 'Always'),
  };
}
