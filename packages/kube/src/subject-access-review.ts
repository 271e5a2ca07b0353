/** Asks the API server whether somebody may do something. Source: authorization.k8s.io/v1. */
import type { KubeFailure, KubeRefusal } from './answer.ts';
import { type KubeClient, resourcePath } from './client.ts';
import type { UserInfo } from './token-review.ts';

export type AccessQuestion =
  | {
      readonly kind: 'resource';
      /** `get`, `list`. */
      readonly verb: string;
      readonly group: string;
      readonly version: string;
      readonly resource: string;
      /** '' for none, as the next two. */
      readonly subresource: string;
      readonly name: string;
      readonly namespace: string;
    }
  | { readonly kind: 'path'; readonly verb: string; readonly path: string };

export type AccessVerdict =
  | { readonly status: 'allowed' }
  /** Refused, or nothing allows it. */
  | { readonly status: 'denied'; readonly reason: string }
  | KubeRefusal
  | KubeFailure;

const PATH = resourcePath({ group: 'authorization.k8s.io', version: 'v1', resource: 'subjectaccessreviews' });

/** One request; whoever asks the same again and again keeps the answer for some seconds.
 *  @throws the signal's reason */
export async function reviewAccess(
  client: KubeClient,
  user: UserInfo,
  question: AccessQuestion,
  signal: AbortSignal,
): Promise<AccessVerdict> {
  const { name, uid, groups, extra } = user;
  const spec = { user: name, ...(uid === '' ? {} : { uid }), groups, extra, ...attributesOf(question) };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
  const answer = await client.request({ method: 'POST', path: PATH, body, isReview: true }, signal);
  if (answer.status !== 'ok') return answer;
  const status = member(answer.body, 'status');
  // Both at once would be a contradiction: then it is refused.
  if (member(status, 'allowed') === true && member(status, 'denied') !== true) return { status: 'allowed' };
  const reason = member(status, 'reason');
  return { status: 'denied', reason: typeof reason === 'string' ? reason : '' };
}

function attributesOf(question: AccessQuestion): object {
  switch (question.kind) {
    case 'path':
      return { nonResourceAttributes: { path: question.path, verb: question.verb } };
    case 'resource': {
      const { kind: _, ...attributes } = question;
      const set = Object.entries(attributes).filter(([, text]) => text !== '');
      return { resourceAttributes: Object.fromEntries(set) };
    }
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
