/** An API server, and what a discovery tells of it. */
import { seededRandom } from '@vigie/core/random';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { onTestFinished } from 'vitest';
import { SharedWatches } from '../../../src/cluster/shared-watches.ts';
import type { KubernetesDiscoveryConfig } from '../../../src/discovery/discovery-config.ts';
import { KubernetesDiscovery } from '../../../src/discovery/kubernetes/kubernetes-discovery.ts';
import type { TargetGroup } from '../../../src/discovery/target-group.ts';
import { DiscoveryWorld, until } from '../world.ts';

type Config = Partial<Omit<KubernetesDiscoveryConfig, 'kind' | 'role' | 'attach'>> & {
  readonly attach?: Partial<KubernetesDiscoveryConfig['attach']>;
};

/** No metadata of others. */
export const NO_METADATA = { node: false, namespace: false, deployment: false, job: false, cronjob: false };

export class Cluster {
  readonly server: TestApiServer;
  readonly world = new DiscoveryWorld();
  readonly watches: SharedWatches;

  constructor(server: TestApiServer) {
    this.server = server;
    const { clock, log } = this.world;
    this.watches = new SharedWatches({
      clock,
      random: seededRandom(7),
      log,
      env: {},
      userAgent: 'vigie/test',
      configOf: () => server.config({ namespace: 'own' }),
    });
  }

  static async start(): Promise<Cluster> {
    const server = await TestApiServer.start();
    onTestFinished(() => server.stop());
    return new Cluster(server);
  }

  run(role: KubernetesDiscoveryConfig['role'], config: Config = {}, world = this.world): void {
    const { clock, log, counters } = world;
    const whole: KubernetesDiscoveryConfig = {
      kind: 'kubernetes',
      role,
      server: { kind: 'own' },
      namespaces: { own: false, names: [] },
      selectors: [],
      ...config,
      attach: { ...NO_METADATA, ...config.attach },
    };
    world.run(new KubernetesDiscovery(whole, { clock, log, counts: counters.kubernetes, watches: this.watches }));
  }

  /** All that is told first. */
  async first(): Promise<readonly TargetGroup[]> {
    await until(() => this.world.told.length > 0);
    return this.world.told[0] ?? [];
  }

  /** Until it has been told so often. */
  async untilTold(times: number): Promise<void> {
    while (this.world.told.length < times) {
      await this.world.clock.advance(50);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
