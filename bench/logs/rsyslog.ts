/** rsyslog as a peer: imfile reads the CRI logs, a template makes our document, omelasticsearch sends bulks. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { progress } from '../harness/context.ts';
import { type Contender, fillPlaces } from './contender.ts';

const PACKAGES = ['rsyslog', 'rsyslog-elasticsearch'];

export interface RsyslogOptions {
  readonly mode: 'inotify' | 'polling';
  /** `Direct`: the reading thread formats and sends. Otherwise a queue between imfile and its worker threads. */
  readonly queue: 'Direct' | 'FixedArray' | 'LinkedList';
  readonly dequeueBatchSize: number;
  /** In messages: what the reading thread may be ahead. */
  readonly queueSize: number;
  readonly workerThreads: number;
  /** How time, stream and message are told apart. Positions hold for timestamps of one width only, which CRI-O writes and
   *  containerd does not. */
  readonly split: 'positions' | 'regex' | 'field and substring' | 'mmnormalize' | 'positions or mmnormalize';
  readonly readTimeout: number;
  readonly maxLinesAtOnce: number;
  /** Whether a document says from which file it comes: imfile's addMetadata, on by default for paths with wildcards.
   *  Without it nobody knows the record's container. */
  readonly fileName: boolean;
}

/** The best of those tried in `npm run bench -- rsyslog`; figures in docs/benchmarks.md. */
export const BEST_RSYSLOG: RsyslogOptions = {
  mode: 'inotify',
  queue: 'FixedArray',
  dequeueBatchSize: 1024,
  queueSize: 2000,
  workerThreads: 1,
  split: 'positions or mmnormalize',
  readTimeout: 0,
  maxLinesAtOnce: 0,
  fileName: true,
};

/** Right in every record, but nobody knows from which file it comes: not the same job, and the figure closest to it. */
export const ANONYMOUS_RSYSLOG: RsyslogOptions = { ...BEST_RSYSLOG, fileName: false };

/** Installs the packages with apt-get where that is possible.
 *  @returns the version, or a sentence saying what to install */
export function installedRsyslog(): { readonly version: string } | { readonly missing: string } {
  const version = () => {
    const shown = spawnSync('dpkg-query', ['-W', ...PACKAGES], { encoding: 'utf8' });
    return shown.status === 0 ? shown.stdout.trim().replaceAll('\n', ', ').replaceAll('\t', ' ') : undefined;
  };
  let found = version();
  if (found === undefined && process.getuid?.() === 0) {
    progress(`installing ${PACKAGES.join(' and ')} with apt-get`);
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...PACKAGES], { stdio: 'ignore', env });
    found = version();
  }
  return found === undefined
    ? { missing: `rsyslog is not here: apt-get install ${PACKAGES.join(' ')}` }
    : { version: found };
}

export function rsyslogContender(version: string, options: RsyslogOptions, name = 'rsyslog'): Contender {
  const configuration = rsyslogConfiguration(options);
  return {
    name,
    version,
    exact: options.split !== 'positions',
    configuration,
    launch(place) {
      const file = join(place.workDir, 'rsyslog.conf');
      writeFileSync(file, fillPlaces(configuration, place));
      return { command: 'rsyslogd', args: ['-n', '-i', join(place.workDir, 'rsyslog.pid'), '-f', file] };
    },
  };
}

/** The same members as our document, with the container's as one constant text: rsyslog copies it and looks nothing up. */
const METADATA =
  '"kubernetes":{"namespace":"shop","pod":{"name":"web-9e3779b100-00000","uid":"9e3779b1-6d1c-4f0e-9a57-f1bbcdc8f1bb"},' +
  '"container":{"name":"app"}},"container":{"id":"7f4a7c157f4a7c157f4a7c157f4a7c157f4a7c157f4a7c157f4a7c157f4a7c15"},' +
  '"log":{"file":{"path":"';
const CONSTANT_PATH = '/var/log/pods/shop_web-9e3779b100-00000_9e3779b1-6d1c-4f0e-9a57-f1bbcdc8f1bb/app/0.log';

type Parts = { readonly time: string; readonly stream: string; readonly message: string };

const POSITIONS: Parts = {
  time: 'property(name="msg" position.from="1" position.to="30")',
  stream: 'property(name="msg" position.from="32" position.to="37")',
  message: 'property(name="msg" position.from="41" format="json")',
};
const NORMALIZED: Parts = {
  time: 'property(name="$!time")',
  stream: 'property(name="$!stream")',
  message: 'property(name="$!message" format="json")',
};
const REGEX: Parts = {
  time: 'property(name="msg" field.number="1" field.delimiter="32")',
  stream: 'property(name="msg" field.number="2" field.delimiter="32")',
  message:
    'property(name="msg" regex.type="ERE" regex.expression="^[^ ]+ [^ ]+ [^ ]+ (.*)" regex.submatch="1" format="json")',
};
const SUBSTRING: Parts = {
  time: 'property(name="$.time")',
  stream: 'property(name="msg" field.number="2" field.delimiter="32")',
  message: 'property(name="$.message" format="json")',
};
const NORMALIZE =
  '  action(type="mmnormalize" useRawMsg="off" rule=["rule=:%time:word% %stream:word% %tag:word% %message:rest%"])\n';

function rsyslogConfiguration(options: RsyslogOptions): string {
  const { mode, queue, dequeueBatchSize, queueSize, workerThreads, split, readTimeout, maxLinesAtOnce, fileName } =
    options;
  const template = (name: string, { time, stream, message }: Parts) => `template(name="${name}" type="list") {
  ${constant('{"@timestamp":"')} ${time}
  ${constant('","stream":"')} ${stream}
  ${constant('","message":"')} ${message}
  ${fileName ? `${constant(`",${METADATA}`)} property(name="$!metadata!filename")` : constant(`",${METADATA}${CONSTANT_PATH}`)} ${constant('"}}}')}
}
`;
  const ship = (
    name: string,
  ) => `  action(type="omelasticsearch" server="127.0.0.1" serverport="SINK_PORT" template="${name}" bulkmode="on"
         searchIndex="logs-kubernetes-default" searchType="" maxbytes="8m" usehttps="off"
         action.resumeRetryCount="-1" action.resumeInterval="1")
`;
  const { templates, actions } = {
    positions: { templates: template('cut', POSITIONS), actions: ship('cut') },
    regex: { templates: template('matched', REGEX), actions: ship('matched') },
    'field and substring': {
      templates: template('cut', SUBSTRING),
      actions: `  set $.time = field($msg, 32, 1);\n  set $.message = substring($msg, strlen($.time) + 10, strlen($msg));\n${ship('cut')}`,
    },
    mmnormalize: { templates: template('normalized', NORMALIZED), actions: `${NORMALIZE}${ship('normalized')}` },
    'positions or mmnormalize': {
      templates: template('cut', POSITIONS) + template('normalized', NORMALIZED),
      actions: `  if (substring($msg, 29, 2) == "Z ") then {\n${ship('cut')}  } else {\n${NORMALIZE}${ship('normalized')}  }\n`,
    },
  }[split];
  const queueSizes =
    queue === 'Direct'
      ? ''
      : ` queue.size="${queueSize}" queue.dequeueBatchSize="${dequeueBatchSize}" queue.workerThreads="${workerThreads}"`;
  return `global(workDirectory="WORK" maxMessageSize="64k")
module(load="imfile" mode="${mode}"${mode === 'polling' ? ' pollingInterval="1"' : ''})
module(load="omelasticsearch")
${actions.includes('mmnormalize') ? 'module(load="mmnormalize")\n' : ''}main_queue(queue.type="Direct")
${templates}ruleset(name="ship" queue.type="${queue}"${queueSizes}) {
${actions}}
input(type="imfile" file="LOGS/pods/*/*/*.log" tag="cri" ruleset="ship" severity="info" facility="user"
      persistStateInterval="0" reopenOnTruncate="on" addMetadata="${fileName ? 'on' : 'off'}"${readTimeout > 0 ? ` readTimeout="${readTimeout}"` : ''}${maxLinesAtOnce > 0 ? ` maxLinesAtOnce="${maxLinesAtOnce}"` : ''})
`;
}

function constant(text: string): string {
  return `constant(value="${text.replaceAll('"', '\\"')}")`;
}
