/** What the sidecar may use: the `resources` of its container. */
import { parsed, section } from '@vigie/core/config/fields';
import { parseQuantity } from '@vigie/kube/parse-quantity';
import * as v from 'valibot';

/** The resources that a log sidecar can have a use for. */
export const RESOURCE_NAMES = ['cpu', 'memory', 'ephemeral-storage'] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

export type Quantities = { readonly [Name in ResourceName]?: string | undefined };

export interface Resources {
  readonly requests?: Quantities | undefined;
  readonly limits?: Quantities | undefined;
}

/** A quantity of Kubernetes, 0 or more, kept as it is written. */
export function quantity() {
  const expected = 'a quantity such as 100m or 64Mi';
  return parsed(expected, (written) => ((parseQuantity(written) ?? -1) < 0 ? undefined : written));
}

/** The `resources` of a container. */
export function resourcesSection() {
  const quantities = () =>
    section({
      cpu: v.optional(quantity()),
      memory: v.optional(quantity()),
      'ephemeral-storage': v.optional(quantity()),
    });
  return v.pipe(
    section({ requests: v.optional(quantities()), limits: v.optional(quantities()) }),
    v.check(requestsFit, 'requests that are not above the limits'),
  );
}

/** The API server refuses a pod with a request above its limit: the sidecar must not be why. */
function requestsFit({ requests, limits }: Resources): boolean {
  return RESOURCE_NAMES.every((name) => fits(requests?.[name], limits?.[name]));
}

function fits(request: string | undefined, limit: string | undefined): boolean {
  return request === undefined || limit === undefined || (parseQuantity(request) ?? 0) <= (parseQuantity(limit) ?? 0);
}

const resourcesSchema = resourcesSection();

/** Reads `vigie.io/resources`, the JSON of a container's `resources`. */
export function readResources(written: string): Resources | undefined {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    // Not JSON is no resources, like JSON of another form.
    return undefined;
  }
  const result = v.safeParse(resourcesSchema, value);
  return result.success ? result.output : undefined;
}
