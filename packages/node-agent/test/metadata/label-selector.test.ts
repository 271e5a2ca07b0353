import { describe, expect, test } from 'vitest';
import { type Labels, parseLabelSelector } from '../../src/metadata/label-selector.ts';

function selects(selector: string, labels: Labels): boolean {
  const parsed = parseLabelSelector(selector);
  if (parsed.status === 'invalid') throw new Error(parsed.reason);
  return parsed.selects(labels);
}

const WEB = { app: 'web', tier: 'gold', 'app.kubernetes.io/name': 'shop', empty: '' };

describe('a label selector', () => {
  test.each([
    ['', true],
    ['app=web', true],
    ['app==web', true],
    ['app = web', true],
    ['app=api', false],
    ['app!=api', true],
    ['app!=web', false],
    ['missing!=x', true],
    ['tier in (gold, silver)', true],
    ['tier in (silver)', false],
    ['tier notin (gold)', false],
    ['missing notin (gold)', true],
    ['missing in (gold)', false],
    ['app', true],
    ['missing', false],
    ['!missing', true],
    ['!app', false],
    ['app.kubernetes.io/name=shop', true],
    ['app=web,tier in (gold,silver),!canary', true],
    ['app=web,tier in (bronze,silver),!canary', false],
    ['empty=', true],
    ['empty in ()', true],
    [' app=web , tier=gold ', true],
  ])('%s: %s', (selector, expected) => {
    expect(selects(selector, WEB)).toBe(expected);
  });

  test('takes no notice of what every object has', () => {
    expect(selects('constructor', {})).toBe(false);
    expect(selects('!constructor', {})).toBe(true);
  });

  test.each([
    '=web',
    'app=web,',
    'app in gold',
    'app in (gold',
    'app >= 3',
    'app=a b',
    'a/b/c=d',
    'app=web;tier=gold',
  ])('refuses %s, and says where', (selector) => {
    expect(parseLabelSelector(selector)).toMatchObject({
      status: 'invalid',
      reason: expect.stringContaining('where "'),
    });
  });

  test.each([
    `${'a'.repeat(50_000)}=!`,
    `a in (${'('.repeat(50_000)}`,
    `a${','.repeat(2_000)}`,
  ])('refuses what is long and wrong without trying every way to read it', (selector) => {
    expect(parseLabelSelector(selector).status).toBe('invalid');
  });
});
