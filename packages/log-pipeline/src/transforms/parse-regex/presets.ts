/** Log lines that many programs write, with the names that the Elastic Common Schema has for what is in them. */
import type { ExtractedMember, ValueForm } from '../../kernel/extractor.ts';

/** A pattern and the members that its named groups become; the group `message` becomes the record's message. */
export interface LinePattern {
  readonly source: string;
  readonly members: Readonly<Record<string, MemberOfGroup>>;
}

/** A member's name alone: text. */
export type MemberOfGroup = string | { readonly name: string; readonly form: ValueForm };

const number = (name: string): MemberOfGroup => ({ name, form: { kind: 'number' } });

/** ECS has the codes; the names are for people. */
const syslogPriority: MemberOfGroup = {
  name: 'log.syslog.priority',
  form: {
    kind: 'priority',
    members: (priority) =>
      `"log.syslog.priority":${priority},"log.syslog.facility.code":${priority >> 3},` +
      `"log.syslog.severity.code":${priority & 7},"log.level":"${SYSLOG_LEVELS[priority & 7]}"`,
  },
};
const SYSLOG_LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'];

const PRIORITY = '<(?P<priority>1[0-8][0-9]|19[01]|[0-9]{1,2})>';
/** A request line; what is none (a TLS hello on a plain port) is matched whole and is no member. */
const REQUEST = '(?:(?P<method>[A-Z]+) (?P<url>[^ "]+) HTTP/(?P<version>[0-9.]+)|[^"]*)';

const REQUEST_MEMBERS = {
  address: 'source.address',
  user: 'user.name',
  method: 'http.request.method',
  url: 'url.original',
  version: 'http.version',
  status: number('http.response.status_code'),
  bytes: number('http.response.body.bytes'),
  referrer: 'http.request.referrer',
  agent: 'user_agent.original',
} as const;

const nginxAccess: LinePattern = {
  // nginx writes a quote inside a variable as \x22.
  source:
    `^(?P<address>[^ ]+) [^ ]+ (?P<user>[^ ]+) \\[(?P<time>[^\\]]+)\\] "${REQUEST}" (?P<status>[0-9]{3}) (?P<bytes>[0-9]+|-)` +
    '(?: "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)")?(?: .*)?$',
  members: { ...REQUEST_MEMBERS, time: 'nginx.access.time' },
};

const nginxError: LinePattern = {
  source:
    '^(?P<time>[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) \\[(?P<level>[a-z]+)\\] (?P<pid>[0-9]+)#(?P<tid>[0-9]+): ' +
    '(?:\\*(?P<connection>[0-9]+) )?(?P<message>.*)$',
  members: {
    time: 'nginx.error.time',
    level: 'log.level',
    pid: number('process.pid'),
    tid: number('process.thread.id'),
    connection: number('nginx.error.connection_id'),
  },
};

/** Apache writes a quote inside a field as \". */
const QUOTED = '(?:[^"\\\\]|\\\\.)*';
const apacheHead = `^(?P<address>[^ ]+) [^ ]+ (?P<user>[^ ]+) \\[(?P<time>[^\\]]+)\\] "(?:(?P<method>[A-Z]+) (?P<url>[^ "\\\\]+) HTTP/(?P<version>[0-9.]+)|${QUOTED})" (?P<status>[0-9]{3}) (?P<bytes>[0-9]+|-)`;
const apacheMembers = { ...REQUEST_MEMBERS, time: 'apache.access.time' };

const apacheCombined: LinePattern = {
  source: `${apacheHead} "(?P<referrer>${QUOTED})" "(?P<agent>${QUOTED})"(?: .*)?$`,
  members: apacheMembers,
};

const apacheCommon: LinePattern = {
  source: `${apacheHead}$`,
  members: apacheMembers,
};

const apacheError: LinePattern = {
  source:
    '^\\[(?P<time>[A-Z][^\\]]+)\\] \\[(?:(?P<module>[^:\\]]*):)?(?P<level>[a-z0-9]+)\\]' +
    '(?: \\[pid (?P<pid>[0-9]+)(?::tid (?P<tid>[0-9]+))?\\])?(?: \\[client (?P<address>[^\\]]+?)(?::(?P<port>[0-9]+))?\\])?' +
    ' (?P<message>.*)$',
  members: {
    time: 'apache.error.time',
    module: 'apache.error.module',
    level: 'log.level',
    pid: number('process.pid'),
    tid: number('process.thread.id'),
    address: 'source.address',
    port: number('source.port'),
  },
};

const klog: LinePattern = {
  source:
    '^(?P<level>[IWEF])(?P<time>[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]+) +(?P<tid>[0-9]+) (?P<file>[^:\\] ]+):(?P<line>[0-9]+)\\] ' +
    '(?P<message>.*)$',
  members: {
    level: {
      name: 'log.level',
      form: { kind: 'letter', values: { I: '"info"', W: '"warn"', E: '"error"', F: '"fatal"' } },
    },
    time: 'klog.time',
    tid: number('process.thread.id'),
    file: 'log.origin.file.name',
    line: number('log.origin.file.line'),
  },
};

const syslog5424: LinePattern = {
  source:
    `^${PRIORITY}(?P<version>[1-9][0-9]{0,2}) (?P<time>[^ ]+) (?P<host>[^ ]+) (?P<app>[^ ]+) (?P<procid>[^ ]+) (?P<msgid>[^ ]+) ` +
    '(?P<data>-|(?:\\[[^ \\]]+(?: [^= \\]"]+="(?:[^"\\\\\\]]|\\\\.)*")*\\])+)(?: (?:\\x{feff})?(?P<message>.*))?$',
  members: {
    priority: syslogPriority,
    version: 'log.syslog.version',
    time: 'syslog.time',
    host: 'log.syslog.hostname',
    app: 'log.syslog.appname',
    procid: 'log.syslog.procid',
    msgid: 'log.syslog.msgid',
    data: 'syslog.structured_data',
  },
};

const syslog3164: LinePattern = {
  source:
    `^${PRIORITY}(?P<time>[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}) (?P<host>[^ ]+) ` +
    '(?:(?P<app>[^ :\\[]+)(?:\\[(?P<procid>[^\\]]+)\\])?: ?)?(?P<message>.*)$',
  members: {
    priority: syslogPriority,
    time: 'syslog.time',
    host: 'log.syslog.hostname',
    app: 'log.syslog.appname',
    procid: 'log.syslog.procid',
  },
};

const envoyHead =
  '^\\[(?P<time>[^\\]]+)\\] "(?P<method>[^ "]+) (?P<url>[^ "]+) (?:HTTP/(?P<version>[0-9.]+)|[^ "]+)" (?P<status>[0-9]+) (?P<flags>[^ ]+) ';
const envoyTail =
  '(?P<received>[0-9]+) (?P<sent>[0-9]+) (?P<duration>[0-9]+|-) (?P<upstreamtime>[0-9]+|-) ' +
  '"(?P<forwarded>[^"]*)" "(?P<agent>[^"]*)" "(?P<id>[^"]*)" "(?P<authority>[^"]*)" "(?P<upstream>[^"]*)"(?: .*)?$';
const envoyMembers = {
  time: 'envoy.time',
  method: 'http.request.method',
  url: 'url.original',
  version: 'http.version',
  status: number('http.response.status_code'),
  flags: 'envoy.response_flags',
  received: number('http.request.body.bytes'),
  sent: number('http.response.body.bytes'),
  duration: number('envoy.duration_ms'),
  upstreamtime: number('envoy.upstream_service_time_ms'),
  forwarded: 'envoy.forwarded_for',
  agent: 'user_agent.original',
  id: 'http.request.id',
  authority: 'url.domain',
  upstream: 'envoy.upstream_host',
} as const;

const envoy: LinePattern = { source: envoyHead + envoyTail, members: envoyMembers };

/** Istio writes why between the flags and the sizes. */
const envoyIstio: LinePattern = {
  source: `${envoyHead}(?P<details>[^ ]+) (?P<termination>[^ ]+) (?:"(?P<failure>[^"]*)"|[^ "]+) ${envoyTail}`,
  members: {
    ...envoyMembers,
    details: 'envoy.response_code_details',
    termination: 'envoy.connection_termination_details',
    failure: 'envoy.upstream_transport_failure_reason',
  },
};

/** By the name in the configuration; a line is tried with one pattern after the other. */
export const PRESETS = {
  nginx: [nginxAccess, nginxError],
  nginx_access: [nginxAccess],
  nginx_error: [nginxError],
  apache: [apacheCombined, apacheCommon, apacheError],
  apache_common: [apacheCommon],
  apache_combined: [apacheCombined],
  apache_error: [apacheError],
  klog: [klog],
  syslog: [syslog5424, syslog3164],
  syslog_rfc3164: [syslog3164],
  syslog_rfc5424: [syslog5424],
  envoy: [envoy, envoyIstio],
} as const satisfies Readonly<Record<string, readonly LinePattern[]>>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[];

/** The members that a pattern's groups become.
 *  @param omitsDash leaves those out whose text is `-`, which is how access logs write nothing */
export function membersOf(
  groupNames: readonly (string | undefined)[],
  members: LinePattern['members'],
  omitsDash: boolean,
): readonly ExtractedMember[] {
  return groupNames.flatMap((groupName, group) => {
    const member = groupName === undefined ? undefined : members[groupName];
    if (member === undefined) return [];
    if (typeof member === 'string') return [{ name: member, group, form: { kind: 'text' }, omitsDash } as const];
    return [{ ...member, group, omitsDash }];
  });
}
