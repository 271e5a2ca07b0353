import { describe, expect, it } from 'vitest';
import { matchesSelector, parseLabelSelector } from '../../src/metrics-api/label-selector.ts';

const PODS = {
  web: { app: 'web', tier: 'front', weight: '10' },
  db: { app: 'db', tier: 'back', canary: '' },
  bare: {},
};

function picked(text: string): readonly string[] | undefined {
  const selector = parseLabelSelector(text);
  if (selector === undefined) return undefined;
  return Object.entries(PODS).flatMap(([name, labels]) => (matchesSelector(selector, labels) ? [name] : []));
}

describe('a selector', () => {
  it.each([
    ['', ['web', 'db', 'bare']],
    ['app=web', ['web']],
    ['app==web', ['web']],
    [' app = web , tier = front ', ['web']],
    ['app!=web', ['db', 'bare']],
    ['app in (web, db)', ['web', 'db']],
    ['tier notin (front)', ['db', 'bare']],
    ['canary', ['db']],
    ['!canary', ['web', 'bare']],
    ['canary=', ['db']],
    ['weight>5', ['web']],
    ['weight<5', []],
    ['app in (web),!canary,tier', ['web']],
    ['app.kubernetes.io/name=x', []],
  ])('%j picks %j', (text, expected) => {
    expect(picked(text)).toEqual(expected);
  });

  it.each(['app=web,', '=web', 'app in web', 'app in (web', 'app>x', 'a b', ',', 'app=a=b'])('is not %j', (text) => {
    expect(picked(text)).toBeUndefined();
  });

  it('has its conditions by key, and sets in order', () => {
    expect(parseLabelSelector('b in (y,x,y),a')?.requirements).toEqual([
      { key: 'a', operator: 'exists', values: [] },
      { key: 'b', operator: 'in', values: ['x', 'y'] },
    ]);
  });
});
