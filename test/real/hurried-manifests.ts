/** The collector, the node agent and alerting of deploy/, as they are shipped but for three things: receivers are web hooks of a test, what
 *  takes minutes takes seconds (intervals, `for`, windows, the limit of a rate), and addresses are those of pods, for a test's cluster has
 *  neither DNS nor kube-proxy. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { arrayAt, at, stringAt } from './rest.ts';
import { overlayOf, shippedFile } from './shipped-manifests.ts';

const ALERTING = fileURLToPath(new URL('../../deploy/alerting', import.meta.url));
const INTERVAL = '5s';
const LISTEN = /^listen: .*$/m;

/** One collector, which answers queries.
 *  @param more sections of its collector.yaml */
export function collectorManifests(more: string): string {
  const shipped = stringAt(shippedFile('overlays/collector-queries/config-map.yaml'), 'data', 'collector.yaml');
  const text = replaced(shipped, 'scrape_interval: 15s', `scrape_interval: ${INTERVAL}`);
  return overlayOf('overlays/collector-queries', {
    // Without kube-proxy there is nothing that would share requests between two.
    replicas: [{ name: 'vigie-collector', count: 1 }],
    patches: [changedConfigMap('vigie-collector', 'vigie-collector', 'collector.yaml', `${text}${more}`)],
  });
}

/** A node agent whose sink is at another address. */
export function agentManifests(sink: string): string {
  const shipped = stringAt(shippedFile('overlays/node-agent-log-metrics/config-map.yaml'), 'data', 'agent.yaml');
  const text = replaced(shipped, 'http://elasticsearch.logging.svc:9200', sink);
  return overlayOf('overlays/node-agent-log-metrics', {
    patches: [changedConfigMap('vigie', 'vigie-node-agent', 'agent.yaml', text)],
  });
}

/** @param collector URL of the collector that it asks
 *  @param hook URL of the web hook: the path is the name of the receiver */
export function alertingManifests(collector: string, hook: string): string {
  const rules = readdirSync(join(ALERTING, 'rules'));
  const generated = (name: string, files: readonly string[]): object => ({
    name,
    namespace: 'vigie-alerting',
    behavior: 'merge',
    files,
  });
  const env = [{ name: 'COLLECTOR_URL', value: collector }];
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'vigie-alerting', namespace: 'vigie-alerting' },
    spec: { template: { spec: { containers: [{ name: 'alerting', env }] } } },
  };
  const folder = overlayOf('alerting', {
    configMapGenerator: [
      generated('vigie-alerting', ['alerting.yaml', 'alertmanager.yml']),
      generated('vigie-alerting-rules', rules),
    ],
    patches: [{ patch: JSON.stringify(deployment) }],
  });
  const text = (name: string): string => readFileSync(join(ALERTING, name), 'utf8');
  for (const name of rules) writeFileSync(join(folder, name), hurried(text(`rules/${name}`)));
  const listen = `listen: { address: ":9093", auth: { type: bearer, token_file: /etc/vigie-api/token }, metrics: open }`;
  const faster = replaced(text('alerting.yaml'), 'evaluation_interval: 30s', `evaluation_interval: ${INTERVAL}`);
  const unlimited = replaced(faster, 'notifications: 20, per: 1m', 'notifications: 20, per: 1s');
  writeFileSync(join(folder, 'alerting.yaml'), unlimited.replace(LISTEN, listen));
  writeFileSync(join(folder, 'alertmanager.yml'), JSON.stringify(withHooks(parse(text('alertmanager.yml')), hook)));
  return folder;
}

/** Minutes become seconds where a rule waits for something not to change, or asks how much of it comes now. Hours stay: what will be full is
 *  foreseen from the minutes that there are of them. */
function hurried(rules: string): string {
  return rules
    .replace(/^( +for:) .*$/gm, '$1 4s')
    .replace(/(changes\(\w+)\[10m\]/g, '$1[30s]')
    .replace(/(rate\([^[]*)\[5m\]/g, '$1[30s]');
}

/** A group of a shipped rule file. */
export function hurriedRules(file: string, group: string): object {
  const text = hurried(readFileSync(join(ALERTING, 'rules', file), 'utf8'));
  return { groups: arrayAt(parse(text), 'groups').filter((one) => at(one, 'name') === group) };
}

/** Routes, inhibition and names of receivers are the shipped ones. */
function withHooks(written: unknown, hook: string): object {
  const receivers = arrayAt(written, 'receivers').map((receiver) => {
    const name = stringAt(receiver, 'name');
    return { name, webhook_configs: [{ url: `${hook}/${name}` }] };
  });
  const routes = arrayAt(written, 'route', 'routes').map((route) => ({ ...Object(route), mute_time_intervals: [] }));
  const route = { ...Object(at(written, 'route')), group_wait: '0s', group_interval: '1s', routes };
  return { ...Object(written), global: {}, route, receivers };
}

function changedConfigMap(namespace: string, name: string, key: string, text: string): object {
  const metadata = { name, namespace };
  return { patch: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [key]: text } }) };
}

function replaced(text: string, shipped: string, changed: string): string {
  if (!text.includes(shipped)) throw new Error(`deploy/ does not say ${shipped} any more: say it here as it does`);
  return text.replace(shipped, changed);
}
