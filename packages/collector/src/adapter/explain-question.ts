/** A metric of an HPA, as somebody asks what became of it. */
import { ApiRefusal } from '../metrics-api/api-refusal.ts';
import { type LabelSelector, parseLabelSelector } from '../metrics-api/label-selector.ts';
import type { GroupResource } from '../metrics-api/request-path.ts';

/** Selectors are text, as in a query: `app=web`; '' for everything. */
export type ExplainQuestion =
  | {
      readonly kind: 'pods';
      readonly namespace: string;
      readonly metric: string;
      readonly podSelector: string;
      readonly metricSelector: string;
    }
  | {
      readonly kind: 'object';
      readonly namespace: string;
      /** Plural or singular. */
      readonly object: GroupResource;
      readonly name: string;
      readonly metric: string;
      readonly metricSelector: string;
    }
  | {
      readonly kind: 'external';
      readonly namespace: string;
      readonly metric: string;
      readonly metricSelector: string;
    }
  | {
      readonly kind: 'resource';
      readonly namespace: string;
      readonly podSelector: string;
      readonly resource: 'cpu' | 'memory';
      /** Of a ContainerResource metric. */
      readonly container: string | undefined;
    };

/** @throws {ApiRefusal} BadRequest */
export function selectorOf(text: string): LabelSelector {
  const selector = parseLabelSelector(text);
  if (selector !== undefined) return selector;
  throw new ApiRefusal('BadRequest', `unable to parse the selector ${JSON.stringify(text)}`);
}
