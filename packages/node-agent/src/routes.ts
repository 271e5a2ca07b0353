import type { Transform } from '@vigie/log-pipeline/transforms/transform';
import type { AgentConfig } from './config.ts';
import { pathsTo } from './wiring.ts';

/** The way from one source to one sink. */
export interface Route {
  readonly source: string;
  readonly sink: string;
  readonly sinkConfig: AgentConfig['sinks'][string];
  /** In the order in which records pass them; instances of this route alone. */
  readonly transforms: readonly { readonly name: string; readonly transform: Transform }[];
}

/** @param create an instance with state of its own: what a transform remembers belongs to one lane */
export function laneRoutes(
  config: AgentConfig,
  create: (section: AgentConfig['transforms'][string]) => Transform,
): Route[] {
  return Object.entries(config.sinks).flatMap(([sink, sinkConfig]) =>
    pathsTo(config, sinkConfig.inputs).map(({ source, transforms }) => ({
      source,
      sink,
      sinkConfig,
      transforms: transforms.flatMap((name) => {
        const section = config.transforms[name];
        return section === undefined ? [] : [{ name, transform: create(section) }];
      }),
    })),
  );
}
