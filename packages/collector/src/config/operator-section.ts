/** `operator_objects`, as it is written: which objects of the Prometheus operator are read. */
import { section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText, textList } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { parseLabelSelector } from '../metrics-api/label-selector.ts';
import type { OperatorObjectsConfig } from '../operator/operator-objects.ts';
import type { ScrapeGlobals } from './scrape-section.ts';
import { oneOf } from './written-fields.ts';

export const operatorSection = section({
  mode: oneOf(['auto', 'off'], 'auto'),
  selector: optionalText,
  namespaces: textList,
  service_discovery_role: oneOf(['endpoints', 'endpointslice'], 'endpoints'),
  file_access: flag(false),
});

/** @returns undefined where none are read */
export function readOperatorObjects(
  written: v.InferOutput<typeof operatorSection>,
  path: ConfigPath,
  { findings }: ReadContext,
  globals: ScrapeGlobals,
): OperatorObjectsConfig | undefined {
  const { mode, selector, namespaces, service_discovery_role: serviceDiscoveryRole, file_access: fileAccess } = written;
  if (parseLabelSelector(selector) === undefined)
    findings.problem([...path, 'selector'], 'a label selector such as release=prometheus,team in (shop, web)');
  return mode === 'off' ? undefined : { selector, namespaces, serviceDiscoveryRole, fileAccess, globals };
}

/** As without the section. */
export const DEFAULT_OPERATOR_OBJECTS = v.parse(operatorSection, {});
