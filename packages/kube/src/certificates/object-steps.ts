/** Objects that are read, changed in a few fields, and written back on condition that nobody has written since. */
import { describeError, VigieError } from '@vigie/core/errors';
import { describeObstacle } from '../answer.ts';
import { type KubeClient, resourcePath } from '../client.ts';

/** An object of the API server, of which the rest goes back as it came. */
export interface KubeObject {
  readonly [field: string]: unknown;
}

/** `conflict`: somebody else was first, look again. */
export type Step<T> = { readonly status: 'ok'; readonly value: T } | { readonly status: 'conflict' } | Obstacle;
export interface Obstacle {
  readonly status: 'obstacle';
  readonly detail: string;
}

/** @throws {VigieError} KUBE_OBJECT_INVALID; and the signal's reason */
export async function getObject(client: KubeClient, path: string, signal: AbortSignal): Promise<Step<KubeObject>> {
  const answer = await client.request({ method: 'GET', path }, signal);
  if (answer.status === 'ok') return { status: 'ok', value: kubeObject(answer.body) };
  const missing = answer.status === 'refused' && answer.httpStatus === 404 ? ' (it is part of the manifests)' : '';
  return { status: 'obstacle', detail: `GET ${path}: ${describeObstacle(answer)}${missing}` };
}

/** On condition that nobody has written since: the object has its resourceVersion.
 *  @throws the signal's reason */
export async function putObject(
  client: KubeClient,
  path: string,
  body: KubeObject,
  signal: AbortSignal,
): Promise<Step<undefined>> {
  const answer = await client.request({ method: 'PUT', path, body }, signal);
  if (answer.status === 'ok') return { status: 'ok', value: undefined };
  if (answer.status === 'refused' && answer.httpStatus === 409) return { status: 'conflict' };
  return { status: 'obstacle', detail: `PUT ${path}: ${describeObstacle(answer)}` };
}

/** @throws {VigieError} KUBE_OBJECT_INVALID */
export function kubeObject(body: unknown): KubeObject {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return recordOf(body);
  throw new VigieError('KUBE_OBJECT_INVALID', `expected an object, got ${describeError(body)}`);
}

/** The members of an object; none of what is none. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

export function secretPath(namespace: string, name: string): string {
  return resourcePath({ group: '', version: 'v1', resource: 'secrets' }, namespace, name);
}

/** A caBundle field that holds these authorities. */
export function caBundle(authorities: readonly string[]): string {
  return Buffer.from(authorities.join('')).toString('base64');
}

/** Whether a caBundle field trusts them all. More is no reason to write: another replica may have renewed in between. */
export function bundleTrusts(bundle: unknown, authorities: readonly string[]): boolean {
  const text = typeof bundle === 'string' ? Buffer.from(bundle, 'base64').toString() : '';
  return authorities.every((pem) => text.includes(pem.trim()));
}
