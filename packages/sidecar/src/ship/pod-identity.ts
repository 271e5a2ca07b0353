/** Who the pod is, of the downward API: its environment, and the files of a downwardAPI volume, which change while it runs. */
import type { Clock } from '@vigie/core/clock';
import { describeError, VigieError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { ReloadedFiles } from '@vigie/core/reloaded-files';
import { boundMetadata } from '@vigie/log-pipeline/encode/bounded-facts';
import { NO_POD_METADATA } from '@vigie/log-pipeline/encode/document';
import type { ContainerFacts } from '@vigie/log-pipeline/transforms/transform';
import picomatch from 'picomatch';
import { parseDownwardFile } from './downward-file.ts';

export interface IdentitySettings {
  readonly clusterName: string | undefined;
  readonly container: string | undefined;
  readonly labelsFile: string | undefined;
  readonly annotationsFile: string | undefined;
  /** Patterns of annotations that go into documents. */
  readonly annotations: readonly string[];
}

export type PodEnvironment = Readonly<Record<string, string | undefined>>;

/** What is the same for all records of the pod. */
export type PodIdentityFacts = Omit<ContainerFacts, 'path'>;

export class PodIdentity {
  readonly #facts: () => PodIdentityFacts;
  readonly #files: ReloadedFiles<PodIdentityFacts> | undefined;
  readonly #log: Log;
  #isTold = false;

  /** @throws {VigieError} FILE_UNREADABLE, POD_FILE_MALFORMED */
  constructor(settings: IdentitySettings, env: PodEnvironment, clock: Clock, log: Log) {
    this.#log = log;
    const { labelsFile = env.POD_LABELS_FILE, annotationsFile = env.POD_ANNOTATIONS_FILE } = settings;
    const paths = [labelsFile, annotationsFile].filter((path) => path !== undefined);
    if (paths.length === 0) {
      const facts = this.#bounded(environmentFacts(settings, env));
      this.#facts = () => facts;
      return;
    }
    const copies = settings.annotations.length === 0 ? () => false : picomatch([...settings.annotations]);
    const files = new ReloadedFiles(
      paths,
      (contents) => {
        const read = new Map(paths.map((path, index) => [path, decoded(path, contents[index])]));
        const annotations = Object.entries(annotationsFile === undefined ? {} : (read.get(annotationsFile) ?? {}));
        return this.#bounded({
          ...environmentFacts(settings, env),
          labels: labelsFile === undefined ? {} : (read.get(labelsFile) ?? {}),
          annotations: Object.fromEntries(annotations.filter(([name]) => copies(name))),
        });
      },
      clock,
    );
    this.#files = files;
    this.#facts = () => files.current();
    files.check();
  }

  /** As of at most 10 s ago; the same object while they stay the same. Files that have become unusable leave what was known
   *  in place. */
  facts(): PodIdentityFacts {
    const facts = this.#facts();
    const failure = this.#files?.failure;
    if (failure !== undefined && !this.#isTold) {
      this.#log.warn('labels and annotations of the pod cannot be read again; those of before stay', {
        error: describeError(failure),
      });
    }
    this.#isTold = failure !== undefined;
    return facts;
  }

  #bounded(facts: PodIdentityFacts): PodIdentityFacts {
    const bounded = boundMetadata(facts);
    if (bounded.leftOut.length > 0) {
      this.#log.warn('labels or annotations of the pod are too long for its records and left out', {
        leftOut: bounded.leftOut.slice(0, NAMED_LEFT_OUT),
        count: bounded.leftOut.length,
      });
    }
    return bounded.facts;
  }
}

const NAMED_LEFT_OUT = 10;

function environmentFacts({ clusterName, container }: IdentitySettings, env: PodEnvironment): PodIdentityFacts {
  return {
    ...NO_POD_METADATA,
    namespace: named(env.POD_NAMESPACE),
    podName: named(env.POD_NAME),
    podUid: named(env.POD_UID),
    podIp: named(env.POD_IP),
    nodeName: named(env.NODE_NAME),
    containerName: container ?? named(env.CONTAINER_NAME),
    // Files outlive the containers that write them.
    restartCount: undefined,
    containerId: undefined,
    labels: {},
    clusterName,
  };
}

/** Kubernetes sets a variable to the empty text where it has no value. */
function named(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function decoded(path: string, content: Buffer | undefined): Record<string, string> {
  const values = parseDownwardFile((content ?? Buffer.alloc(0)).toString('utf8'));
  if (values !== undefined) return values;
  throw new VigieError('POD_FILE_MALFORMED', `${path} is no file of the downward API: expected lines KEY="VALUE"`);
}
