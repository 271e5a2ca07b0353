/** The objects of the Prometheus operator that a collector reads: jobs and recording rules come, change and go with them, each for itself. */
import type { KubeClient } from '@vigie/kube/client';
import { CustomObjects, type CustomObjectsStatus } from '@vigie/kube/custom-objects/custom-objects';
import type { ReflectorDeps } from '@vigie/kube/reflector';
import type { ScrapeGlobals } from '../config/scrape-section.ts';
import { type Asked, askedBy, type ObjectOutcome } from './object-jobs.ts';
import { OPERATOR_KINDS } from './object-kinds.ts';

export interface OperatorObjectsConfig {
  /** A label selector; '' for all objects. */
  readonly selector: string;
  /** Of objects; all where there is none. */
  readonly namespaces: readonly string[];
  readonly serviceDiscoveryRole: 'endpoints' | 'endpointslice';
  /** Whether objects may name files of the collector. */
  readonly fileAccess: boolean;
  /** What jobs inherit. */
  readonly globals: ScrapeGlobals;
}

export interface OperatorObjectsDeps extends ReflectorDeps {
  readonly client: KubeClient;
  /** Takes up what all objects together ask for, in place of what they asked for before. */
  readonly use: (asked: Asked) => Promise<void>;
}

export class OperatorObjects {
  readonly #objects: CustomObjects<Asked>;
  #config: OperatorObjectsConfig;

  constructor(config: OperatorObjectsConfig, deps: OperatorObjectsDeps) {
    this.#config = config;
    this.#objects = new CustomObjects(OPERATOR_KINDS, config, {
      ...deps,
      origin: 'the Prometheus operator',
      judge: (object, assets) => {
        const { namespace, name } = object;
        const { serviceDiscoveryRole, fileAccess, globals } = this.#config;
        return askedBy(object, { namespace, name, assets, fileAccess, serviceDiscoveryRole }, globals);
      },
      use: (all) => deps.use(together(all)),
    });
  }

  get watches(): CustomObjects<Asked>['watches'] {
    return this.#objects.watches;
  }

  /** Of Secrets and ConfigMaps. */
  get assetFailures(): number {
    return this.#objects.assetFailures;
  }

  get outcomes(): Iterable<{ readonly kind: string; readonly outcome: ObjectOutcome; readonly jobs: number }> {
    return this.#objects.outcomes.map(({ object, outcome, asked }) => ({
      kind: object.kind,
      outcome,
      jobs: asked?.scrapes.length ?? 0,
    }));
  }

  start(): void {
    this.#objects.start();
  }

  /** What jobs inherit has changed. Which objects are read stays as it was at the start. */
  reconfigure({ globals, serviceDiscoveryRole, fileAccess }: OperatorObjectsConfig): void {
    this.#config = { ...this.#config, globals, serviceDiscoveryRole, fileAccess };
    this.#objects.judgeAgain();
  }

  status(): CustomObjectsStatus {
    return this.#objects.status();
  }

  close(): Promise<void> {
    return this.#objects.close();
  }
}

function together(all: readonly Asked[]): Asked {
  return {
    scrapes: all.flatMap(({ scrapes }) => scrapes),
    rules: {
      groups: all.flatMap(({ rules }) => rules.groups),
      left: all.reduce((sum, { rules }) => sum + rules.left, 0),
    },
  };
}
