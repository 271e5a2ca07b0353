/** Asks the API server whose a bearer token is. Source: authentication.k8s.io/v1. */
import type { KubeFailure, KubeRefusal } from './answer.ts';
import { type KubeClient, resourcePath } from './client.ts';

/** Who somebody is to Kubernetes. */
export interface UserInfo {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  /** Keys are lower case. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export type TokenVerdict =
  | { readonly status: 'authenticated'; readonly user: UserInfo }
  /** The token is nobody's: made up, expired, or of an account that is gone. */
  | { readonly status: 'unknown'; readonly detail: string }
  | KubeRefusal
  | KubeFailure;

const PATH = resourcePath({ group: 'authentication.k8s.io', version: 'v1', resource: 'tokenreviews' });

/** One request; whoever asks for the same token again and again keeps the answer for some seconds.
 *  @throws the signal's reason */
export async function reviewToken(client: KubeClient, token: string, signal: AbortSignal): Promise<TokenVerdict> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
  const answer = await client.request({ method: 'POST', path: PATH, body, isReview: true }, signal);
  if (answer.status !== 'ok') return answer;
  const status = member(answer.body, 'status');
  if (member(status, 'authenticated') !== true) {
    return { status: 'unknown', detail: textOf(member(status, 'error')) || 'the token is not known' };
  }
  const user = member(status, 'user');
  const name = textOf(member(user, 'username'));
  if (name === '') return { status: 'failed', reason: 'protocol', detail: 'a TokenReview without a user name' };
  return {
    status: 'authenticated',
    user: { name, uid: textOf(member(user, 'uid')), groups: textsOf(member(user, 'groups')), extra: extraOf(user) },
  };
}

function extraOf(user: unknown): Readonly<Record<string, readonly string[]>> {
  const extra = member(user, 'extra');
  if (typeof extra !== 'object' || extra === null) return {};
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key.toLowerCase(), textsOf(values)]));
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
