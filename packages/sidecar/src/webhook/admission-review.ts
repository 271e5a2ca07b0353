/** AdmissionReview of admission.k8s.io/v1: what the API server asks, and what it is answered. Pure. */

import * as v from 'valibot';
import { inject } from '../inject/inject.ts';
import type { JsonPatch } from '../inject/json-patch.ts';
import { podTemplatesOf } from '../inject/pod-templates.ts';
import type { RefusalReason } from '../inject/refusal.ts';
import type { InjectionSettings } from '../inject/settings.ts';

const reviewSchema = v.object({
  apiVersion: v.literal('admission.k8s.io/v1'),
  kind: v.literal('AdmissionReview'),
  request: v.object({
    uid: v.pipe(v.string(), v.nonEmpty()),
    operation: v.string(),
    subResource: v.nullish(v.string()),
    namespace: v.nullish(v.string(), ''),
    name: v.nullish(v.string(), ''),
    kind: v.object({ group: v.string(), version: v.string(), kind: v.string() }),
    object: v.nullish(v.unknown()),
  }),
});

export type ReviewRequest = v.InferOutput<typeof reviewSchema>['request'];

/** @param body parsed JSON
 *  @returns undefined for what is no review of that version */
export function readReview(body: unknown): ReviewRequest | undefined {
  const result = v.safeParse(reviewSchema, body, { abortEarly: true });
  return result.success ? result.output.request : undefined;
}

/** What became of an object; labels of a metric. */
export type Outcome =
  | { readonly result: 'injected'; readonly reason: 'stream' | 'ship' }
  | { readonly result: 'refused'; readonly reason: RefusalReason }
  /** Of a Deployment or its kin, whose pods will be refused: its writer is told, the controller would not tell them. */
  | { readonly result: 'warned'; readonly reason: RefusalReason }
  | { readonly result: 'unchanged'; readonly reason: 'not_asked' | 'already_injected' | 'template' | 'other_request' };

export interface Review {
  readonly outcome: Outcome;
  readonly patch: JsonPatch;
  /** For the person at kubectl. */
  readonly warnings: readonly string[];
}

/** Reviews the creation of a pod, which it patches, and of what makes pods, of which it warns only. */
export function reviewObject(request: ReviewRequest, settings: InjectionSettings): Review {
  const { kind, object, subResource } = request;
  if (subResource || request.operation === 'DELETE') return unchanged('other_request');
  if (kind.kind !== 'Pod') return reviewTemplates(object, settings);
  if (request.operation !== 'CREATE' || kind.group !== '') return unchanged('other_request');
  const injection = inject(object, settings);
  switch (injection.status) {
    case 'unchanged':
      return unchanged(injection.reason);
    case 'injected': {
      const warnings = injection.warnings.map((warning) => `vigie: ${warning}`);
      return { outcome: { result: 'injected', reason: injection.mode }, patch: injection.patch, warnings };
    }
    case 'refused': {
      const { reason, warnings } = told(injection.refusals);
      return { outcome: { result: 'refused', reason }, patch: [], warnings };
    }
  }
}

function reviewTemplates(object: unknown, settings: InjectionSettings): Review {
  const warnings: string[] = [];
  let worst: RefusalReason | undefined;
  for (const { pod } of podTemplatesOf(object)) {
    const injection = inject(pod, settings);
    if (injection.status === 'injected') warnings.push(...injection.warnings.map((warning) => `vigie: ${warning}`));
    if (injection.status !== 'refused') continue;
    const refused = told(injection.refusals);
    worst ??= refused.reason;
    warnings.push(...refused.warnings);
  }
  if (worst !== undefined) return { outcome: { result: 'warned', reason: worst }, patch: [], warnings };
  return { ...unchanged('template'), warnings };
}

function unchanged(reason: Extract<Outcome, { readonly result: 'unchanged' }>['reason']): Review {
  return { outcome: { result: 'unchanged', reason }, patch: [], warnings: [] };
}

function told(refusals: readonly { readonly reason: RefusalReason; readonly message: string }[]) {
  return {
    reason: refusals[0]?.reason ?? 'malformed_pod',
    warnings: refusals.map(({ message }) => `vigie: no log sidecar: ${message}`),
  };
}

/** The API server cuts a warning of more than 256 characters where all of them have more than 4096. */
const MAX_WARNINGS = 8;
const MAX_WARNING_CHARACTERS = 500;

/** The whole answer: always allowed, whatever the review. */
export function reviewAnswer(uid: string, { patch, warnings }: Pick<Review, 'patch' | 'warnings'>): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: true,
      ...(patch.length === 0
        ? {}
        : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
      ...(warnings.length === 0 ? {} : { warnings: warnings.slice(0, MAX_WARNINGS).map(printable) }),
    },
  };
}

/** A warning becomes an HTTP header. */
function printable(warning: string): string {
  return warning.replace(/\p{Cc}+/gu, ' ').slice(0, MAX_WARNING_CHARACTERS);
}
