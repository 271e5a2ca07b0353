/** What the sidecar may use: the `resources` of its container. */
import { parsed, section } from '@vigie/core/config/fields';
import * as v from 'valibot';

/** The resources that a log sidecar can have a use for. */
export const RESOURCE_NAMES = ['cpu', 'memory', 'ephemeral-storage'] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

export type Quantities = { readonly [Name in ResourceName]?: string | undefined };

export interface Resources {
  readonly requests?: Quantities | undefined;
  readonly limits?: Quantities | undefined;
}

const QUANTITY = /^(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/;
const SCALES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** @returns the number that a quantity of Kubernetes stands for; undefined for what is none */
export function parseQuantity(written: string): number | undefined {
  const match = QUANTITY.exec(written);
  if (match === null) return undefined;
  const [, number, exponent = '', suffix] = match;
  return Number(`${number}${exponent}`) * (suffix === undefined ? 1 : (SCALES[suffix] ?? Number.NaN));
}

/** A quantity of Kubernetes, kept as it is written. */
export function quantity() {
  const expected = 'a quantity such as 100m or 64Mi';
  return parsed(expected, (written) => (parseQuantity(written) === undefined ? undefined : written));
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
