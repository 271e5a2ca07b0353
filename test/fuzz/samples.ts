/** What real programs write and send. */
import type { CheckpointEntry } from '../../packages/log-pipeline/src/checkpoint/format.ts';
import type { PushRequest } from '../../packages/wire/src/loki/push.ts';
import {
  EMPTY_LOG_RECORD,
  type LogRecord,
  type LogsRequest,
  type LogsResponse,
  NO_SCOPE,
} from '../../packages/wire/src/otlp/logs.ts';
import type { KeyValue } from '../../packages/wire/src/otlp/values.ts';

const lines = (...texts: readonly string[]): readonly Buffer[] => texts.map((text) => Buffer.from(text));

export const MESSAGES = lines(
  '10.1.2.3 - - [21/Nov/2026:10:00:01 +0000] "GET /a?b=c HTTP/1.1" 502 157 "-" "curl/8.9.1" rt=0.012',
  '2026/11/21 10:00:01 [error] 29#31: *17 open() "/x" failed (2: No such file or directory)',
  '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "http://r/" "Mozilla \\"4\\""',
  '[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187:80] denied: /x',
  'W1121 10:00:07.123456       1 controller.go:114] état: "prêt"',
  '<165>1 2003-10-11T22:14:15.003Z host app - ID47 [a@1 iut="3" b="App\\]x"][b c="d"] \ufeffAn event',
  "<34>Oct 11 22:14:15 mymachine su[230]: 'su root' failed on /dev/pts/8",
  '[2026-11-21T10:00:01.102Z] "GET /x HTTP/2" 418 - 0 135 7 6 "-" "curl" "4b0e-1" "httpbin:8000" "10.44.1.27:80"',
  '[2026-11-21T10:00:01.102Z] "GET /x HTTP/2" 503 UF via_upstream - "TLS error" 0 135 7 - "-" "curl" "4b" "h" "-"',
  'level=warn component=scheduler msg="disk \\"sda\\" is slow" dur=1.5ms attempts=3 empty= quoted="" é=ü',
  '{"level":"info","n":-1.5e3,"a":[1,{"b":null}],"s":"x\\ud83d\\ude00\\n","log.level":"x","message":"m","stream":1}',
  'login of ann@example.org from 10.1.2.3 and ::1, card 4111 1111 1111 1111, Bearer abc.DEF-123~/+==',
  'token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP key AKIAIOSFODNN7EXAMPLE aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  '\tat com.acme.Shop.pay(Shop.java:17) ~[shop-1.2.jar!/:?]',
  'Caused by: java.lang.IllegalStateException: no money',
  'Traceback (most recent call last):',
  '  File "/app/x.py", line 3, in <module>',
  'goroutine 1 [running]:',
  'panic: runtime error: index out of range [3] with length 3',
  "TypeError: Cannot read properties of undefined (reading 'x')",
  '   at System.String.Format(IFormatProvider provider) in C:\\x.cs:line 5',
  "x.rb:17:in `pay': no money (RuntimeError)",
  '',
  ' ',
);

export const CRI_LINES = lines(
  '2026-11-21T10:00:00.123456789Z stdout F one\n2026-11-21T10:00:00.2-05:00 stderr P:x two\n',
  '2026-11-21T10:00:00Z stdout F \n2026-11-21T10:00:00Z stdout P\nnot a line\n',
);

export const DOCKER_LINES = lines(
  '{"log":"one\\n","stream":"stdout","time":"2026-11-21T10:00:00.123456789Z"}\n',
  '{"log":"part","stream":"stderr","attrs":{"a":"b"},"time":"2026-11-21T10:00:00Z"}\n',
);

export const PATTERNS = lines(
  '^(?P<a>\\S+) (?P<b>[^"]*)"(\\d{3})?',
  '(?i)k+|[^é\\n]{2,5}\\b$',
  '(a*)*b',
  '(?m:^x.*?$)|\\x{fffd}',
  '[\\w.-]+@\\pL+(?:\\.[a-z]{2,})+',
);

export const TIMES = lines(
  ...[
    '2026-11-21T10:00:00.123456789Z',
    '2026-11-21 10:00:00,123 +0200',
    '9999-12-31T23:59:59-23:59',
    '1970-01-01T00:00:00Z',
  ],
  ...['1763719200', '1763719200.123456789', '1763719200123', '1763719200123456', '1763719200123456789'],
  ...['I1121 10:00:07.123456', '21/Nov/2026:10:00:01 +0000', '2026/11/21 10:00:01', 'Fri Sep 09 10:42:29.902022 2011'],
  ...['Oct 11 22:14:15', 'Sat, 21 Nov 2026 10:00:01 -0700', '29 Feb 2024 12:60:60 am', '2026-03-29 02:30:00'],
);

export const TIME_PATTERNS = lines(
  ...[
    '%d/%b/%Y:%H:%M:%S %z',
    '%a, %e %B %Y %I:%M:%S %p %Z',
    '%F %T%.f',
    '%D %R',
    '%s.%3f',
    '[%y%m%d-%H%M%S.%6f]',
    '%Y/%m/%d %%',
  ],
);

const ATTRIBUTES: readonly KeyValue[] = [
  { key: 'k8s.pod.name', value: { kind: 'string', value: 'web-1' } },
  { key: 'k8s.deployment.name', value: { kind: 'string', value: 'wéb' } },
  { key: 'k8s.pod.label.app', value: { kind: 'bool', value: true } },
  { key: 'n', value: { kind: 'int', value: -9_007_199_254_740_993n } },
  { key: 'd', value: { kind: 'double', value: -1.5e300 } },
  { key: 'b', value: { kind: 'bytes', value: Buffer.from([0, 255, 10]) } },
  {
    key: 'list',
    value: {
      kind: 'array',
      value: [{ kind: 'empty' }, { kind: 'kvlist', value: [{ key: 'x', value: { kind: 'array', value: [] } }] }],
    },
  },
];

const LOG_RECORD: LogRecord = {
  ...EMPTY_LOG_RECORD,
  timeUnixNano: 1_763_719_200_123_456_789n,
  observedTimeUnixNano: 1_763_719_201_000_000_000n,
  severityNumber: 17,
  severityText: 'ERROR',
  body: { kind: 'string', value: 'disk "sda"\nis slow' },
  attributes: [{ key: 'log.iostream', value: { kind: 'string', value: 'stderr' } }, ...ATTRIBUTES],
  droppedAttributesCount: 2,
  flags: 1,
  traceId: Buffer.from('5b8efff798038103d269b633813fc60c', 'hex'),
  spanId: Buffer.from('eee19b7ec3c1b174', 'hex'),
  eventName: 'slow',
};

export const LOGS_REQUESTS: readonly LogsRequest[] = [
  {
    resourceLogs: [
      {
        resource: ATTRIBUTES,
        scopeLogs: [
          { scope: { name: 'io', version: '1', attributes: ATTRIBUTES }, logRecords: [LOG_RECORD], schemaUrl: 'u' },
        ],
        schemaUrl: 'https://opentelemetry.io/schemas/1.30.0',
      },
      { resource: [], scopeLogs: [{ scope: NO_SCOPE, logRecords: [EMPTY_LOG_RECORD], schemaUrl: '' }], schemaUrl: '' },
    ],
  },
  {
    resourceLogs: [
      {
        resource: [],
        scopeLogs: [
          {
            scope: NO_SCOPE,
            logRecords: ATTRIBUTES.map(({ value }) => ({ ...LOG_RECORD, body: value })),
            schemaUrl: '',
          },
        ],
        schemaUrl: '',
      },
    ],
  },
];

export const LOGS_RESPONSES: readonly LogsResponse[] = [
  { rejectedLogRecords: 0n, errorMessage: '' },
  { rejectedLogRecords: 9_223_372_036_854_775_807n, errorMessage: 'no "room"' },
];

export const PUSH_REQUESTS: readonly PushRequest[] = [
  {
    streams: [
      {
        labels: new Map([
          ['namespace', 'shop'],
          ['pod', 'web-1'],
          ['app', 'a"\\b'],
          ['level', 'warn'],
          ['constructor', 'x'],
          ['__proto__', 'y'],
        ]),
        entries: [
          { timeUnixNano: 1_763_719_200_123_456_789n, line: 'one\n"two" é', metadata: [] },
          {
            timeUnixNano: 1n,
            line: '',
            metadata: [
              ['trace_id', '5b8efff7'],
              ['user', 'ann'],
              ['severity', 'error'],
            ],
          },
        ],
      },
      { labels: new Map([['stream', 'stderr']]), entries: [{ timeUnixNano: -1n, line: 'x', metadata: [] }] },
    ],
  },
  { streams: [{ labels: new Map(), entries: [] }] },
];

/** As systemd writes them: a value with bytes below space by its length. */
function journalEntry(fields: Readonly<Record<string, string | Buffer>>): Buffer {
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    if (typeof value === 'string') return [Buffer.from(`${name}=${value}\n`)];
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(value.length));
    return [Buffer.from(`${name}\n`), length, value, Buffer.from('\n')];
  });
  return Buffer.concat([...parts, Buffer.from('\n')]);
}

const KUBELET_ENTRY = journalEntry({
  __CURSOR: 's=1f;i=2;b=3a;m=4;t=5;x=6',
  __REALTIME_TIMESTAMP: '1763719200123456',
  __MONOTONIC_TIMESTAMP: '4711',
  _BOOT_ID: '3a',
  PRIORITY: '4',
  _SYSTEMD_UNIT: 'kubelet.service',
  _PID: '812',
  MESSAGE: 'W1121 10:00:07 "x" slow',
});
const BINARY_ENTRY = journalEntry({
  __CURSOR: 's=1f;i=3',
  _TRANSPORT: 'kernel',
  MESSAGE: Buffer.from('two\nlines\0\xff', 'latin1'),
});

export const JOURNAL_ENTRIES = [
  KUBELET_ENTRY,
  BINARY_ENTRY,
  Buffer.concat([KUBELET_ENTRY, BINARY_ENTRY, KUBELET_ENTRY]),
];

export const KUBE_OBJECTS: readonly object[] = [
  {
    metadata: {
      name: 'web-1',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '12',
      labels: { app: 'we"b' },
      annotations: { 'vigie.io/parser': '{}[]\\' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'r', controller: true }],
    },
    spec: { nodeName: 'n', containers: [{ name: 'web', image: 'i' }], initContainers: null },
    status: {
      phase: 'Running',
      podIP: '10.1.2.3',
      containerStatuses: [{ name: 'web', restartCount: 1e2, ready: false }],
    },
  },
  {
    metadata: { name: 'e.1', namespace: 'shop', uid: 'v', resourceVersion: '9007199254740993' },
    involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'u', fieldPath: 'spec.containers{web}' },
    related: null,
    series: { count: 3, lastObservedTime: '2026-11-21T10:00:00.000000Z' },
    reason: 'BackOff',
    message: 'Back-off \u{1f600}',
    type: 'Warning',
    source: { component: 'kubelet', host: 'n' },
  },
];

export const CHECKPOINT_ENTRIES: readonly CheckpointEntry[] = [
  {
    log: 'shop_web-1_u/web/0',
    path: '/var/log/pods/shop_web-1_u/web/0.log',
    dev: '18446744073709551615',
    ino: '7',
    head: { length: 61, hash: 'x9Vq' },
    offset: 1234,
    size: 9_007_199_254_740_991,
    done: false,
  },
  { log: 'é', path: '/x', dev: '0', ino: '0', head: undefined, offset: 0, size: 0, done: true },
];

export const AGENT_YAML = lines(
  `data_dir: /tmp/\${NAME}
listen: { address: "127.0.0.1:0", auth: { type: basic, user: u, password_file: /f } }
sources:
  pods: { type: kubernetes_logs, include: { namespaces: [a, b], labels: "app in (x, y),!z" }, metadata: none }
  node: { type: journald, units: [kubelet.service], kernel: true }
  cluster: { type: kubernetes_events }
transforms:
  json: { type: parse_json, inputs: [pods], target: "" }
  trouble: { type: filter, inputs: [json], condition: { all: [{ log.level: [warn, error] }, { not: { http.status: { lt: 500 } } }] } }
  ways: { type: route, inputs: [trouble], route: { a: { stream: stderr }, b: { message: { re: "^x" } } } }
sinks:
  es: { type: elasticsearch, inputs: [ways.a, node], endpoints: ["http://127.0.0.1:\${PORT:-9200}"], id: deterministic }
  out: { type: console, inputs: [ways.b, cluster] }
`,
  `sources: { app: { type: file, paths: [/var/log/*.log], max_line_bytes: 64KiB } }
transforms:
  join: { type: multiline, inputs: [app], preset: java }
  secret: &a { type: redact, inputs: [join], presets: [email, jwt] }
  time: { type: timestamp, inputs: [secret], field: time, format: ["%d/%b/%Y:%H:%M:%S %z", unix] }
  slow: { type: throttle, inputs: [time], rate: 100, per: 1s }
sinks:
  loki: { type: loki, inputs: [slow], endpoint: http://l:3100, buffer: { type: disk, max_size: 1GiB } }
tests:
  - { name: t, transform: secret, input: { message: a@b.de }, output: { message: "[EMAIL]" } }
`,
);

export const WRITTEN_VALUES = lines(
  ...[
    '1h30m',
    '500ms',
    '15s',
    '1y2w3d4h5m6s7ms',
    '0',
    '64KiB',
    '10Mi',
    '50MB',
    '1.5G',
    '9007199254740991',
    '127.0.0.1:9880',
  ],
  ...['[::1]:443', ':9880', 'host.name:65535'],
);

export const BULK_ANSWERS = lines(
  '{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}},{"create":{"status":201}}]}',
  '{"took":3,"errors":true,"items":[{"create":{"status":409}},{"create":{"status":429,"error":{"type":"x","reason":"y"}}},{"index":{"status":400,"error":"z"}}]}',
);

export const LOKI_REFUSALS = lines(
  "Max entry size '262144' bytes exceeded for stream '{app=\"web\"}' while adding an entry with length '300000' bytes",
  'entry for stream \'{app="db"}\' has timestamp too old: 2026-11-01T00:00:00Z, oldest acceptable timestamp is: 2026-11-14T10:00:00Z',
  'entry with timestamp 2026-11-21 09:00:00 ignored, reason: \'entry too far behind, entry timestamp is: 2026-11-21T09:00:00Z, oldest acceptable timestamp is: 2026-11-21T09:59:59Z\',\ntotal ignored: 1 out of 3 for stream: {app="web"}',
  '2 errors like: stream \'{app="web", x="y"}\' has label value too long; 1 errors like: entry for stream \'{app="db"}\' has 31 label names; limit 30',
);

export const SPLUNK_ANSWERS = lines(
  '{"text":"Success","code":0}',
  '{"text":"Invalid data format","code":6,"invalid-event-number":1}',
  '{"text":"Server is busy","code":9}',
);

export const RETRY_AFTER = lines('120', '0.5', 'Sat, 21 Nov 2026 10:02:00 GMT');

export const DOWNWARD_FILES = [
  'app="web"\napp.kubernetes.io/name="shop"',
  'example.com/config="{\\"a\\":\\n\\t1}"\nexample.com/bytes="\\xff\\u20ac\\U0001f600\\a\\\\"',
].map((text) => Buffer.from(text));

export const INJECTION_PATHS = lines(
  'nginx=/var/log/nginx/*.log',
  'a=/x/{a,b/c}.log,/y/**/[ab]?.txt;b=/z/w.log ; c = /tmp/!(x).log',
);

export const RESOURCES = lines(
  '{"requests":{"cpu":"10m","memory":"48Mi"},"limits":{"memory":1e9,"ephemeral-storage":"1.5Gi"}}',
  '{"limits":{"cpu":".5","memory":"1E"}}',
);

export const REVIEWS = lines(
  '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","kind":{"group":"","version":"v1","kind":"Pod"},"object":{"metadata":{"annotations":{"vigie.io/inject":"stream","vigie.io/paths":"a=/var/log/a/**"}},"spec":{"securityContext":{"fsGroup":1},"initContainers":[{"name":"i","restartPolicy":"Always"}],"containers":[{"name":"a","resources":{"limits":{"cpu":1}},"ports":[{"containerPort":80}],"volumeMounts":[{"name":"v","mountPath":"/var/log","subPathExpr":"$(POD_NAME)"}]}],"volumes":[{"name":"v","nfs":null}]}}}}',
  '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"2","operation":"UPDATE","kind":{"group":"batch","version":"v1","kind":"CronJob"},"object":{"kind":"CronJob","spec":{"jobTemplate":{"spec":{"template":{"metadata":{"annotations":{"vigie.io/inject":"ship"}},"spec":{"containers":[]}}}}}}}}',
);
