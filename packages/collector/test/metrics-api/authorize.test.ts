import { describe, expect, it } from 'vitest';
import { questionKey } from '../../src/metrics-api/authorize.ts';

const KIM = { name: 'kim', uid: '', groups: ['devs'], extra: {} };
const at = (path: string) => ({ kind: 'path', path, verb: 'get' }) as const;

describe('what a decision is kept by', () => {
  it('is short, however long a path is asked for: thousands are kept, of people whom nobody knows too', () => {
    expect(questionKey(KIM, at(`/${'a'.repeat(16_000)}`))).toHaveLength(44);
  });

  it('is equal for the same question of the same user alone', () => {
    const key = questionKey(KIM, at('/apis'));
    expect(questionKey({ ...KIM }, at('/apis'))).toBe(key);
    const others = [
      questionKey(KIM, at('/apis/')),
      questionKey({ ...KIM, name: 'lee' }, at('/apis')),
      questionKey({ ...KIM, uid: '1' }, at('/apis')),
      questionKey({ ...KIM, groups: ['ops'] }, at('/apis')),
      questionKey({ ...KIM, extra: { scopes: ['a'] } }, at('/apis')),
    ];
    expect(new Set([key, ...others]).size).toBe(6);
  });
});
