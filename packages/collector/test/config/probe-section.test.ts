import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatWarning } from '@vigie/core/config/findings';
import { ConfigError, formatProblem } from '@vigie/core/config/problem';
import { describe, expect, it } from 'vitest';
import { loadCollectorConfig } from '../../src/config/load-config.ts';
import { tempFolder } from '../temp-folder.ts';

async function load(collector: string, blackbox = '') {
  const folder = await tempFolder();
  await writeFile(join(folder, 'blackbox.yml'), blackbox);
  await writeFile(join(folder, 'collector.yaml'), collector);
  const { config, warnings } = await loadCollectorConfig(join(folder, 'collector.yaml'), { NAME: 'from-environment' });
  return {
    folder,
    probes: config.probes,
    warnings: warnings.map((warning) => formatWarning(warning).replace(`${folder}/`, '')),
  };
}

async function problemsOf(blackbox: string): Promise<readonly string[]> {
  const error: unknown = await load('probes: { file: blackbox.yml }', blackbox).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigError)) throw error;
  return error.problems.map((problem) => formatProblem(problem).replace(/^.*\/blackbox\.yml/, 'blackbox.yml'));
}

/** blackbox_exporter 0.25's own example, shortened where it repeats itself. */
const UPSTREAM = `
modules:
  http_2xx_example:
    prober: http
    timeout: 5s
    http:
      valid_http_versions: ["HTTP/1.1", "HTTP/2.0"]
      valid_status_codes: []
      method: GET
      headers:
        Host: vhost.example.com
        Accept-Language: en-US
        Origin: example.com
      no_follow_redirects: false
      fail_if_ssl: false
      fail_if_not_ssl: false
      fail_if_body_matches_regexp: ["Could not connect to database"]
      fail_if_body_not_matches_regexp: ["Download the latest version here"]
      fail_if_header_matches: [{ header: Set-Cookie, allow_missing: true, regexp: '.*' }]
      fail_if_header_not_matches: [{ header: Access-Control-Allow-Origin, regexp: '(\\*|example\\.com)' }]
      tls_config: { insecure_skip_verify: false }
      preferred_ip_protocol: "ip4"
      ip_protocol_fallback: false
  http_gzip_with_accept_encoding:
    prober: http
    http: { method: GET, compression: gzip, headers: { Accept-Encoding: gzip } }
  tls_connect:
    prober: tcp
    timeout: 5s
    tcp: { tls: true }
  smtp_starttls:
    prober: tcp
    tcp:
      query_response:
        - expect: "^220 ([^ ]+) ESMTP (.+)$"
        - send: "EHLO prober\\r"
        - expect: "^250-STARTTLS"
        - send: "STARTTLS\\r"
        - starttls: true
        - send: "QUIT\\r"
  irc_banner_example:
    prober: tcp
    tcp:
      query_response:
        - expect: "PING :([^ ]+)"
          send: "PONG \${1} \${NAME}"
  dns_udp_example:
    prober: dns
    dns:
      query_name: "www.prometheus.io"
      query_type: "A"
      valid_rcodes: [NOERROR]
      validate_answer_rrs:
        fail_if_matches_regexp: [".*127.0.0.1"]
        fail_if_all_match_regexp: [".*127.0.0.1"]
        fail_if_not_matches_regexp: ["www.prometheus.io.\\t300\\tIN\\tA\\t127.0.0.1"]
        fail_if_none_matches_regexp: ["127.0.0.1"]
  icmp_example:
    prober: icmp
    icmp: { preferred_ip_protocol: "ip4", source_ip_address: "127.0.0.1", ttl: 5 }
  grpc:
    prober: grpc
    grpc: { tls: true, preferred_ip_protocol: "ip4" }
`;

describe('probes', () => {
  it('are none, unless the section says so', async () => {
    expect((await load('')).probes).toBeUndefined();
  });

  it('have modules of their own where the section names none', async () => {
    const { probes } = await load('probes: {}');
    expect([...(probes?.modules.keys() ?? [])]).toEqual([
      'http_2xx',
      'http_post_2xx',
      'tcp_connect',
      'pop3s_banner',
      'grpc',
      'grpc_plain',
      'ssh_banner',
    ]);
    expect(probes).toMatchObject({ maxConcurrent: 1000, timeoutOffsetMs: 500 });
    expect(probes?.modules.get('http_2xx')).toMatchObject({
      prober: 'http',
      timeoutMs: undefined,
      http: { address: { preferred: 'ip6', fallback: true }, method: 'GET', client: { followRedirects: true } },
    });
  });

  it("are those of blackbox_exporter's file, which is read as it reads it", async () => {
    const { probes, warnings } = await load(
      'probes: { file: blackbox.yml, max_concurrent: 5, timeout_offset: 1s }',
      UPSTREAM,
    );
    expect(probes).toMatchObject({ maxConcurrent: 5, timeoutOffsetMs: 1000 });
    expect(probes?.modules.get('http_2xx_example')).toMatchObject({
      timeoutMs: 5_000,
      http: {
        address: { preferred: 'ip4', fallback: false },
        validHttpVersions: ['HTTP/1.1', 'HTTP/2.0'],
        validStatusCodes: [],
        client: { followRedirects: true },
        failIfHeaderMatches: [{ header: 'Set-Cookie', allowMissing: true }],
      },
    });
    expect(probes?.modules.get('irc_banner_example')).toMatchObject({
      tcp: { dialogue: [{ send: 'PONG ${1} ${NAME}', labels: [], startTls: false }] },
    });
    expect(probes?.modules.get('dns_udp_example')).toMatchObject({
      dns: { queryType: 1, queryClass: 1, transport: 'udp', wantsRecursion: true, validRcodes: [0] },
    });
    expect(warnings).toEqual([
      'blackbox.yml:59:5: warning: modules.icmp_example.prober: not supported: icmp needs raw sockets, which Node.js does not have; its probes are refused',
    ]);
  });

  it('may stand in the section itself, with the environment in them, but not in dialogues', async () => {
    const { probes } = await load(`
probes:
  modules:
    a: { prober: http, http: { headers: { Host: '\${NAME}' } } }
    b: { prober: tcp, tcp: { query_response: [{ expect: '(?P<NAME>.+)', send: '\${NAME}' }] } }
`);
    expect(probes?.modules.get('a')).toMatchObject({ http: { headers: { Host: 'from-environment' } } });
    expect(probes?.modules.get('b')).toMatchObject({ tcp: { dialogue: [{ send: '${NAME}' }] } });
  });

  it('take files from the folder of their own file', async () => {
    const { folder, probes } = await load(
      'probes: { file: blackbox.yml }',
      'modules: { a: { prober: http, http: { body_file: body.txt, bearer_token_file: t } } }',
    );
    expect(probes?.modules.get('a')).toMatchObject({
      http: {
        body: { file: join(folder, 'body.txt') },
        client: { authorization: { credentials: { file: join(folder, 't') } } },
      },
    });
  });

  it('stand in a file or in the section, not in both', async () => {
    const loading = load('probes: { file: blackbox.yml, modules: { a: { prober: http } } }', 'modules: {}');
    await expect(loading).rejects.toThrow('probes.file: expected either a file or modules beside it, not both');
  });

  it.each([
    [
      '{ prober: htp }',
      'blackbox.yml:1:25: modules.a.prober: expected "http" or "tcp" or "dns" or "grpc" or "icmp", got "htp"',
    ],
    [
      '{ prober: http, http: { metod: GET } }',
      /modules\.a\.http\.metod: expected one of the keys .*valid_status_codes.*, got "metod"$/,
    ],
    [
      "{ prober: http, http: { fail_if_body_matches_regexp: ['(a'] } }",
      'blackbox.yml:1:69: modules.a.http.fail_if_body_matches_regexp[0]: expected a regular expression (error parsing regexp: missing closing ): `(a`), got "(a"',
    ],
    [
      "{ prober: http, http: { fail_if_header_matches: [{ header: '', regexp: a }] } }",
      /header: expected the name of a header, got ""$/,
    ],
    [
      '{ prober: http, http: { fail_if_header_matches: [{ header: a }] } }',
      /regexp: expected a value, got nothing|regexp: expected a value/,
    ],
    [
      '{ prober: http, http: { valid_status_codes: [2xx] } }',
      /valid_status_codes\[0\]: expected a status of HTTP, got "2xx"$/,
    ],
    [
      '{ prober: http, http: { body: a, body_file: b } }',
      /body_file: expected at most one of body and body_file, got "body_file"$/,
    ],
    ['{ prober: http, http: { compression: zip } }', /compression: expected .*"gzip".*, got "zip"$/],
    [
      "{ prober: http, http: { compression: gzip, headers: { Accept-Encoding: 'br, identity' } } }",
      /Accept-Encoding: expected encodings with gzip among them/,
    ],
    [
      "{ prober: http, http: { compression: gzip, headers: { Accept-Encoding: '*;q=0.0' } } }",
      /Accept-Encoding: expected encodings with gzip among them/,
    ],
    ["{ prober: http, http: { headers: { 'a b': c } } }", /headers\.a b: expected the name of a header/],
    [
      '{ prober: http, http: { fail_if_body_json_matches_cel: body.a } }',
      /expected fail_if_body_matches_regexp or .*: Vigie does not evaluate CEL/,
    ],
    ['{ prober: http, http: { basic_auth: {}, bearer_token: a } }', /bearer_token: expected at most one of basic_auth/],
    [
      '{ prober: tcp, tcp: { preferred_ip_protocol: ip5 } }',
      /preferred_ip_protocol: expected "ip4" or "ip6" or "", got "ip5"$/,
    ],
    [
      '{ prober: tcp, tcp: { source_ip_address: here } }',
      /source_ip_address: expected an address of this host, got "here"$/,
    ],
    ['{ prober: dns }', /modules\.a: expected a section dns, with the query_name to ask for/],
    ['{ prober: dns, dns: { query_type: A } }', /query_name: expected a value/],
    [
      '{ prober: dns, dns: { query_name: a, query_type: NO } }',
      /query_type: expected the name of a record type, such as A or SOA, got "NO"$/,
    ],
    [
      '{ prober: dns, dns: { query_name: a, query_class: NO } }',
      /query_class: expected the name of a class, such as IN, got "NO"$/,
    ],
    [
      '{ prober: dns, dns: { query_name: a, valid_rcodes: [NO] } }',
      /valid_rcodes\[0\]: expected one of NOERROR, .*, got "NO"$/,
    ],
    [
      '{ prober: dns, dns: { query_name: a, dns_over_tls: true } }',
      /dns_over_tls: expected transport_protocol tcp beside it/,
    ],
    ['{ prober: grpc, timeout: soon }', /timeout: expected a duration such as 15s/],
  ])('are refused with %s', async (module, expected) => {
    const problems = await problemsOf(`modules: { a: ${module} }`);
    expect(problems).toHaveLength(1);
    if (typeof expected === 'string') expect(problems).toEqual([expected]);
    else expect(problems[0]).toMatch(expected);
  });
});
