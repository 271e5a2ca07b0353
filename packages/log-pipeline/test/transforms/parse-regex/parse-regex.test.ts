import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { ParseRegex, parseRegexSchema } from '../../../src/transforms/parse-regex/parse-regex.ts';
import { KERNELS, simdKernel } from '../../kernel/kernels.ts';
import { parsedBy } from '../parsed.ts';

type Settings = Partial<ConstructorParameters<typeof ParseRegex>[0]>;

function parseRegex(settings: Settings): ParseRegex {
  const section = v.parse(parseRegexSchema, { type: 'parse_regex', inputs: ['pods'], ...settings });
  return new ParseRegex(section);
}

function problemsOf(settings: Settings): readonly string[] {
  const parsed = v.safeParse(parseRegexSchema, { type: 'parse_regex', inputs: ['pods'], ...settings });
  return (parsed.issues ?? []).map(({ message }) => message);
}

describe.each(KERNELS)('parse_regex (%s)', (_kind, create) => {
  it('makes members of named groups, numbers where types say so', () => {
    const transform = parseRegex({
      pattern: '^(?P<verb>\\w+) "(?P<what>[^"]*)"(?: in (?P<ms>\\S+)ms)?',
      types: { ms: 'number' },
      keep_message: false,
    });
    const { records, kept } = parsedBy(transform, create(), [
      'got "a\\b" in 17ms',
      'got "ü" in 0x1ms',
      'got ""',
      'nothing',
    ]);
    expect(records).toEqual([
      { verb: 'got', what: 'a\\b', ms: 17 },
      { verb: 'got', what: 'ü', ms: '0x1' },
      { verb: 'got', what: '' },
      { message: 'nothing' },
    ]);
    expect(kept).toEqual({ no_match: 1 });
  });

  it('replaces the message by a group of that name', () => {
    const transform = parseRegex({ pattern: '^(?P<level>\\w+): (?P<message>.*)$', keep_message: false });
    const { records } = parsedBy(transform, create(), ['warn: full', 'full']);
    expect(records).toEqual([{ level: 'warn', message: 'full' }, { message: 'full' }]);
  });

  it('drops what does not match, when told so', () => {
    const transform = parseRegex({ pattern: '(?P<n>\\d+)', on_error: 'drop' });
    const { records, dropped, kept } = parsedBy(transform, create(), ['a 1', 'none', 'b']);
    expect(records).toEqual([{ message: 'a 1', n: '1' }, 'dropped', 'dropped']);
    expect(dropped).toEqual({ no_match: [2, 7] });
    expect(kept).toEqual({});
  });

  it('reads another field, and puts the members under the target', () => {
    const transform = parseRegex({ pattern: '^(?P<a>[^\\n]*)\\n(?P<b>.*)$', field: 'err.text', target: 'parsed' });
    const { records, kept } = parsedBy(transform, create(), ['m', 'm'], ['"err":{"text":"x\\"y\\nz"},"parsed":1']);
    expect(records).toEqual([
      { message: 'm', err: { text: 'x"y\nz' }, parsed: { a: 'x"y', b: 'z' } },
      { message: 'm' },
    ]);
    expect(kept).toEqual({ no_field: 1 });
  });

  it('takes an ill-formed byte for U+FFFD, and matches beside it', () => {
    const transform = parseRegex({ pattern: '^(?P<a>.)(?P<b>.*)=(?P<c>\\d)$', keep_message: false });
    const bytes = Buffer.from([0xff, 0x61, 0xe2, 0x82, 0x3d, 0x31]);
    expect(parsedBy(transform, create(), [bytes, Buffer.from([0xff])]).records).toEqual([
      { a: '\ufffd', b: 'a\ufffd', c: '1' },
      { message: '\ufffd' },
    ]);
  });

  it('matches patterns whose tables would be too large', () => {
    const transform = parseRegex({ pattern: '(?P<word>\\pL+)-(?P<tail>[ab]*a[ab]{16})', keep_message: false });
    const tail = `a${'b'.repeat(16)}`;
    expect(parsedBy(transform, create(), [`1 größe-${tail}`, 'x']).records).toEqual([
      { word: 'größe', tail },
      { message: 'x' },
    ]);
  });

  it('leaves records as they are when the arena is full', () => {
    const transform = parseRegex({ pattern: '(?P<all>.*)', on_error: 'drop' });
    const { records, kept } = parsedBy(transform, create(), ['x'.repeat(8_000), 'y']);
    expect(records).toEqual([{ message: 'x'.repeat(8_000) }, { message: 'y', all: 'y' }]);
    expect(kept).toEqual({ no_room: 1 });
  });
});

describe('the section of parse_regex', () => {
  it.each([
    [{}, 'one of pattern and preset'],
    [{ preset: 'nginx', pattern: '(?P<a>b)' }, 'one of pattern and preset'],
    [{ pattern: '(?P<a>b' }, 'a regular expression in RE2 syntax'],
    [{ pattern: 'a(b)' }, 'a pattern with named groups'],
    [{ pattern: '(?P<a>b)', types: { c: 'number' } }, "types of the pattern's groups (a)"],
    [{ pattern: '(?P<stream>b)' }, "a target, for records have 'stream' of their own"],
    [{ pattern: '(a)'.repeat(32) }, 'at most 31 groups'],
    [{ pattern: '(?P<a>b)', target: 'kubernetes.x' }, 'a name that records do not have of their own'],
  ] as const)('refuses %o', (settings, problem) => {
    expect(problemsOf(settings as Settings).join()).toContain(problem);
  });

  it('takes a reserved name below a target', () => {
    expect(problemsOf({ pattern: '(?P<stream>b)', target: 'parsed' })).toEqual([]);
  });
});

describe('presets', () => {
  const parsed = (preset: Settings['preset'], line: string) =>
    parsedBy(parseRegex({ preset, keep_message: false }), simdKernel(), [line]).records[0];

  it('nginx: access and error log', () => {
    expect(
      parsed(
        'nginx',
        '10.1.2.3 - - [21/Nov/2026:10:00:01 +0000] "GET /a?b=c HTTP/1.1" 502 157 "-" "curl/8.9.1" rt=0.012',
      ),
    ).toEqual({
      'source.address': '10.1.2.3',
      'nginx.access.time': '21/Nov/2026:10:00:01 +0000',
      'http.request.method': 'GET',
      'url.original': '/a?b=c',
      'http.version': '1.1',
      'http.response.status_code': 502,
      'http.response.body.bytes': 157,
      'user_agent.original': 'curl/8.9.1',
    });
    expect(parsed('nginx', '::1 - bob [x] "\\x16\\x03" 400 - "http://r/" "-"')).toEqual({
      'source.address': '::1',
      'user.name': 'bob',
      'nginx.access.time': 'x',
      'http.response.status_code': 400,
      'http.request.referrer': 'http://r/',
    });
    expect(
      parsed('nginx', '2026/11/21 10:00:01 [error] 29#31: *17 open() "/x" failed (2: No such file or directory)'),
    ).toEqual({
      'nginx.error.time': '2026/11/21 10:00:01',
      'log.level': 'error',
      'process.pid': 29,
      'process.thread.id': 31,
      'nginx.error.connection_id': 17,
      message: 'open() "/x" failed (2: No such file or directory)',
    });
  });

  it('apache: common, combined and error log', () => {
    const common = {
      'source.address': '127.0.0.1',
      'user.name': 'frank',
      'apache.access.time': '10/Oct/2000:13:55:36 -0700',
      'http.request.method': 'GET',
      'url.original': '/apache_pb.gif',
      'http.version': '1.0',
      'http.response.status_code': 200,
      'http.response.body.bytes': 2326,
    };
    const line = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326';
    expect(parsed('apache', line)).toEqual(common);
    expect(parsed('apache', `${line} "http://www.example.com/start.html" "Mozilla \\"4\\" (I ;Nav)"`)).toEqual({
      ...common,
      'http.request.referrer': 'http://www.example.com/start.html',
      'user_agent.original': 'Mozilla \\"4\\" (I ;Nav)',
    });
    expect(
      parsed(
        'apache',
        '[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187:8080] File does not exist: /x',
      ),
    ).toEqual({
      'apache.error.time': 'Fri Sep 09 10:42:29.902022 2011',
      'apache.error.module': 'core',
      'log.level': 'error',
      'process.pid': 35708,
      'process.thread.id': 4328636416,
      'source.address': '72.15.99.187',
      'source.port': 8080,
      message: 'File does not exist: /x',
    });
  });

  it('klog', () => {
    expect(parsed('klog', 'W1121 10:00:07.123456       1 controller.go:114] état: "prêt"')).toEqual({
      'log.level': 'warn',
      'klog.time': '1121 10:00:07.123456',
      'process.thread.id': 1,
      'log.origin.file.name': 'controller.go',
      'log.origin.file.line': 114,
      message: 'état: "prêt"',
    });
  });

  it('syslog: RFC 5424 and RFC 3164, as their texts have them', () => {
    expect(
      parsed(
        'syslog',
        '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="App\\]lication"][b c="d"] \ufeffAn application event',
      ),
    ).toEqual({
      'log.syslog.priority': 165,
      'log.syslog.facility.code': 20,
      'log.syslog.severity.code': 5,
      'log.level': 'notice',
      'log.syslog.version': '1',
      'syslog.time': '2003-10-11T22:14:15.003Z',
      'log.syslog.hostname': 'mymachine.example.com',
      'log.syslog.appname': 'evntslog',
      'log.syslog.msgid': 'ID47',
      'syslog.structured_data': '[exampleSDID@32473 iut="3" eventSource="App\\]lication"][b c="d"]',
      message: 'An application event',
    });
    expect(parsed('syslog', "<34>Oct 11 22:14:15 mymachine su[230]: 'su root' failed on /dev/pts/8")).toEqual({
      'log.syslog.priority': 34,
      'log.syslog.facility.code': 4,
      'log.syslog.severity.code': 2,
      'log.level': 'critical',
      'syslog.time': 'Oct 11 22:14:15',
      'log.syslog.hostname': 'mymachine',
      'log.syslog.appname': 'su',
      'log.syslog.procid': '230',
      message: "'su root' failed on /dev/pts/8",
    });
    expect(parsed('syslog', '<192>Oct 11 22:14:15 host x: y')).toEqual({
      message: '<192>Oct 11 22:14:15 host x: y',
    });
  });

  it('envoy: its own format and that of Istio', () => {
    const rest = '0 135 7 6 "-" "curl/8.9.1" "4b0e-1" "httpbin:8000" "10.44.1.27:80"';
    const members = {
      'envoy.time': '2026-11-21T10:00:01.102Z',
      'http.request.method': 'GET',
      'url.original': '/status/418',
      'http.version': '2',
      'http.response.status_code': 418,
      'http.request.body.bytes': 0,
      'http.response.body.bytes': 135,
      'envoy.duration_ms': 7,
      'envoy.upstream_service_time_ms': 6,
      'user_agent.original': 'curl/8.9.1',
      'http.request.id': '4b0e-1',
      'url.domain': 'httpbin:8000',
      'envoy.upstream_host': '10.44.1.27:80',
    };
    const head = '[2026-11-21T10:00:01.102Z] "GET /status/418 HTTP/2" 418 - ';
    expect(parsed('envoy', `${head}${rest}`)).toEqual(members);
    expect(parsed('envoy', `${head}via_upstream - "-" ${rest} outbound|8000||httpbin - 10.44.1.27:80`)).toEqual({
      ...members,
      'envoy.response_code_details': 'via_upstream',
    });
  });
});
