/** What an identity asked of the API server, from the server's audit log, and what it was allowed to. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './leash.ts';
import { arrayAt, at } from './rest.ts';

export interface AuditLog {
  /** For the API server. */
  readonly flags: readonly string[];
  /** `VERB RESOURCE STATUS` of every request of the user, each once. */
  requestsOf(user: string): ReadonlySet<string>;
  /** `VERB RESOURCE` that others asked the API server about that user, as a kubelet does for those who come to it, each once. */
  reviewsOf(user: string): ReadonlySet<string>;
}

export function auditLog(): AuditLog {
  const home = temporaryFolder('audit');
  const [policy, log] = [join(home, 'policy.yaml'), join(home, 'audit.log')];
  const reviews = [{ group: 'authorization.k8s.io', resources: ['subjectaccessreviews'] }];
  writeFileSync(
    policy,
    JSON.stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [
        { level: 'Request', resources: reviews },
        {
          level: 'Metadata',
          userGroups: [
            'system:serviceaccounts:vigie',
            'system:serviceaccounts:vigie-sidecar',
            'system:serviceaccounts:vigie-collector',
            'system:serviceaccounts:vigie-alerting',
          ],
        },
        { level: 'None' },
      ],
    }),
  );
  const events = (): readonly unknown[] =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line));
  return {
    flags: [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`],
    requestsOf: (user) => {
      const own = events().filter((event) => at(event, 'user', 'username') === user);
      return new Set(
        own.map(
          (event) =>
            `${at(event, 'verb')} ${resourceOf(at(event, 'objectRef'))} ${at(event, 'responseStatus', 'code')}`,
        ),
      );
    },
    reviewsOf: (user) => {
      const specs = events().map((event) => at(event, 'requestObject', 'spec'));
      const about = specs.filter((spec) => at(spec, 'user') === user).map((spec) => at(spec, 'resourceAttributes'));
      return new Set(about.map((attributes) => `${at(attributes, 'verb')} ${resourceOf(attributes)}`));
    },
  };
}

function resourceOf(reference: unknown): string {
  const subresource = at(reference, 'subresource');
  return `${at(reference, 'resource')}${subresource === undefined || subresource === '' ? '' : `/${subresource}`}`;
}

/** `VERB RESOURCE` of all that a role grants. */
export function grantsOf(role: unknown): readonly string[] {
  return arrayAt(role, 'rules').flatMap((rule) =>
    arrayAt(rule, 'resources').flatMap((resource) => arrayAt(rule, 'verbs').map((verb) => `${verb} ${resource}`)),
  );
}
