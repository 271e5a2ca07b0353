import { describe, expect, it } from 'vitest';
import { probeBed } from './bed.ts';
import { answerTo, name, numbers, record, tcpServer, udpServer, type Zone } from './dns-server.ts';

const A = record(1, Buffer.of(127, 0, 0, 1));
const SOA = record(
  6,
  Buffer.concat([name('ns.example.com'), name('noc.example.com'), numbers(4, 1000, 7200, 3600, 1_209_600, 3600)]),
);
const ZONE: Zone = {
  answer: [A],
  authority: [record(2, name('ns1.isp.net'), 7200), record(2, name('ns2.isp.net'), 7200)],
  additional: [record(28, Buffer.from('20010db8000000000000000000000001', 'hex'), 7200)],
};

describe('dns', () => {
  it('asks by UDP, and counts the records of each section', async () => {
    const server = await udpServer((query) => [answerTo(query, ZONE)]);
    const { probe } = await probeBed('it: { prober: dns, dns: { query_name: example.com, query_type: A } }');
    const { isSuccess, metrics } = await probe(server.target);
    expect(isSuccess).toBe(true);
    expect(metrics).toMatchObject({
      probe_dns_answer_rrs: 1,
      probe_dns_authority_rrs: 2,
      probe_dns_additional_rrs: 1,
      probe_dns_query_succeeded: 1,
      probe_ip_protocol: 4,
    });
    for (const phase of ['resolve', 'connect', 'request'])
      expect(metrics).toHaveProperty([`probe_dns_duration_seconds{phase="${phase}"}`]);
    expect(metrics['probe_dns_duration_seconds{phase="request"}']).toBeGreaterThan(0);
    const [query = Buffer.alloc(0)] = server.queries;
    expect(query.subarray(2).toString('hex')).toBe('01000001000000000000076578616d706c6503636f6d0000010001');
  });

  it('asks without recursion, for other types and classes, for names that are not of ASCII', async () => {
    const server = await udpServer((query) => [answerTo(query, {})]);
    const { probe } = await probeBed(
      'it: { prober: dns, dns: { query_name: bücher.example, query_type: TXT, query_class: CH, recursion_desired: false } }',
    );
    expect((await probe(server.target)).isSuccess).toBe(true);
    const [query = Buffer.alloc(0)] = server.queries;
    expect(query.readUInt16BE(2)).toBe(0);
    expect(query.toString('latin1')).toContain('xn--bcher-kva');
    expect(query.subarray(-4).toString('hex')).toBe('00100003');
  });

  it('asks by TCP, and tells the serial number of a zone', async () => {
    const target = await tcpServer({ answer: [SOA] });
    const { probe } = await probeBed(
      'it: { prober: dns, dns: { query_name: example.com, query_type: SOA, transport_protocol: tcp } }',
    );
    const { isSuccess, metrics, log } = await probe(target);
    expect(isSuccess, log).toBe(true);
    expect(metrics.probe_dns_serial).toBe(1000);
    expect(log).toContain('ns.example.com. noc.example.com. 1000 7200 3600 1209600 3600');
  });

  // As blackbox_exporter's own tests have it.
  it.each([
    ['valid_rcodes: [SERVFAIL, NXDOMAIN]', false],
    ["validate_answer_rrs: { fail_if_matches_regexp: ['.*3600.*'] }", false],
    ["validate_answer_rrs: { fail_if_matches_regexp: ['.*7200.*'], fail_if_not_matches_regexp: ['.*3600.*'] }", true],
    ["validate_answer_rrs: { fail_if_not_matches_regexp: ['.*7200.*'] }", false],
    [
      "validate_answer_rrs: { fail_if_not_matches_regexp: ['^example\\.com\\.\\t3600\\tIN\\tA\\t127\\.0\\.0\\.1$'] }",
      true,
    ],
    ["validate_authority_rrs: { fail_if_not_matches_regexp: ['ns.*\\.isp\\.net'] }", true],
    ["validate_authority_rrs: { fail_if_matches_regexp: ['ns2'] }", false],
    ["validate_authority_rrs: { fail_if_not_matches_regexp: ['ns2'] }", false],
    ["validate_authority_rrs: { fail_if_none_matches_regexp: ['ns2'] }", true],
    ["validate_authority_rrs: { fail_if_none_matches_regexp: ['ns3'] }", false],
    ["validate_authority_rrs: { fail_if_all_match_regexp: ['ns'] }", true],
    ["validate_authority_rrs: { fail_if_all_match_regexp: ['ns2'] }", false],
    ["validate_additional_rrs: { fail_if_not_matches_regexp: ['AAAA\\t2001:db8::1$'] }", true],
  ])('holds records against %s', async (options, expected) => {
    const server = await udpServer((query) => [answerTo(query, ZONE)]);
    const { probe } = await probeBed(`it: { prober: dns, dns: { query_name: example.com, ${options} } }`);
    const { isSuccess, log } = await probe(server.target);
    expect(isSuccess, log).toBe(expected);
  });

  it('wants records where patterns have to match, and takes the codes that are right', async () => {
    const server = await udpServer((query) => [answerTo(query, { rcode: 3 })]);
    const { probe } = await probeBed(`
it: { prober: dns, dns: { query_name: a.example, valid_rcodes: [NXDOMAIN] } }
match: { prober: dns, dns: { query_name: a.example, valid_rcodes: [NXDOMAIN], validate_answer_rrs: { fail_if_not_matches_regexp: [a] } } }`);
    expect((await probe(server.target)).isSuccess).toBe(true);
    expect((await probe(server.target, 'match')).log).toContain('no RRs were returned');
  });

  it('takes no answer to another query, and none that is broken', async () => {
    const server = await udpServer((query) => {
      const other = answerTo(query, ZONE);
      other.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff, 0);
      return [Buffer.of(1), other, answerTo(query, { rcode: 2 })];
    });
    const broken = await udpServer((query) => [answerTo(query, ZONE).subarray(0, 40)]);
    const circle = await udpServer((query) => {
      const answer = answerTo(query, { answer: [record(5, Buffer.of(0xc0, 41))] });
      return [answer];
    });
    const { probe } = await probeBed('it: { prober: dns, dns: { query_name: example.com, valid_rcodes: [SERVFAIL] } }');
    expect((await probe(server.target)).isSuccess).toBe(true);
    expect((await probe(broken.target)).log).toContain('no message of DNS');
    expect((await probe(circle.target)).metrics.probe_dns_answer_rrs).toBe(1);
  });

  it('fails where nobody answers', async () => {
    const { probe } = await probeBed('it: { prober: dns, timeout: 2s, dns: { query_name: example.com } }');
    const { isSuccess, metrics } = await probe('127.0.0.1:1');
    expect(isSuccess).toBe(false);
    expect(metrics.probe_dns_query_succeeded).toBe(0);
  });
});
