/** The texts are what a real Loki 3.7 answered, cut to two entries. */
import { describe, expect, test } from 'vitest';
import { refusedEntries, type SentEntry } from '../../../src/sinks/loki/refusal.ts';

const at = (time: string): number => Date.parse(time) / 1000;
const entry = (time: string, lineBytes = 10, labels = '{app="web"}'): SentEntry => ({
  seconds: at(time),
  lineBytes,
  labels,
});

const BEHIND =
  "entry with timestamp 2026-11-21 07:03:23.824 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: " +
  "2026-11-21T07:03:23Z, oldest acceptable timestamp is: 2026-11-21T07:29:29Z',\n" +
  'user \'fake\', total ignored: 1 out of 2 for stream: {app="web", service_name="web"}';

describe('what Loki has refused', () => {
  test('is what is too long, in every stream', () => {
    const text =
      "max entry size '1024' bytes exceeded for stream '{app=\"web\"}' while adding an entry with length '2013' bytes";
    const entries = [
      entry('2026-11-21T10:00:00Z', 1024),
      entry('2026-11-21T10:00:00Z', 1025),
      entry('2026-11-21T10:00:00Z', 5000, '{app="api"}'),
    ];
    expect(refusedEntries(text, entries)).toEqual([1, 2]);
  });

  test('is what is too old or too new', () => {
    const old =
      '2 errors like: entry for stream \'{app="web"}\' has timestamp too old: 2026-11-10T00:00:00Z, oldest acceptable timestamp is: 2026-11-14T10:00:00Z';
    const entries = [
      '2026-11-14T09:59:59Z',
      '2026-11-14T10:00:00Z',
      '2026-11-14T10:00:01Z',
      '2026-12-01T00:00:00Z',
    ].map((time) => entry(time));
    expect(refusedEntries(old, entries)).toEqual([0, 1]);
    const both = `${old}; 1 errors like: entry for stream '{app="web"}' has timestamp too new: 2026-12-01T00:00:00Z`;
    expect(refusedEntries(both, entries)).toEqual([0, 1, 3]);
  });

  test('is what is too far behind; in its stream what is newer than all before it is beyond doubt, elsewhere nothing is', () => {
    const entries = [
      entry('2026-11-21T07:03:23Z'),
      entry('2026-11-21T07:29:29Z'),
      entry('2026-11-21T07:29:30Z'),
      entry('2026-11-21T12:00:00Z'),
      entry('2026-11-21T11:59:00Z'),
      entry('2026-11-21T12:00:00Z'),
      entry('2026-11-21T12:00:00Z', 10, '{app="api"}'),
    ];
    expect(refusedEntries(BEHIND, entries)).toEqual([0, 1, 4, 6]);
  });

  test('is the whole stream whose labels it does not take', () => {
    const entries = [
      entry('2026-11-21T10:00:00Z'),
      entry('2026-11-21T10:00:00Z', 10, '{app="api", zone="a"}'),
      entry('2026-11-21T10:00:00Z', 10, '{app="api", zone="b"}'),
    ];
    const metadata =
      'stream \'{app="api", service_name="api", zone="b"}\' includes structured metadata, but this feature is disallowed. Please see `limits_config.allow_structured_metadata` or contact your Loki administrator to enable it';
    expect(refusedEntries(metadata, entries)).toEqual([2]);
    const many = 'entry for stream \'{app="api", service_name="api", zone="a"}\' has 16 label names; limit 15';
    expect(refusedEntries(many, entries)).toEqual([1]);
  });

  test.each([
    "couldn't parse labels: 1:2: parse error",
    'something nobody has seen before',
    '',
    `${BEHIND}; 1 errors like: something new`,
    'entry too far behind, entry timestamp is: 2026-11-21T07:03:23Z, oldest acceptable timestamp is: 2026-11-21T07:29:29Z',
    "stream '{cut off",
  ])('is everything where the words are not understood: %s', (text) => {
    expect(refusedEntries(text, [entry('2026-11-21T10:00:00Z'), entry('2026-11-21T11:00:00Z')])).toEqual([0, 1]);
  });
});
