import { bug } from '@vigie/core/errors';
import { documentPaths } from '../encode/document.ts';
import type { Multiline } from '../multiline/join-lines.ts';
import { multilineOf } from '../multiline/multiline-section.ts';
import { ObservedTransform } from '../tap/tap-points.ts';
import { KeepClear } from '../transforms/keep-clear.ts';
import { Route as RouteTransform, routeName } from '../transforms/route.ts';
import type { Transform } from '../transforms/transform.ts';
import { OnWays, Ways } from '../transforms/ways.ts';
import type { RuntimeConfig, SinkConfig } from './config.ts';
import type { TransformConfig } from './transform-config.ts';
import { type Way, waysTo } from './wiring.ts';

/** The way from one source to one sink. */
export interface Route {
  readonly source: string;
  readonly sink: string;
  readonly sinkConfig: SinkConfig;
  /** In the order in which records pass them; instances of this route alone. */
  readonly transforms: readonly LaneStep[];
  /** How lines become records, before any transform. */
  readonly multiline: Multiline | undefined;
}

export interface LaneStep {
  readonly name: string;
  readonly transform: Transform;
  /** Where it can be looked at; absent of what is no component of the configuration. */
  readonly observed?: ObservedTransform;
}

/** Makes an instance with state of its own: what a transform remembers belongs to one lane. A route is no transform of
 *  its own: what it does depends on where its outputs lead. */
export type CreateTransform = (section: Exclude<TransformConfig, NotInstances>, name: string) => Transform;

/** What a lane does itself: `route` by where its outputs lead, `multiline` where it reads. */
type NotInstances = { readonly type: 'route' | 'multiline' };

export function laneRoutes(config: RuntimeConfig, create: CreateTransform): Route[] {
  return Object.entries(config.sinks).flatMap(([sink, sinkConfig]) =>
    waysTo(config, sinkConfig.inputs).map((way) => ({
      source: way.source,
      sink,
      sinkConfig,
      transforms: [...laneSteps(way, config.transforms, create), ...lastSteps(sinkConfig)],
      multiline: multilineIn(way, config.transforms),
    })),
  );
}

/** Transforms keep clear of an ECS document's names; those of OpenTelemetry are others. */
function lastSteps(sinkConfig: SinkConfig): LaneStep[] {
  const isOtel = 'format' in sinkConfig && sinkConfig.format === 'otel';
  return isOtel ? [{ name: 'otel_names', transform: new KeepClear(documentPaths('otel'), 'fields') }] : [];
}

/** Up to the first route all records go one way. From there on each has its own, and a transform is shown those that
 *  come by its inputs. */
function laneSteps({ source, steps }: Way, sections: RuntimeConfig['transforms'], create: CreateTransform): LaneStep[] {
  const ways = new Ways();
  const numbers = new Map([[source, 0]]);
  let isShared = true;
  return steps.flatMap(({ transform: name, inputs, outputs }): LaneStep[] => {
    const section = sections[name] ?? missing(name);
    const from = inputs.map((input) => numbers.get(input) ?? missing(input));
    const to = outputs.map((output) => {
      if (!isShared || section.type === 'route') numbers.set(output, numbers.size);
      else numbers.set(output, 0);
      return { output, way: numbers.get(output) ?? 0 };
    });
    if (section.type === 'multiline') return [];
    const isFirst = isShared;
    if (section.type === 'route') {
      isShared = false;
      const leading = to.map(({ output, way }) => ({ name: routeName(output), way }));
      const observed = new ObservedTransform(new RouteTransform(section, leading, ways, isFirst ? undefined : from));
      return [{ name, transform: observed, observed }];
    }
    const observed = new ObservedTransform(create(section, name));
    const transform = isShared ? observed : new OnWays(observed, ways, from, to[0]?.way ?? 0);
    return [{ name, transform, observed }];
  });
}

function multilineIn({ steps }: Way, sections: RuntimeConfig['transforms']): Multiline | undefined {
  const [first] = steps;
  const section = first === undefined ? undefined : sections[first.transform];
  return section?.type === 'multiline' ? multilineOf(section) : undefined;
}

function missing(name: string): never {
  throw bug(`${name} is wired but does not exist`);
}
