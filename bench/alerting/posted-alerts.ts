/** Alerts as Prometheus sends them: up to 256 in a request, with the labels and annotations of the kubernetes-mixin. */

/** Prometheus' own. */
export const ALERTS_A_REQUEST = 256;

export interface AlertCorpus {
  /** Told apart from those of others by a label. */
  readonly name: string;
  readonly alerts: number;
  /** That they are spread over evenly: values of the label namespace. */
  readonly namespaces: number;
}

/** Requests with all alerts of a corpus between two numbers.
 *  @param endsAtMs Unix ms: Prometheus puts the end off each time it tells of an alert that goes on */
export function requestsOf(
  corpus: AlertCorpus,
  { from, to, startsAtMs, endsAtMs }: Readonly<Record<'from' | 'to' | 'startsAtMs' | 'endsAtMs', number>>,
): readonly Buffer[] {
  const requests: Buffer[] = [];
  for (let first = from; first < to; first += ALERTS_A_REQUEST) {
    const count = Math.min(ALERTS_A_REQUEST, to - first);
    const times = { startsAt: new Date(startsAtMs).toISOString(), endsAt: new Date(endsAtMs).toISOString() };
    const alerts = Array.from({ length: count }, (_, index) => ({ ...alertOf(corpus, first + index), ...times }));
    requests.push(Buffer.from(JSON.stringify(alerts)));
  }
  return requests;
}

function alertOf({ name, namespaces }: AlertCorpus, number: number) {
  const hash = ((number * 2_654_435_761) >>> 0).toString(36);
  const namespace = `team-${number % namespaces}`;
  const pod = `app-${number % 12}-${hash}`;
  return {
    labels: {
      alertname: 'KubePodCrashLooping',
      cluster: 'prod',
      container: 'main',
      corpus: name,
      endpoint: 'http-metrics',
      instance: `10.2.${(number >> 8) & 255}.${number & 255}:8080`,
      job: 'kube-state-metrics',
      namespace,
      pod,
      prometheus: 'monitoring/k8s',
      reason: 'CrashLoopBackOff',
      severity: 'warning',
      uid: `${hash.padStart(8, '0')}-0000-4000-8000-${String(number).padStart(12, '0')}`,
    },
    annotations: {
      description: `Pod ${namespace}/${pod} (main) is in waiting state (reason: "CrashLoopBackOff") on cluster prod.`,
      runbook_url: 'https://runbooks.prometheus-operator.dev/runbooks/kubernetes/kubepodcrashlooping',
      summary: 'Pod is crash looping.',
    },
    generatorURL:
      'http://prometheus.example:9090/graph?g0.expr=max_over_time%28kube_pod_container_status_waiting_reason%7Breason%3D%22CrashLoopBackOff%22%7D%5B5m%5D%29+%3E%3D+1&g0.tab=1',
  };
}
