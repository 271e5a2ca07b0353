/** Reviews as a Kubernetes 1.36 API server sent them for pods of Deployments, a StatefulSet, Jobs and DaemonSets, for bare pods,
 *  and for a Deployment and a CronJob themselves: testdata/README.md. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readReview, reviewAnswer, reviewObject } from '../../src/webhook/admission-review.ts';
import { patchedObject, SETTINGS } from '../inject/patched.ts';

const TESTDATA = new URL('../../testdata/', import.meta.url);
const NAMES = readdirSync(new URL('reviews', TESTDATA))
  .map((file) => file.replace('.json', ''))
  .sort();

function reviewOf(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`reviews/${name}.json`, TESTDATA), 'utf8'));
}

const answerSchema = v.strictObject({
  apiVersion: v.literal('admission.k8s.io/v1'),
  kind: v.literal('AdmissionReview'),
  response: v.strictObject({
    uid: v.string(),
    allowed: v.literal(true),
    patchType: v.optional(v.literal('JSONPatch')),
    patch: v.optional(v.string()),
    warnings: v.optional(v.array(v.string()), []),
  }),
});

/** The way of a review through the webhook and back, and what the API server makes of the answer. */
function answered(body: unknown) {
  const request = readReview(body);
  if (request === undefined) throw new Error('no review');
  const review = reviewObject(request, SETTINGS);
  const answer: unknown = JSON.parse(JSON.stringify(reviewAnswer(request.uid, review)));
  const { response } = v.parse(answerSchema, answer);
  expect(response.uid).toBe(request.uid);
  expect(response.patch === undefined).toBe(response.patchType === undefined);
  const patch: unknown = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString() || '[]');
  const object = patchedObject(request.object, v.parse(v.array(v.looseObject({})), patch));
  return { outcome: review.outcome, warnings: response.warnings, request, object };
}

/** The object, and where its pods would be admitted, what the API server asks then. */
function again(body: unknown, object: unknown): unknown {
  const review = v.parse(v.looseObject({ request: v.looseObject({}) }), body);
  return { ...review, request: { ...review.request, object } };
}

it('is tested with every kind of pod', () => {
  expect(NAMES).toEqual([
    'by-hand',
    'checkout',
    'copied',
    'database',
    'imports',
    'invoices',
    'node-probe',
    'report-cron-job',
    'shop-api',
    'shop-api-deployment',
    'storage-driver',
    'toolbox',
    'web',
  ]);
});

describe.each(NAMES)('the review of %s', (name) => {
  const { outcome, warnings, request, object } = answered(reviewOf(name));

  it('makes of it what is expected', () => {
    const expected = new URL(`injected/${name}.yaml`, TESTDATA);
    expect(outcome.result === 'injected').toBe(existsSync(expected));
    const changed = outcome.result === 'injected' ? parse(readFileSync(expected, 'utf8')) : request.object;
    const { metadata, spec } = v.parse(v.looseObject({ metadata: v.looseObject({}), spec: v.unknown() }), object);
    const { metadata: before } = v.parse(v.looseObject({ metadata: v.looseObject({}) }), request.object);
    expect({ ...metadata, annotations: undefined }).toEqual({ ...before, annotations: undefined });
    if (outcome.result === 'injected') expect({ annotations: metadata.annotations, spec }).toEqual(changed);
    else expect(object).toEqual(changed);
  });

  it('changes nothing when it comes again', () => {
    const second = answered(again(reviewOf(name), object));
    expect(second.object).toEqual(object);
    if (outcome.result === 'injected') {
      expect(second.outcome).toEqual({ result: 'unchanged', reason: 'already_injected' });
    } else expect(second.outcome).toEqual(outcome);
  });

  it('has warnings that say what to do, where there is something to do', () => {
    const told = outcome.result === 'refused' || outcome.result === 'warned';
    expect(warnings.length > 0).toBe(told);
    for (const warning of warnings) expect(warning).toMatch(/^vigie: no log sidecar: /);
  });
});

it('tells each outcome', () => {
  expect(NAMES.map((name) => `${name}: ${Object.values(answered(reviewOf(name)).outcome).join(' ')}`)).toEqual([
    'by-hand: refused name_taken',
    'checkout: injected stream',
    'copied: unchanged already_injected',
    'database: refused user_unknown',
    'imports: injected stream',
    'invoices: injected stream',
    'node-probe: injected stream',
    'report-cron-job: warned unknown_container',
    'shop-api: injected stream',
    'shop-api-deployment: unchanged template',
    'storage-driver: injected ship',
    'toolbox: unchanged not_asked',
    'web: injected stream',
  ]);
});

describe('other requests are let through as they are', () => {
  const review = v.parse(v.looseObject({ request: v.looseObject({}) }), reviewOf('web'));
  it.each([
    ['an update of a pod', { operation: 'UPDATE' }],
    ['a deletion', { operation: 'DELETE', object: null }],
    ['a subresource', { subResource: 'ephemeralcontainers' }],
    ['a kind that makes no pods', { kind: { group: '', version: 'v1', kind: 'Secret' } }],
    ['a Pod of another group', { kind: { group: 'x.example', version: 'v1', kind: 'Pod' } }],
  ])('%s', (_what, changes) => {
    const body = { ...review, request: { ...review.request, ...changes } };
    const request = readReview(body);
    expect(request && reviewObject(request, SETTINGS)).toMatchObject({
      outcome: { result: 'unchanged' },
      patch: [],
      warnings: [],
    });
  });
});

it('reads nothing that is no review of admission.k8s.io/v1', () => {
  const review = v.parse(v.looseObject({ request: v.looseObject({}) }), reviewOf('web'));
  for (const body of [
    null,
    [],
    'x',
    {},
    { ...review, apiVersion: 'admission.k8s.io/v1beta1' },
    { ...review, kind: 'Review' },
    { ...review, request: { ...review.request, uid: '' } },
    { ...review, request: undefined },
  ]) {
    expect(readReview(body)).toBeUndefined();
  }
});

it('keeps warnings few, short and without control characters', () => {
  const warnings = Array.from({ length: 20 }, () => `a\r\nx-header: b${'c'.repeat(1000)}`);
  const { response } = v.parse(answerSchema, reviewAnswer('1', { patch: [], warnings }));
  expect(response.warnings.length).toBe(8);
  expect(response.warnings[0]).toMatch(/^a x-header: bc+$/);
  expect(response.warnings[0]?.length).toBe(500);
});
