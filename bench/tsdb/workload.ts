/** Series as a cluster has them: half counters that move, a quarter gauges, a quarter that never changes; labels as cAdvisor
 *  writes them. The same for the same seed. */
import { seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';

const SERIES_PER_POD = 40;
const PODS_PER_NAMESPACE = 30;

export function labelsOf(index: number): LabelSet {
  const pod = Math.floor(index / SERIES_PER_POD);
  const name = `shop-api-${(pod * 2_654_435_761).toString(16).slice(0, 9)}`;
  return LabelSet.of({
    __name__: `container_metric_${index % SERIES_PER_POD}_total`,
    container: 'api',
    id: `/kubepods.slice/pod${(pod * 7_919).toString(16).padStart(32, '0')}`,
    image: 'registry.example/shop/api:1.42.0',
    instance: `10.0.${pod % 200}.1:10250`,
    job: 'kubelet',
    name,
    namespace: `team-${Math.floor(pod / PODS_PER_NAMESPACE)}`,
    node: `node-${pod % 200}`,
    pod: name,
  });
}

export class Workload {
  readonly values: Float64Array;
  readonly #random = seededRandom(20_261_129);

  constructor(series: number) {
    this.values = Float64Array.from({ length: series }, () => Math.floor(this.#random() * 1e6));
  }

  /** The values of the next scrape. */
  advance(): Float64Array {
    const { values } = this;
    for (let index = 0; index < values.length; index++) {
      const kind = index & 3;
      if (kind < 2) values[index]! += Math.floor(this.#random() * 50);
      else if (kind === 2) values[index] = this.#random() < 0.5 ? values[index]! : Math.round(this.#random() * 1e9);
    }
    return values;
  }
}
