/** Which lines of the writers a server has, and whether each says of its pod what the API server says. */

import { NODE_NAME } from './parts/kubernetes-node.ts';
import { readWriterLine, WRITER_CONTAINER, WRITERS_NAMESPACE } from './pod-writers.ts';
import { arrayAt, at, type Endpoint, stringAt } from './rest.ts';
import { NumberTally, walk } from './walk.ts';

/** What the API server knows of a pod of writers. */
export interface WriterPod {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The fields that its documents have to have for who owns it: `deployment`, its name. */
  readonly owners: Readonly<Record<string, string>>;
  /** Until it is deleted only its own last line knows. */
  readonly lines: number | undefined;
}

/** From `kubectl get pods -o json`.
 *  @param owners of a pod, by its label `app` and the name of its controller */
export function writerPods(
  list: unknown,
  owners: (app: string, controller: string) => Readonly<Record<string, string>>,
  lines: (app: string) => number | undefined,
): readonly WriterPod[] {
  return arrayAt(list, 'items').map((pod) => {
    const labels = at(pod, 'metadata', 'labels') as Readonly<Record<string, string>>;
    const app = labels.app ?? '';
    const controller = at(pod, 'metadata', 'ownerReferences', 0, 'name');
    return {
      name: stringAt(pod, 'metadata', 'name'),
      uid: stringAt(pod, 'metadata', 'uid'),
      labels,
      owners: owners(app, typeof controller === 'string' ? controller : ''),
      lines: lines(app),
    };
  });
}

/** Per pod: how many documents, how many containers wrote them, and what is wrong. */
export interface PodFindings {
  readonly documents: number;
  readonly containers: number;
  /** The first few. */
  readonly faults: readonly string[];
}

/** More than one pod writes. */
const MOST_LINES = 1_000_000;
const SHOWN_FAULTS = 5;

class PodTally {
  readonly #pod: WriterPod;
  readonly #numbers = new NumberTally(MOST_LINES);
  readonly #containers = new Set<string>();
  readonly #ends: number[] = [];
  readonly #faults: string[] = [];
  #documents = 0;

  constructor(pod: WriterPod) {
    this.#pod = pod;
  }

  see(source: unknown): void {
    this.#documents += 1;
    const line = readWriterLine(String(at(source, 'message')));
    if (line?.end !== undefined) this.#ends.push(line.end);
    else this.#numbers.see(line?.n);
    this.#containers.add(String(at(source, 'container', 'id')));
    for (const [field, actual, wanted] of this.#expected(source, line?.pod, line?.n)) {
      if (JSON.stringify(actual) === JSON.stringify(wanted)) continue;
      if (this.#faults.length < SHOWN_FAULTS)
        this.#faults.push(
          `${field} is ${JSON.stringify(actual)}, expected ${JSON.stringify(wanted)}: ${JSON.stringify(source)}`,
        );
    }
  }

  #expected(
    source: unknown,
    writer: string | undefined,
    n: number | undefined,
  ): readonly (readonly [string, unknown, unknown])[] {
    const { name, uid, labels, owners } = this.#pod;
    const kubernetes = at(source, 'kubernetes');
    return [
      ['the writer of the line', writer, name],
      ['stream', at(source, 'stream'), n !== undefined && n % 5 === 0 ? 'stderr' : 'stdout'],
      ['kubernetes.namespace', at(kubernetes, 'namespace'), WRITERS_NAMESPACE],
      ['kubernetes.pod.name', at(kubernetes, 'pod', 'name'), name],
      ['kubernetes.pod.uid', at(kubernetes, 'pod', 'uid'), uid],
      ['kubernetes.container.name', at(kubernetes, 'container', 'name'), WRITER_CONTAINER],
      ['kubernetes.node.name', at(kubernetes, 'node', 'name'), NODE_NAME],
      ['kubernetes.labels', sorted(at(kubernetes, 'labels')), sorted(dedotted(labels))],
      ...OWNER_FIELDS.map((field) => [`kubernetes.${field}`, at(kubernetes, field, 'name'), owners[field]] as const),
      ['kubernetes.metadata', at(kubernetes, 'metadata'), undefined],
      ['container.id', /^[0-9a-f]{64}$/.test(String(at(source, 'container', 'id'))), true],
    ];
  }

  findings(): PodFindings {
    const [end, ...others] = this.#ends;
    const wanted = this.#pod.lines ?? end;
    const { distinct, repeated, foreign } = this.#numbers;
    const faults = [...this.#faults];
    if (end !== wanted || others.length > 0) faults.push(`the last line is ${this.#ends}, expected ${wanted}`);
    if (repeated > 0) faults.push(`there more than once: ${this.#numbers.doubled()}`);
    if (foreign > 0) faults.push(`${foreign} documents without a number`);
    // What follows the last line is missing too, at the end of the range.
    if (distinct !== wanted) faults.push(`${distinct} of ${wanted} lines; missing: ${this.#numbers.missing()}`);
    return { documents: this.#documents, containers: this.#containers.size, faults };
  }
}

const OWNER_FIELDS = ['deployment', 'replicaset', 'statefulset', 'daemonset', 'job', 'cronjob'];

function dedotted(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name.replaceAll('.', '_'), value]));
}

function sorted(members: unknown): unknown {
  return Object.entries(members ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Reads all that a data stream has of the writers.
 *  @returns by the name of the pod; documents of pods that nobody knows are a finding of `''` */
export async function findPodLines(
  server: Endpoint,
  target: string,
  pods: readonly WriterPod[],
): Promise<ReadonlyMap<string, PodFindings>> {
  const tallies = new Map(pods.map((pod) => [pod.uid, new PodTally(pod)]));
  const strangers: string[] = [];
  let strange = 0;
  await walk(server, target, (source) => {
    const tally = tallies.get(String(at(source, 'kubernetes', 'pod', 'uid')));
    // Nobody asked the writers' namespace alone to be shipped.
    if (tally !== undefined) tally.see(source);
    else if (at(source, 'kubernetes', 'namespace') === WRITERS_NAMESPACE && strange++ < SHOWN_FAULTS)
      strangers.push(`of no known pod: ${JSON.stringify(source)}`);
  });
  const found = new Map(
    pods.map((pod) => [pod.name, tallies.get(pod.uid)?.findings() ?? { documents: 0, containers: 0, faults: [] }]),
  );
  if (strange > 0) found.set('', { documents: strange, containers: 0, faults: strangers });
  return found;
}
