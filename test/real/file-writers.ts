/** Workloads of a real cluster that log into a file of theirs and ask for a sidecar by annotation; and which of their lines a
 *  recording sink was sent. */
import { BUSYBOX_IMAGE } from './parts/kubernetes-node.ts';
import type { RecordedRequest } from './recording-server.ts';
import { at, stringAt } from './rest.ts';

/** What the level restricted asks of a container. */
export const RESTRICTED = {
  runAsUser: 10001,
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

export const LOG_FILE = '/var/log/app/app.log';

export interface FileWriterOptions {
  readonly name: string;
  readonly lines: number;
  /** A second's worth; all at once unless given. */
  readonly linesPerSecond?: number;
  /** Each time that so many are in it the file is renamed, as by a program that rotates its own and keeps four; half way unless given. */
  readonly linesPerFile?: number;
  /** After its last line: a pod of a Deployment stays, one of a Job ends. */
  readonly stays: boolean;
  /** Beside those that ask for a sidecar. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface PodTemplate {
  readonly metadata: { readonly labels: object; readonly annotations: object };
  readonly spec: object;
}

const SCRIPT = `
trap 'exit 0' TERM
i=0
while [ $i -lt $LINES ]; do
  echo "n=$i pod=$HOSTNAME" >>$FILE
  i=$((i + 1))
  if [ $((i % PER_FILE)) = 0 ] && [ $i -lt $LINES ]; then
    for k in 3 2 1; do if [ -e $FILE.$k ]; then mv $FILE.$k $FILE.$((k + 1)); fi; done
    mv $FILE $FILE.1
  fi
  if [ $((i % PER_SECOND)) = 0 ]; then sleep 1; fi
done
while [ -n "$STAYS" ]; do sleep 1 & wait $!; done
`;

export function fileWriter({ name, lines, stays, annotations = {}, ...pace }: FileWriterOptions): PodTemplate {
  const env = {
    LINES: String(lines),
    PER_FILE: String(pace.linesPerFile ?? Math.ceil(lines / 2)),
    PER_SECOND: String(pace.linesPerSecond ?? lines + 1),
    STAYS: stays ? 'yes' : '',
    FILE: LOG_FILE,
  };
  return {
    metadata: {
      labels: { app: name, 'app.kubernetes.io/part-of': 'shop' },
      annotations: { 'vigie.io/inject': 'stream', 'vigie.io/paths': 'app=/var/log/app/*.log', ...annotations },
    },
    spec: {
      restartPolicy: stays ? 'Always' : 'Never',
      terminationGracePeriodSeconds: 40,
      containers: [
        {
          name: 'app',
          image: BUSYBOX_IMAGE,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', SCRIPT],
          env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
          securityContext: { ...RESTRICTED, readOnlyRootFilesystem: true },
        },
      ],
    },
  };
}

/** As the sidecar is to emit them, which puts the file's name before each.
 *  @param pod its name */
export function linesOf(pod: string, lines: number): readonly string[] {
  return Array.from({ length: lines }, (_, n) => `app.log: n=${n} pod=${pod}`);
}

/** What the sink was sent of what one container wrote to stdout, in the order in which it came. */
export interface ShippedContainer {
  readonly messages: readonly string[];
  /** Of every record: more than one is a fault. */
  readonly labels: ReadonlySet<string>;
  readonly pods: ReadonlySet<string>;
}

/** Of all bulks that were answered, those of one container of a pod.
 *  @param uid of the pod */
export function shippedOf(requests: readonly RecordedRequest[], uid: string, container: string): ShippedContainer {
  const messages: string[] = [];
  const labels = new Set<string>();
  const pods = new Set<string>();
  for (const document of shippedDocuments(requests)) {
    const kubernetes = at(document, 'kubernetes');
    if (at(kubernetes, 'pod', 'uid') !== uid || at(kubernetes, 'container', 'name') !== container) continue;
    if (at(document, 'stream') !== 'stdout') continue;
    messages.push(stringAt(document, 'message'));
    labels.add(JSON.stringify(sorted(at(kubernetes, 'labels'))));
    pods.add(`${at(kubernetes, 'namespace')}/${at(kubernetes, 'pod', 'name')}`);
  }
  return { messages, labels, pods };
}

/** All documents of all bulks: every second line, behind that of its action. */
export function shippedDocuments(requests: readonly RecordedRequest[]): readonly unknown[] {
  return requests
    .filter(({ path }) => path.endsWith('/_bulk'))
    .flatMap(({ body }) =>
      String(body)
        .split('\n')
        .filter((line, index) => index % 2 === 1 && line !== ''),
    )
    .map((line): unknown => JSON.parse(line));
}

/** As a document has the labels of a pod. */
export function shownLabels(labels: object): string {
  const named = Object.entries(labels).map(([name, value]) => [name.replaceAll('.', '_'), value] as const);
  return JSON.stringify(sorted(Object.fromEntries(named)));
}

function sorted(members: unknown): unknown {
  return Object.entries(members ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
