/** Documents in the forms in which lines are recorded. */
import { describe, expect, it } from 'vitest';
import { lineOfDocument } from '../../../src/scenario/recorded/recorded-line.ts';

const TIME = '2026-11-21T03:10:00.123456789Z';
const timeMs = Date.parse('2026-11-21T03:10:00.123Z');

function lineOf(document: unknown, fields: Readonly<Record<string, string>> = {}) {
  const line = lineOfDocument(document, fields);
  return line && { ...line, labels: line.labels.toJSON() };
}

describe('a recorded line', () => {
  it.each([
    [
      'ecs',
      {
        '@timestamp': TIME,
        message: 'm',
        stream: 'stderr',
        kubernetes: {
          namespace: 'shop',
          pod: { name: 'web-1', uid: 'u' },
          container: { name: 'web' },
          labels: { app: 'a' },
        },
        log: { file: { path: '/p' }, offset: 7, flags: ['partial'], level: 'error' },
        http: { status: 500, ok: false, nothing: null },
      },
      { log_file_path: '/p', log_level: 'error', http_status: '500', http_ok: 'false', kubernetes_labels_app: 'a' },
    ],
    [
      'flat',
      {
        '@timestamp': TIME,
        message: 'm',
        stream: 'stderr',
        'kubernetes.namespace': 'shop',
        'kubernetes.pod.name': 'web-1',
        'kubernetes.pod.uid': 'u',
        'kubernetes.container.name': 'web',
        'log.offset': 7,
      },
      {},
    ],
    [
      'otel',
      {
        '@timestamp': TIME,
        'log.iostream': 'stderr',
        body: 'm',
        'k8s.namespace.name': 'shop',
        'k8s.pod.name': 'web-1',
        'k8s.pod.uid': 'u',
        'k8s.container.name': 'web',
      },
      {},
    ],
    [
      'a hit of Elasticsearch',
      {
        _index: 'logs',
        _source: {
          '@timestamp': TIME,
          message: 'm',
          stream: 'stderr',
          kubernetes: { namespace: 'shop', pod: { name: 'web-1', uid: 'u' }, container: { name: 'web' } },
        },
      },
      {},
    ],
    [
      'logcli',
      {
        labels: { namespace: 'shop', pod: 'web-1', pod_uid: 'u', container: 'web', stream: 'stderr' },
        line: 'm',
        timestamp: TIME,
      },
      {},
    ],
    [
      'a tap',
      {
        time: TIME,
        stream: 'stderr',
        namespace: 'shop',
        pod: 'web-1',
        container: 'web',
        message: 'm',
        members: '"pod_uid":"u","log.level":"warn"',
      },
      { log_level: 'warn' },
    ],
  ])('of %s has its time, text and labels', (_, document, more) => {
    expect(lineOf(document)).toEqual({
      timeMs,
      message: 'm',
      labels: { namespace: 'shop', pod: 'web-1', pod_uid: 'u', container: 'web', stream: 'stderr', ...more },
    });
  });

  it('has what is said beside it in place of its own, and lacks what is empty', () => {
    const document = { '@timestamp': TIME, message: 'm', stream: 'stdout', level: 'info' };
    expect(lineOf(document, { stream: '', level: 'error', namespace: 'shop' })?.labels).toEqual({
      level: 'error',
      namespace: 'shop',
    });
  });

  it.each([
    ['no time', { message: 'm' }],
    ['a time that is none', { '@timestamp': 'now', message: 'm' }],
    ['a time beyond all numbers', { '@timestamp': Number.POSITIVE_INFINITY, message: 'm' }],
    ['no text', { '@timestamp': TIME }],
    ['a text that is none', { '@timestamp': TIME, message: { a: 1 } }],
    ['nothing', null],
    ['a list', [TIME, 'm']],
  ])('is none with %s', (_, document) => {
    expect(lineOf(document)).toBeUndefined();
  });

  it('is read however deep its objects are', () => {
    let document: object = { message: 'm', '@timestamp': TIME };
    for (let depth = 0; depth < 20_000; depth++) document = { a: document };
    expect(lineOf({ message: 'm', '@timestamp': TIME, b: document, c: 'd' })?.labels).toEqual({ c: 'd' });
  });
});
