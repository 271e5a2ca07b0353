/** What is wrong with a configuration is told all at once, with its places. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_KUBE_STATE } from '../../src/kube-state/kube-state.ts';
import { job, problemsOf } from './written-config.ts';

const KINDS = DEFAULT_KUBE_STATE.resources.join(', ');

describe('mistakes', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'several at once',
      'global: {scrape_interval: 10s, scrape_timeout: 20s}\nscrape_configs:\n  - job_name: a\n  - job_name: a\n    scrape_timeout: 11s',
      [
        'prometheus.yml:1:48: global.scrape_timeout: expected at most scrape_interval (10s), got "20s"',
        'prometheus.yml:4:15: scrape_configs[1].job_name: expected a job_name that no other job has, got "a"',
        'prometheus.yml:5:21: scrape_configs[1].scrape_timeout: expected at most the scrape interval (10s), got "11s"',
      ],
    ],
    [
      'a job without a name',
      'scrape_configs: [{}]',
      ['prometheus.yml:1:18: scrape_configs[0].job_name: expected a value, got nothing'],
    ],
    [
      'an unknown key of a section',
      'storage: {pat: x}',
      [
        'prometheus.yml:1:11: storage.pat: expected one of the keys path, retention, series, snapshot_interval, tsdb, exemplars, got "pat"',
      ],
    ],
    [
      'a discovery that is not supported',
      job('ec2_sd_configs: [{region: x}]'),
      [
        'prometheus.yml:3:5: scrape_configs[0].ec2_sd_configs: expected a discovery that Vigie has: static_configs, file_sd_configs, http_sd_configs, dns_sd_configs, consul_sd_configs or kubernetes_sd_configs, got "ec2_sd_configs"',
      ],
    ],
    [
      'a URL among the targets',
      job('static_configs: [{targets: ["x/metrics"]}]'),
      [
        'prometheus.yml:3:33: scrape_configs[0].static_configs[0].targets[0]: expected a host and a port, not a URL, got "x/metrics"',
      ],
    ],
    [
      'a regex of a rule',
      job('relabel_configs: [{action: keep, regex: "(x"}]'),
      [
        `prometheus.yml:3:45: scrape_configs[0].relabel_configs[0].regex: expected a regular expression (error parsing regexp: missing closing ): \`(x\`), got "(x"`,
      ],
    ],
    [
      'rules that lack what their action needs',
      job('relabel_configs: [{}, {action: hashmod, target_label: a}, {action: labelmap, replacement: ""}]'),
      [
        'prometheus.yml:3:23: scrape_configs[0].relabel_configs[0].target_label: expected a target_label for the action replace, got nothing',
        'prometheus.yml:3:27: scrape_configs[0].relabel_configs[1].modulus: expected a modulus above 0 for the action hashmod, got nothing',
        'prometheus.yml:3:95: scrape_configs[0].relabel_configs[2].replacement: expected the name of a label, with groups or without, got ""',
      ],
    ],
    [
      'rules with keys that have no effect',
      job(
        'relabel_configs:',
        '  - {action: labeldrop, regex: x, source_labels: [a]}',
        '  - {action: keepequal, target_label: x, regex: y}',
        '  - {action: lowercase, target_label: x, replacement: y}',
      ),
      [
        'prometheus.yml:4:39: scrape_configs[0].relabel_configs[0].source_labels: expected only regex for the action labeldrop, got "source_labels"',
        'prometheus.yml:5:46: scrape_configs[0].relabel_configs[1].regex: expected only source_labels and target_label for the action keepequal, got "regex"',
        'prometheus.yml:6:46: scrape_configs[0].relabel_configs[2].replacement: expected no replacement for the action lowercase, got "replacement"',
      ],
    ],
    [
      'an action that is none',
      job('relabel_configs: [{action: replaced}]'),
      [
        'prometheus.yml:3:32: scrape_configs[0].relabel_configs[0].action: expected one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase, got "replaced"',
      ],
    ],
    [
      'two ways to authorise',
      job('basic_auth: {username: u, password: p, password_file: f}', 'authorization: {credentials: secret}'),
      [
        'prometheus.yml:3:44: scrape_configs[0].basic_auth.password_file: expected at most one of password & password_file, got "password_file"',
        'prometheus.yml:4:5: scrape_configs[0].authorization: expected at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file, got "authorization"',
      ],
    ],
    [
      'protocols',
      job('scrape_protocols: [PrometheusProto, PrometheusProto]', 'fallback_scrape_protocol: text'),
      [
        'prometheus.yml:3:23: scrape_configs[0].scrape_protocols: expected every protocol once, got a list',
        'prometheus.yml:4:31: scrape_configs[0].fallback_scrape_protocol: expected the name of a protocol, got "text"',
      ],
    ],
    [
      'limits of histograms',
      job('native_histogram_bucket_limit: -1', 'native_histogram_min_bucket_factor: 1.1x'),
      [
        'prometheus.yml:3:36: scrape_configs[0].native_histogram_bucket_limit: expected a whole number, 0 or more, got "-1"',
        'prometheus.yml:4:41: scrape_configs[0].native_histogram_min_bucket_factor: expected a number, 0 or more, got "1.1x"',
      ],
    ],
    [
      'a Kubernetes discovery',
      job(
        'kubernetes_sd_configs:',
        '  - {role: pod, selectors: [{role: service, label: "a==("}], bearer_token: x}',
        '  - {role: pods}',
        '  - {role: node, api_server: "http://x", namespaces: {own_namespace: true}}',
      ),
      [
        'prometheus.yml:5:16: scrape_configs[0].kubernetes_sd_configs[1].role: expected "node" or "pod" or "service" or "endpoints" or "endpointslice" or "ingress", got "pods"',
      ],
    ],
    [
      'a Kubernetes discovery, as far as its values go together',
      job(
        'kubernetes_sd_configs:',
        '  - {role: pod, selectors: [{role: service, label: "a==("}], bearer_token: x}',
        '  - {role: node, api_server: "http://x", namespaces: {own_namespace: true}}',
      ),
      [
        'prometheus.yml:4:40: scrape_configs[0].kubernetes_sd_configs[0].selectors[0].role: expected pod or node, which the role pod selects, got "service"',
        'prometheus.yml:4:56: scrape_configs[0].kubernetes_sd_configs[0].selectors[0].label: expected a label selector such as app=web,tier!=db, got "a==("',
        'prometheus.yml:4:66: scrape_configs[0].kubernetes_sd_configs[0].bearer_token: expected api_server beside options of its HTTP client, which a kubeconfig or the pod says, got "bearer_token"',
        'prometheus.yml:5:59: scrape_configs[0].kubernetes_sd_configs[1].namespaces.own_namespace: expected no own_namespace beside api_server or kubeconfig_file, got "own_namespace"',
      ],
    ],
    [
      'other discoveries',
      job(
        'file_sd_configs: [{files: []}, {files: [a.txt]}]',
        'dns_sd_configs: [{names: [x], type: A}, {}]',
        'http_sd_configs: [{}]',
        'consul_sd_configs: [{server: "", username: u, basic_auth: {username: v}}]',
      ),
      [
        'prometheus.yml:3:31: scrape_configs[0].file_sd_configs[0].files: expected at least one path, got a list',
        'prometheus.yml:3:45: scrape_configs[0].file_sd_configs[1].files[0]: expected a path that ends in .json, .yml or .yaml, with * in its last part only, got "a.txt"',
        'prometheus.yml:4:22: scrape_configs[0].dns_sd_configs[0].port: expected a port, which records of type A lack, got nothing',
        'prometheus.yml:4:45: scrape_configs[0].dns_sd_configs[1].names: expected at least one name, got nothing',
        'prometheus.yml:5:23: scrape_configs[0].http_sd_configs[0].url: expected a URL of http or https, got nothing',
        'prometheus.yml:6:34: scrape_configs[0].consul_sd_configs[0].server: expected the host and port of a Consul agent, with http or https, got ""',
        'prometheus.yml:6:38: scrape_configs[0].consul_sd_configs[0].username: expected no username beside basic_auth, authorization or oauth2, got "username"',
      ],
    ],
    [
      'remote write',
      'remote_write: [{}, {url: http://a/, name: x, sigv4: {}}, {url: http://b/, name: x, headers: {Authorization: x}}]',
      [
        'prometheus.yml:1:46: remote_write[1].sigv4: expected basic_auth, authorization or oauth2: signing for a cloud is not supported, got "sigv4"',
      ],
    ],
    [
      'remote write, as far as its values go together',
      'remote_write: [{}, {url: http://a/, name: x}, {url: http://b/, name: x, headers: {Authorization: x}}]',
      [
        'prometheus.yml:1:16: remote_write[0].url: expected the URL of a receiver, of http or https, got nothing',
        'prometheus.yml:1:70: remote_write[2].name: expected a name that no other remote_write has, got "x"',
        'prometheus.yml:1:83: remote_write[2].headers.Authorization: expected a header that may be set (Authorization has sections of its own), got "Authorization"',
      ],
    ],
    [
      'a queue of remote write',
      'remote_write: [{url: http://a/, queue_config: {min_shards: 9, max_shards: 3, min_backoff: 10s, max_backoff: 1s}}]',
      [
        'prometheus.yml:1:47: remote_write[0].queue_config: expected a min_backoff that is at most max_backoff, got a mapping',
        'prometheus.yml:1:60: remote_write[0].queue_config.min_shards: expected at most max_shards (3), got "9"',
      ],
    ],
    [
      'a listener of the metrics APIs that anybody reaches, without authentication',
      'metrics_api: {listen: ":8443", auth: none, self_signed: {service: a}}',
      [
        'prometheus.yml:1:38: metrics_api.auth: expected kubernetes: none is for an address of this host alone, got "none"',
      ],
    ],
    [
      'metrics APIs with two certificates',
      'metrics_api: {tls: {cert_file: a, key_file: b}, self_signed: {service: a}}',
      [
        'prometheus.yml:1:14: metrics_api: expected either tls, with a certificate of others, or self_signed, with the service that leads here, got a mapping',
      ],
    ],
    [
      'the state of objects that are not known, and a job of the same name',
      'kube_state: {resources: [pods, podz], labels: {node: [a]}, max_size: 1GB}\nscrape_configs: [{job_name: kube-state-metrics}]',
      [
        'prometheus.yml:1:1: kube_state: expected no job_name kube-state-metrics beside it, got "kube_state"',
        `prometheus.yml:1:32: kube_state.resources[1]: expected one of ${KINDS}, got "podz"`,
        `prometheus.yml:1:48: kube_state.labels.node: expected one of ${KINDS}, got "node"`,
        'prometheus.yml:1:70: kube_state.max_size: expected at most 500MiB, got "1GB"',
      ],
    ],
    [
      'which objects of the operator are read',
      'operator_objects: {mode: on, selector: "a==b=c"}',
      ['prometheus.yml:1:26: operator_objects.mode: expected "auto" or "off", got "on"'],
    ],
    [
      'a selector that is none',
      'operator_objects: {selector: "a=b c"}',
      [
        'prometheus.yml:1:30: operator_objects.selector: expected a label selector such as release=prometheus,team in (shop, web), got "a=b c"',
      ],
    ],
    [
      'a variable that is not set',
      job('bearer_token: ${TOKEN}'),
      ['prometheus.yml:3:19: expected the environment variable TOKEN to be set, or ${TOKEN:-DEFAULT}, got nothing'],
    ],
    [
      'a pattern with two stars',
      'rule_files: ["*/*.yml"]',
      ['prometheus.yml:1:14: rule_files[0]: expected a path, with * in its last part only, got "*/*.yml"'],
    ],
  ])('%s', async (_title, yaml, expected) => {
    expect(await problemsOf(yaml)).toEqual(expected);
  });
});
