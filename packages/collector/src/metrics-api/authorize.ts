/** Whether a user may ask for what they ask for: the API server decides, and its answers hold for ten seconds. Whatever cannot be
 *  decided is refused. Source: apiserver, pkg/authorization/authorizerfactory/delegating.go. */
import { createHash } from 'node:crypto';
import type { Clock } from '@vigie/core/clock';
import { describeObstacle } from '@vigie/kube/answer';
import type { KubeClient } from '@vigie/kube/client';
import { type AccessQuestion, type AccessVerdict, reviewAccess } from '@vigie/kube/subject-access-review';
import type { UserInfo } from '@vigie/kube/token-review';
import { ApiRefusal } from './api-refusal.ts';
import type { AuthenticationMethod } from './authenticate.ts';
import { DecisionCache } from './decision-cache.ts';

export interface AuthorizeOptions {
  /** The API server has asked RBAC already about what comes through it: believe that, and do not ask again. */
  readonly trustFrontProxy: boolean;
}

const MASTERS = 'system:masters';
const ALLOWED_TTL_MS = 10_000;
const DENIED_TTL_MS = 10_000;
/** One for each user and path; an HPA has one or two. About 500 bytes each. */
const MAX_DECISIONS = 20_000;

export class Authorizer {
  readonly #client: KubeClient;
  readonly #options: AuthorizeOptions;
  readonly #decisions: DecisionCache<AccessVerdict>;

  constructor(client: KubeClient, options: AuthorizeOptions, clock: Clock) {
    this.#client = client;
    this.#options = options;
    this.#decisions = new DecisionCache(clock, keepsMs, MAX_DECISIONS);
  }

  /** @returns why not; undefined where they may
   *  @throws the signal's reason */
  async refusal(
    user: UserInfo,
    method: AuthenticationMethod,
    attributes: AccessQuestion,
    signal: AbortSignal,
  ): Promise<ApiRefusal | undefined> {
    if (user.groups.includes(MASTERS)) return undefined;
    if (this.#options.trustFrontProxy && method === 'front_proxy') return undefined;
    const verdict = await this.#decisions.get(questionKey(user, attributes), () =>
      reviewAccess(this.#client, user, attributes, signal),
    );
    switch (verdict.status) {
      case 'allowed':
        return undefined;
      case 'denied':
        return forbidden(user, attributes, verdict.reason);
      case 'refused':
      case 'failed':
        return new ApiRefusal(
          'InternalError',
          `Internal error occurred: SubjectAccessReview: ${describeObstacle(verdict)}`,
        );
    }
  }
}

/** What a decision is kept by: as short of a path of 16 KB, which anybody may ask for, as of any other. */
export function questionKey({ name, uid, groups, extra }: UserInfo, attributes: AccessQuestion): string {
  const question = JSON.stringify([name, uid, groups, extra, attributes]);
  return createHash('sha256').update(question).digest('base64');
}

function keepsMs({ status }: AccessVerdict): number {
  switch (status) {
    case 'allowed':
      return ALLOWED_TTL_MS;
    case 'denied':
      return DENIED_TTL_MS;
    case 'refused':
    case 'failed':
      return 0;
  }
}

/** In the API server's own words. */
function forbidden({ name }: UserInfo, attributes: AccessQuestion, reason: string): ApiRefusal {
  const because = reason === '' ? '' : `: ${reason}`;
  if (attributes.kind === 'path') {
    const { path, verb } = attributes;
    return new ApiRefusal('Forbidden', `forbidden: User "${name}" cannot ${verb} path "${path}"${because}`, {});
  }
  const { verb, group, resource, subresource, namespace } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const whom = attributes.name === '' ? '' : ` "${attributes.name}"`;
  return new ApiRefusal(
    'Forbidden',
    `${resource}.${group}${whom} is forbidden: User "${name}" cannot ${verb} resource "${what}" in API group "${group}" ${where}${because}`,
    { ...(attributes.name === '' ? {} : { name: attributes.name }), group, kind: resource },
  );
}
