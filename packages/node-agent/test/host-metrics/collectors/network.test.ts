import { compileRegex } from '@vigie/core/regex';
import { describe, expect, it } from 'vitest';
import { parseArp } from '../../../src/host-metrics/collectors/arp.ts';
import { collectBonding } from '../../../src/host-metrics/collectors/bonding.ts';
import { parseConntrack } from '../../../src/host-metrics/collectors/conntrack.ts';
import { NetdevCollector, parseNetdev } from '../../../src/host-metrics/collectors/netdev.ts';
import { parseNetstat } from '../../../src/host-metrics/collectors/netstat.ts';
import { parseSoftnet } from '../../../src/host-metrics/collectors/softnet.ts';
import { parseUdpQueues } from '../../../src/host-metrics/collectors/udp-queues.ts';
import type { Family } from '../../../src/host-metrics/family.ts';
import { recordedHost, recordedText } from '../recorded-host.ts';

const valuesOf = (families: readonly Family[] = []) =>
  Object.fromEntries(families.map(({ name, samples }) => [name, samples.map(({ value }) => value)]));

describe('network devices', () => {
  it('are those of the host, not those of the pod', async () => {
    const netdev = new NetdevCollector(compileRegex('^lo$'));
    const families = await netdev.collect(recordedHost('vm'));
    expect(new Set(families.flatMap(({ samples }) => samples.flatMap(({ labels }) => labels[0]?.[1])))).toEqual(
      new Set(['eth0']),
    );
  });

  it('may have a colon in their name', async () => {
    const [, second = ''] = (await recordedText('vm/proc/1/net/dev')).split('\n');
    const text = `Inter-|\n${second}\neth0:1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n`;
    expect(parseNetdev(text).get('eth0:1')?.get('transmit_colls')).toBe(14);
  });

  it('that are bonded tell how many of them are up', async () => {
    expect(valuesOf(await collectBonding(recordedHost('metal')))).toEqual({
      node_bonding_slaves: [2],
      node_bonding_active: [1],
    });
  });
});

describe('tracked connections', () => {
  it('are counted in hexadecimal, by CPU', () => {
    const text =
      'entries  clashres found new invalid ignore insert insert_failed drop early_drop search_restart\n' +
      '0000001f 00000000 00000002 0 00000003 0000000a 0 00000001 0 0 0000000b\n' +
      '0000001f 00000000 00000001 0 00000004 00000005 0 00000000 0 0 00000001\n';
    expect(valuesOf(parseConntrack(text))).toMatchObject({
      node_nf_conntrack_entries: [31],
      node_nf_conntrack_stat_found: [3],
      node_nf_conntrack_stat_invalid: [7],
      node_nf_conntrack_stat_ignore: [15],
      node_nf_conntrack_stat_search_restart: [12],
    });
  });
});

describe('statistics of protocols', () => {
  it('whose lines do not belong together are refused', () => {
    expect(() => parseNetstat('Tcp: a b\nTcp: 1\n', '/proc/net/snmp')).toThrow(
      '/proc/net/snmp Tcp:: expected 2 values',
    );
  });
});

describe('packets that CPUs work on', () => {
  it('are those of the CPU that its row names, where CPUs are switched off', async () => {
    const [, second = ''] = (await recordedText('vm/proc/1/net/softnet_stat')).split('\n');
    const [processed] = parseSoftnet(`${second.replace('00000001 00000000 00000000', '0000000b 00000000 00000000')}\n`);
    expect(processed?.samples).toEqual([{ labels: [['cpu', '11']], value: 0x5c527b }]);
  });

  it('are numbered by the rows of a kernel that does not name them, and what it does not count is 0', () => {
    const families = parseSoftnet('0000000a 00000001 00000002\n0000000b 00000000 00000000\n');
    expect(families[0]?.samples.map(({ labels }) => labels[0]?.[1])).toEqual(['0', '1']);
    expect(valuesOf(families)).toMatchObject({
      node_softnet_processed_total: [10, 11],
      node_softnet_dropped_total: [1, 0],
      node_softnet_backlog_len: [0, 0],
    });
  });
});

it('counts neighbours by device, also where there are none', async () => {
  const [arp] = parseArp(await recordedText('vm/proc/1/net/arp'));
  expect(arp?.samples).toEqual([
    { labels: [['device', 'eth0']], value: 2 },
    { labels: [['device', 'cni0']], value: 1 },
  ]);
  expect(
    parseArp('IP address       HW type     Flags       HW address            Mask     Device\n')[0]?.samples,
  ).toEqual([]);
});

it('adds up what waits in the queues of UDP sockets', async () => {
  const samples = parseUdpQueues(await recordedText('vm/proc/1/net/udp'), 'v4');
  expect(samples.map(({ value }) => value)).toEqual([0x10, 0x101]);
});
