/** Pods for tests of injection. */

interface PodParts {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly container?: object;
  readonly containers?: readonly object[];
  readonly spec?: object;
}

/** A pod that asks for `stream` with the logs of its container `app`, as user 1000. */
export function pod({ annotations = {}, container = {}, containers, spec = {} }: PodParts = {}): {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
} {
  const app = { name: 'app', image: 'shop/app:1', securityContext: { runAsUser: 1000 }, ...container };
  return {
    metadata: {
      annotations: { 'vigie.io/inject': 'stream', 'vigie.io/paths': 'app=/var/log/app/*.log', ...annotations },
    },
    spec: { containers: containers ?? [app], ...spec },
  };
}

/** As `pod`, with these paths. */
export function podWithPaths(paths: string, parts: PodParts = {}): ReturnType<typeof pod> {
  return pod({ ...parts, annotations: { 'vigie.io/paths': paths, ...parts.annotations } });
}
