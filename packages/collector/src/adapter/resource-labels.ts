/** Which label of a series names which kind of object. Source: prometheus-adapter, pkg/naming/resource_converter.go and lbl_res.go. */
import { VigieError } from '@vigie/core/errors';
import { compileRegex, type Regex } from '@vigie/core/regex';
import { Template } from '@vigie/core/template';
import { GoStruct } from '@vigie/core/template/values';
import type { AdapterResources } from '../config/adapter-config.ts';
import type { GroupResource } from '../metrics-api/request-path.ts';
import { expandFirst } from './expand-name.ts';
import type { MappedResource, RestMapper } from './rest-mapper.ts';

export const DELIMITERS = { left: '<<', right: '>>' };

export class ResourceLabels {
  readonly #path: string;
  readonly #overrides: readonly (readonly [label: string, object: GroupResource])[];
  readonly #template: Template | undefined;
  /** Of the template, with groups in place of its fields. */
  readonly #pattern: Regex | undefined;
  readonly #mapper: RestMapper;

  /** @param path in the configuration, for messages
   *  @throws {VigieError} ADAPTER_RULE_INVALID */
  constructor(path: string, { template, overrides }: AdapterResources, mapper: RestMapper) {
    this.#path = path;
    this.#mapper = mapper;
    this.#overrides = Object.entries(overrides);
    if (template === '') {
      this.#template = undefined;
      this.#pattern = undefined;
      return;
    }
    try {
      ({ template: this.#template, pattern: this.#pattern } = labelPattern(template));
    } catch (error) {
      if (!(error instanceof VigieError)) throw error;
      throw new VigieError('ADAPTER_RULE_INVALID', `${path}.template: ${error.message}`, { cause: error });
    }
  }

  /** The label whose value is the name of such an object.
   *  @returns undefined where the rule has none for it */
  async labelFor(object: MappedResource): Promise<string | undefined> {
    for (const [label, written] of this.#overrides) {
      const mapped = await this.#mapper.resolve(written);
      if (mapped?.resource === object.resource && mapped.group === object.group) return label;
    }
    if (this.#template === undefined) return undefined;
    const label = this.#template.execute(groupResourceValue(sanitized(object.group), object.singular));
    if (label === '') throw new VigieError('ADAPTER_QUERY_EMPTY', `${this.#path}.template has made an empty label`);
    return label;
  }

  /** The kind of object that a label names; undefined for any other label. */
  async resourceOf(label: string): Promise<MappedResource | undefined> {
    const override = this.#overrides.find(([name]) => name === label);
    if (override !== undefined) return this.#mapper.resolve(override[1]);
    if (this.#pattern === undefined) return undefined;
    const resource = expandFirst(this.#pattern, label, '${resource}');
    const group = expandFirst(this.#pattern, label, '${group}');
    if (resource === undefined || resource === '') return undefined;
    // A label holds no dots: `networking_k8s_io` cannot be told from a group with underscores, of which there are none.
    return this.#mapper.resolve({ resource, group: (group ?? '').replaceAll('_', '.') });
  }
}

/** @param written `kube_<<.Group>>_<<.Resource>>`
 *  @returns what makes labels, and what finds the parts of one again
 *  @throws {VigieError} TEMPLATE_INVALID, TEMPLATE_FAILED, REGEX_INVALID; ADAPTER_RULE_INVALID without a resource in it */
export function labelPattern(written: string): { readonly template: Template; readonly pattern: Regex } {
  const template = new Template('resource-label', { delimiters: DELIMITERS }).parse(written);
  const source = template.execute(groupResourceValue('(?P<group>.+?)', '(?P<resource>.+?)'));
  const pattern = compileRegex(`^${source}$`);
  if (pattern.groupNames.includes('resource')) return { template, pattern };
  throw new VigieError('ADAPTER_RULE_INVALID', 'expected <<.Resource>> in it');
}

function groupResourceValue(group: string, resource: string): GoStruct {
  return new GoStruct(
    'schema.GroupResource',
    new Map([
      ['Group', group],
      ['Resource', resource],
    ]),
  );
}

/** As a label may have it. */
function sanitized(group: string): string {
  return group.replace(/[.-]/g, '_');
}
