import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { FLAG_HIDE_MESSAGE, FLAG_STDERR } from '../../../src/kernel/layout.ts';
import { Condition } from '../../../src/transforms/conditions/condition.ts';
import { conditionSchema } from '../../../src/transforms/conditions/condition-schema.ts';
import { twinKernel } from '../../kernel/kernels.ts';
import { factsOf } from '../../sinks/facts.ts';
import { contextOf } from '../context.ts';
import { batchOf, setExtra } from '../harness.ts';

function condition(config: unknown): Condition {
  return new Condition(v.parse(conditionSchema, config));
}

const kernel = twinKernel();

/** A record on stderr: message `GET /cart 503`, members level, status, code and more. */
function holds(config: unknown): boolean {
  const batch = batchOf(kernel, ['GET /cart 503']);
  batch.table.setFlags(0, FLAG_STDERR);
  setExtra(
    batch,
    0,
    '"level":"error","status":503,"code":"503","slow":true,"none":null,"tags":["a","b"],"http":{"verb":"GET"},"text":"a\\nb","v":"10"',
  );
  const compiled = condition(config);
  const verdict = compiled.begin(contextOf({ facts: factsOf() }));
  return verdict ?? compiled.test(batch, 0);
}

describe('Condition', () => {
  const holding: unknown[] = [
    { message: 'GET /cart 503' },
    { message: { re: '^GET .* 5\\d\\d$' } },
    { stream: 'stderr' },
    { stream: ['stdout', 'stderr'] },
    { 'kubernetes.namespace': 'shop' },
    { 'kubernetes.labels.app.kubernetes.io/name': 'web' },
    { 'kubernetes.labels.app_kubernetes_io/name': 'web' },
    { 'kubernetes.pod.name': { re: '^web-' } },
    { 'log.file.path': { re: '/0.log$' } },
    { '@timestamp': { gte: '2026-11-21', lt: '2026-11-22' } },
    { 'log.offset': 0 },
    { level: 'error' },
    { level: ['warn', 'error'] },
    { level: { in: ['warn', 'error'] } },
    { level: { not: 'info' } },
    { level: { not: { re: '^i' } } },
    { 'http.verb': 'GET' },
    { status: 503 },
    { status: '503' },
    { code: 503 },
    { status: { gte: 500, lt: 600 } },
    { code: { gt: 500 } },
    { v: { gt: 9 } },
    { v: { lt: '9' } },
    { slow: true },
    { slow: 'true' },
    { tags: 'b' },
    { tags: { re: '^b$' } },
    { text: 'a\nb' },
    { text: { re: 'a\\nb' } },
    { none: { exists: true } },
    { missing: { exists: false } },
    { missing: { not: 'x' } },
    { level: 'error', status: 503 },
    { any: [{ level: 'info' }, { status: 503 }] },
    { any: [{ stream: 'stdout' }, { status: 503 }] },
    { all: [{ level: 'error' }, { not: { status: 404 } }], 'kubernetes.namespace': 'shop' },
    { not: { all: [{ level: 'error' }, { stream: 'stdout' }] } },
  ];
  it.each(holding)('holds: %j', (config) => {
    expect(holds(config)).toBe(true);
  });

  const failing: unknown[] = [
    { message: 'GET' },
    { stream: 'stdout' },
    { 'kubernetes.namespace': 'web' },
    { 'kubernetes.deployment.name': { exists: true } },
    { level: 'erro' },
    { level: ['warn'] },
    { level: { not: ['error', 'warn'] } },
    { level: { gt: 5 } },
    { status: { gt: 503 } },
    { status: { lt: 'a' } },
    { slow: { gt: 0 } },
    { tags: 'c' },
    { none: 'null' },
    { missing: '' },
    { missing: { re: '' } },
    { level: 'error', status: 404 },
    { any: [{ level: 'info' }, { stream: 'stdout' }] },
    { all: [{ level: 'error' }, { stream: 'stdout' }] },
    { not: { level: 'error' } },
  ];
  it.each(failing)('does not hold: %j', (config) => {
    expect(holds(config)).toBe(false);
  });

  it('says of a document what it says of the record', () => {
    const document: Record<string, unknown> = { message: 'x', stream: 'stderr', level: 'error' };
    const at = (path: string) => document[path] as string | undefined;
    expect(condition({ level: 'error', not: { stream: 'stdout' } }).holdsFor(at)).toBe(true);
    expect(condition({ any: [{ level: 'info' }, { missing: { exists: true } }] }).holdsFor(at)).toBe(false);
  });

  it('decides for a whole batch what its container and the streams decide', () => {
    const context = contextOf({ facts: factsOf({ namespace: 'shop' }) });
    expect(condition({ 'kubernetes.namespace': 'shop' }).begin(context)).toBe(true);
    expect(condition({ 'kubernetes.namespace': 'web', level: 'error' }).begin(context)).toBe(false);
    expect(condition({ any: [{ 'kubernetes.namespace': 'shop' }, { level: 'error' }] }).begin(context)).toBe(true);
    expect(condition({ stream: ['stdout', 'stderr'] }).begin(context)).toBe(true);
    expect(condition({ 'kubernetes.namespace': 'shop', level: 'error' }).begin(context)).toBeUndefined();
  });

  it('follows the facts from one batch to the next', () => {
    const compiled = condition({ any: [{ 'kubernetes.namespace': 'shop' }, { level: 'error' }] });
    const batch = batchOf(kernel, ['x']);
    expect(compiled.begin(contextOf({ facts: factsOf({ namespace: 'shop' }) }))).toBe(true);
    expect(compiled.begin(contextOf({ facts: factsOf({ namespace: 'other' }) }))).toBeUndefined();
    expect(compiled.test(batch, 0)).toBe(false);
  });

  it('looks for a hidden message among the members that took its place', () => {
    const batch = batchOf(kernel, ['{"message":"inner"}']);
    batch.table.setFlags(0, FLAG_HIDE_MESSAGE);
    setExtra(batch, 0, '"message":"inner"');
    const compiled = condition({ message: 'inner' });
    expect(compiled.begin(contextOf())).toBeUndefined();
    expect(compiled.test(batch, 0)).toBe(true);
  });
});

describe('conditionSchema', () => {
  const bad: [unknown, string][] = [
    [{}, 'a condition'],
    [[], 'a condition'],
    ['level == error', 'a condition'],
    [{ level: null }, ''],
    [{ level: [] }, 'at least one value'],
    [{ level: {} }, 'at least one operator'],
    [{ level: { re: '(?=x)' } }, 'RE2'],
    [{ level: { equals: 1 } }, 're, not, in'],
    [{ any: [] }, 'at least one condition'],
    [{ all: [{ level: { re: '(' } }] }, 'RE2'],
  ];
  it.each(bad)('refuses %j', (config, message) => {
    const result = v.safeParse(conditionSchema, config);
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.issues)).toContain(message);
  });
});
