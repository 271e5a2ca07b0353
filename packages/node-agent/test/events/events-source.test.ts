import { describe, expect, test } from 'vitest';
import { EventsBed } from './events-bed.ts';

function positions(bed: EventsBed): unknown {
  const annotations = bed.lease?.metadata.annotations as Readonly<Record<string, string>> | undefined;
  return JSON.parse(annotations?.['vigie.io/events-read'] ?? 'null');
}

describe('kubernetes_events', () => {
  test('an event becomes a record with the facts of its pod', async () => {
    const bed = await EventsBed.start();
    bed.event('web.1', 'Back-off restarting failed container');
    const { source, outlet, accepted } = await bed.startSource('agent-a');
    await bed.until(() => outlet.groups.length === 1);
    const [group] = outlet.groups;
    expect(group?.facts).toMatchObject({
      namespace: 'shop',
      podName: 'web-0',
      podUid: 'pod-uid',
      containerName: 'web',
      nodeName: 'node-7',
      clusterName: 'paris',
      path: undefined,
      idPrefix: expect.stringMatching(/^[\w-]{22}$/),
    });
    const [record] = group?.records ?? [];
    expect(record).toMatchObject({ time: '2026-11-21T11:30:00Z', severity: 13, sequence: 1001 });
    expect(outlet.messages).toEqual(['Back-off restarting failed container']);
    expect(JSON.parse(`{${record?.members}}`)).toEqual({
      'log.level': 'warn',
      'event.kind': 'event',
      'event.id': 'uid-1',
      'event.reason': 'BackOff',
      'event.created': '2026-11-21T11:00:00Z',
      'event.count': 1,
      'involved_object.api_version': 'v1',
      'involved_object.kind': 'Pod',
      'involved_object.namespace': 'shop',
      'involved_object.name': 'web-0',
      'involved_object.uid': 'pod-uid',
      'involved_object.field_path': 'spec.containers{web}',
      'reporting.component': 'kubelet',
    });
    await source.close();
    expect(accepted()).toBe(1);
  });

  test('of the newer API: time and count of the series; of a node no pod', async () => {
    const bed = await EventsBed.start();
    bed.event('node.1', 'Node is ready', {
      type: 'Normal',
      involvedObject: { kind: 'Node', name: 'node-3', uid: 'node-3' },
      eventTime: '2026-11-21T11:00:00.000001Z',
      series: { count: 9, lastObservedTime: '2026-11-21T11:45:00.000002Z' },
      source: {},
      reportingComponent: 'node-controller',
    });
    const { source, outlet } = await bed.startSource('agent-a');
    await bed.until(() => outlet.groups.length === 1);
    const [group] = outlet.groups;
    expect(group?.facts).toMatchObject({ podName: undefined, podUid: undefined, nodeName: 'node-3' });
    expect(group?.records[0]).toMatchObject({ time: '2026-11-21T11:45:00.000002Z', severity: 9 });
    expect(JSON.parse(`{${group?.records[0]?.members}}`)).toMatchObject({
      'log.level': 'info',
      'event.count': 9,
      'reporting.component': 'node-controller',
    });
    await source.close();
  });

  test('an event that is counted once more is another record, with another id', async () => {
    const bed = await EventsBed.start();
    const { source, outlet } = await bed.startSource('agent-a');
    await bed.until(() => bed.api.watching === 1);
    bed.event('web.1', 'Back-off', { count: 1 });
    bed.event('web.1', 'Back-off', { count: 2 });
    bed.api.remove('events', 'shop', 'web.1');
    bed.event('web.2', 'the next');
    await bed.until(() => outlet.messages.includes('the next'));
    expect(outlet.messages).toEqual(['Back-off', 'Back-off', 'the next']);
    expect(new Set(outlet.ids).size).toBe(3);
    await source.close();
  });

  test('read_from end begins with what happens from now on', async () => {
    const bed = await EventsBed.start();
    bed.event('web.1', 'before');
    const { source, outlet } = await bed.startSource('agent-a', { read_from: 'end' });
    await bed.until(() => bed.api.watching === 1);
    bed.event('web.2', 'after');
    await bed.until(() => outlet.groups.length === 1);
    expect(outlet.messages).toEqual(['after']);
    await source.close();
  });

  test('of several agents one reads; another goes on where it ended, with nothing twice and nothing missed', async () => {
    const bed = await EventsBed.start();
    bed.event('web.1', 'one');
    const first = await bed.startSource('agent-a');
    await bed.until(() => first.outlet.groups.length === 1);
    const second = await bed.startSource('agent-b');
    await bed.until(() => bed.clock.monotonicMs() > 30_000, 500);
    bed.event('web.2', 'two');
    await bed.until(() => first.outlet.groups.length === 2);
    expect(second.outlet.messages).toEqual([]);
    await first.source.close();
    expect(positions(bed)).toEqual({ '*': expect.stringMatching(/^10\d\d$/) });
    bed.event('web.3', 'nobody reads');
    await bed.until(() => second.outlet.groups.length === 1);
    bed.event('web.4', 'four');
    await bed.until(() => second.outlet.groups.length === 2);
    expect(first.outlet.messages).toEqual(['one', 'two']);
    expect(second.outlet.messages).toEqual(['nobody reads', 'four']);
    await second.source.close();
  });

  test('a leader that is gone without a word is followed within its lease, from the last renewal on', async () => {
    const bed = await EventsBed.start();
    bed.event('web.1', 'one');
    // As a process that was killed leaves it: held, and read up to here.
    const metadata = {
      name: 'vigie-events',
      namespace: 'logs',
      annotations: { 'vigie.io/events-read': JSON.stringify({ '*': String(bed.api.store.version) }) },
    };
    bed.api.put('leases', {
      metadata,
      spec: { holderIdentity: 'agent-a_cluster', leaseDurationSeconds: 15, leaseTransitions: 0 },
    });
    bed.event('web.2', 'two');
    const { source, outlet } = await bed.startSource('agent-b');
    await bed.until(() => outlet.groups.length === 1, 500);
    expect(bed.clock.monotonicMs()).toBeGreaterThanOrEqual(15_000);
    expect(outlet.messages).toEqual(['two']);
    await source.close();
  });

  test('the same event has the same id for whoever reads it', async () => {
    const bed = await EventsBed.start();
    bed.event('web.1', 'one');
    const first = await bed.startSource('agent-a');
    await bed.until(() => first.outlet.groups.length === 1);
    await first.source.close();
    bed.api.remove('leases', 'logs', 'vigie-events');
    const second = await bed.startSource('agent-b');
    await bed.until(() => second.outlet.groups.length === 1);
    expect(second.outlet.ids).toEqual(first.outlet.ids);
    await second.source.close();
  });

  test('where the server has forgotten what changed, what is new in a list is sent, in the order of its versions', async () => {
    const bed = await EventsBed.start();
    bed.event('web.9', 'old');
    const { source, outlet } = await bed.startSource('agent-a');
    await bed.until(() => bed.api.watching === 1 && outlet.groups.length === 1);
    await source.close();
    bed.event('web.5', 'missed first');
    bed.event('web.4', 'missed second');
    bed.api.compact();
    const lists = bed.api.count('list');
    const next = await bed.startSource('agent-a');
    await bed.until(() => next.outlet.groups.length === 2);
    expect(next.outlet.messages).toEqual(['missed first', 'missed second']);
    expect(bed.api.count('list')).toBe(lists + 1);
    bed.event('web.6', 'watched again');
    await bed.until(() => next.outlet.groups.length === 3);
    await next.source.close();
  });

  test('a server that was restored from a backup has its events sent, and is followed', async () => {
    const bed = await EventsBed.start();
    bed.event('web.1', 'one');
    const annotations = { 'vigie.io/events-read': '{"*":"99999"}' };
    bed.api.put('leases', { metadata: { name: 'vigie-events', namespace: 'logs', annotations }, spec: {} });
    const { source, outlet } = await bed.startSource('agent-a');
    bed.api.refuse({
      verb: 'watch',
      status: 504,
      reason: 'Timeout',
      message: 'Too large resource version: 99999',
      times: 1,
    });
    await bed.until(() => outlet.groups.length === 1);
    bed.event('web.2', 'two');
    await bed.until(() => outlet.groups.length === 2);
    expect(outlet.messages).toEqual(['one', 'two']);
    await source.close();
  });

  test('broken and refused watches are asked for again; what happened meanwhile comes once', async () => {
    const bed = await EventsBed.start();
    const { source, outlet } = await bed.startSource('agent-a');
    await bed.until(() => bed.api.watching === 1);
    bed.api.refuse({ verb: 'watch', status: 403, reason: 'Forbidden', message: 'events is forbidden', times: 3 });
    bed.event('web.1', 'one');
    await bed.until(() => outlet.groups.length === 1);
    bed.api.dropWatches();
    bed.event('web.2', 'two');
    await bed.until(() => source.problem?.includes('events is forbidden') === true);
    await bed.until(() => outlet.groups.length === 2, 1000);
    expect(outlet.messages).toEqual(['one', 'two']);
    expect(source.problem).toBeUndefined();
    await source.close();
  });

  test('a bookmark moves the position on where nothing happens', async () => {
    const bed = await EventsBed.start();
    const { source } = await bed.startSource('agent-a');
    await bed.until(() => bed.api.watching === 1);
    for (let version = 0; version < 50; version++) bed.api.store.advance();
    const { version } = bed.api.store;
    bed.api.bookmark();
    await bed.until(() => Number((positions(bed) as { '*': string } | null)?.['*']) >= version, 500);
    await source.close();
  });

  test('the position waits for the sinks', async () => {
    const bed = await EventsBed.start();
    bed.event('web.1', 'one');
    const { source, outlet } = await bed.startSource('agent-a');
    await bed.until(() => bed.api.watching === 1);
    outlet.hold();
    bed.event('web.2', 'two');
    const before = bed.api.store.version - 1;
    await bed.until(() => outlet.groups.length === 2);
    await bed.until(() => positions(bed) !== null, 500);
    bed.api.bookmark();
    const updates = bed.api.count('update');
    await bed.until(() => bed.api.count('update') > updates + 2, 500);
    expect(Number((positions(bed) as { '*': string })['*'])).toBeLessThanOrEqual(before);
    outlet.release(true);
    await bed.until(() => Number((positions(bed) as { '*': string })['*']) > before, 500);
    await source.close();
  });

  test('what the lanes give up is read again for those that replace them', async () => {
    const bed = await EventsBed.start();
    const { source, outlet } = await bed.startSource('agent-a');
    await bed.until(() => bed.api.watching === 1);
    bed.event('web.1', 'one');
    await bed.until(() => outlet.groups.length === 1);
    outlet.hold();
    bed.event('web.2', 'two');
    bed.event('web.3', 'three');
    await bed.until(() => outlet.groups.length === 3);
    outlet.release(false);
    await bed.until(() => bed.api.watching === 0);
    const { outlet: replacing } = await bed.startSource('agent-z');
    source.connect([replacing]);
    await bed.until(() => replacing.groups.length === 2);
    expect(replacing.messages).toEqual(['two', 'three']);
    await source.close();
  });

  test('while many wait for the sinks the server is not listened to, and nothing is missed', async () => {
    const bed = await EventsBed.start();
    const { source, outlet, accepted } = await bed.startSource('agent-a');
    await bed.until(() => bed.api.watching === 1);
    outlet.hold();
    for (let number = 0; number < 5000; number++) bed.event(`web.${number}`, String(number));
    await bed.until(() => outlet.groups.length >= 2000 && bed.api.watching === 0);
    expect(outlet.groups.length).toBeLessThan(2100);
    outlet.release(true);
    await bed.until(() => outlet.groups.length === 5000);
    expect(outlet.messages).toEqual(Array.from({ length: 5000 }, (_, number) => String(number)));
    await source.close();
    expect(accepted()).toBe(5000);
  });

  test('of some namespaces each has its own position', async () => {
    const bed = await EventsBed.start();
    bed.event('web.1', 'of the shop');
    bed.event('db.1', 'of data', { metadata: { name: 'db.1', namespace: 'data' } });
    bed.event('x.1', 'of others', { metadata: { name: 'x.1', namespace: 'others' } });
    const { source, outlet } = await bed.startSource('agent-a', { namespaces: ['shop', 'data'] });
    await bed.until(() => bed.api.watching === 2);
    expect(outlet.messages.sort()).toEqual(['of data', 'of the shop']);
    await source.close();
    expect(positions(bed)).toEqual({ shop: expect.any(String), data: expect.any(String) });
    const next = await bed.startSource('agent-a', { namespaces: ['shop', 'data'] });
    bed.event('db.2', 'the next', { metadata: { name: 'db.2', namespace: 'data' } });
    await bed.until(() => next.outlet.groups.length === 1);
    expect(next.outlet.messages).toEqual(['the next']);
    await next.source.close();
  });

  test('once: done when what there is has arrived, or when it is for another agent to read', async () => {
    const bed = await EventsBed.start();
    bed.event('web.1', 'one');
    const first = await bed.startSource('agent-a', {}, { once: true });
    expect(first.source.isDone).toBe(false);
    await bed.until(() => first.source.isDone);
    expect(first.outlet.messages).toEqual(['one']);
    const second = await bed.startSource('agent-b', {}, { once: true });
    await bed.until(() => second.source.isDone);
    expect(second.outlet.messages).toEqual([]);
    await first.source.close();
    await second.source.close();
  });

  test('a lease that nobody may hold is a problem to read of', async () => {
    const bed = await EventsBed.start();
    bed.api.refuse({ verb: 'create', status: 403, reason: 'Forbidden', message: 'leases is forbidden' });
    const { source } = await bed.startSource('agent-a', { lease: { namespace: 'ops', name: 'events' } });
    expect(source.problem).toBeUndefined();
    await bed.until(() => source.problem !== undefined, 1000);
    expect(source.problem).toBe('nobody holds the lease ops/events');
    expect(bed.logged.join('')).toContain('leases is forbidden');
    await source.close();
  });
});
