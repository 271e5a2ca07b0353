import { FakeClock } from '@vigie/core/fake-clock';
import { beforeEach, describe, expect, it } from 'vitest';
import { documentShape, NO_OPENING, type RecordFacts } from '../../src/encode/document.ts';
import { idPrefix } from '../../src/lane/id-prefix.ts';
import { RecordShapes } from '../../src/lane/record-shapes.ts';
import { factsOf } from '../sinks/facts.ts';
import { containerLog, generationOf } from '../tail/generations.ts';

describe('shapes of records', () => {
  let clock: FakeClock;
  let made: RecordFacts[];
  let shapes: RecordShapes;
  beforeEach(() => {
    clock = new FakeClock();
    made = [];
    shapes = new RecordShapes({
      clock,
      sink: {
        shape: (facts) => {
          made.push(facts);
          return documentShape(facts, NO_OPENING, undefined);
        },
      },
      facts: () => factsOf(),
    });
  });
  const log = containerLog();
  const a = generationOf(log, 'a');

  it('are made once for a generation, and anew when other facts are known or the day is another', () => {
    const first = shapes.of(a, 0, '2026-11-21');
    expect(shapes.of(a, 0, '2026-11-21')).toBe(first);
    expect(shapes.of(a, 1, '2026-11-21')).not.toBe(first);
    expect(shapes.of(a, 0, '2026-11-22')).not.toBe(first);
    expect(shapes.of(generationOf(log, 'b', { id: 2 }), 0, '2026-11-21')).not.toBe(first);
    expect(made).toHaveLength(4);
  });

  it('are bounded in number: the one made first goes', () => {
    const first = shapes.of(a, 0, undefined);
    for (let id = 2; id <= 512; id++) shapes.of(generationOf(log, 'a', { id }), 0, undefined);
    expect(shapes.of(a, 0, undefined)).toBe(first);
    shapes.of(generationOf(log, 'a', { id: 513 }), 0, undefined);
    expect(shapes.of(a, 0, undefined)).not.toBe(first);
  });

  it('are let go of when none was asked for in a while', async () => {
    const first = shapes.of(a, 0, undefined);
    await clock.advance(4_999);
    shapes.letGoIfIdle();
    expect(shapes.of(a, 0, undefined)).toBe(first);
    await clock.advance(5_000);
    shapes.letGoIfIdle();
    expect(shapes.of(a, 0, undefined)).not.toBe(first);
  });
});

describe('the prefix of document ids', () => {
  const pod = {
    namespace: 'shop',
    podName: 'web-0',
    podUid: '1b4e28ba-2fa1-11d2-883f-0016d3cca427',
    containerName: 'app',
    restartCount: 0,
  };
  const node = { nodeName: 'node-1', podUid: undefined };
  const head = { length: 10, hash: 'first line', prefix: Buffer.alloc(0) };

  it('is the same wherever the file of a container stands, and 22 characters that any URL takes', () => {
    const prefix = idPrefix(node, { log: { key: '/a/0.log', pod }, head });
    expect(prefix).toMatch(/^[\w-]{22}$/);
    expect(idPrefix({ nodeName: undefined, podUid: undefined }, { log: { key: '/b/0.log.20261121', pod }, head })).toBe(
      prefix,
    );
  });

  it('differs between restarts, containers, and files with another first line', () => {
    const prefixes = [
      idPrefix(node, { log: { key: '/a', pod }, head }),
      idPrefix(node, { log: { key: '/a', pod: { ...pod, restartCount: 1 } }, head }),
      idPrefix(node, { log: { key: '/a', pod: { ...pod, containerName: 'b' } }, head }),
      idPrefix(node, { log: { key: '/a', pod }, head: { ...head, hash: 'another' } }),
    ];
    expect(new Set(prefixes).size).toBe(4);
  });

  it('of a file that belongs to no pod is told by node and path', () => {
    const of = (nodeName: string, key: string): string =>
      idPrefix({ nodeName, podUid: undefined }, { log: { key, pod: undefined }, head });
    expect(new Set([of('n1', '/a'), of('n2', '/a'), of('n1', '/b'), of('n1', '/a')]).size).toBe(3);
  });

  it('of a file in a volume of one pod is told by pod and path, whatever the node', () => {
    const of = (nodeName: string, podUid: string): string =>
      idPrefix({ nodeName, podUid }, { log: { key: '/var/log/app.log', pod: undefined }, head });
    expect(new Set([of('n1', 'a'), of('n1', 'b'), of('n2', 'a')]).size).toBe(2);
  });
});
