/** Index templates of data streams, made by the suites themselves where the agent has `setup: false`. */
import { ask, type Endpoint } from './rest.ts';

export interface LogTemplate {
  /** Name of the template and, with a star, its index pattern. */
  readonly stream: string;
  readonly shards?: number;
  /** Beyond @timestamp. */
  readonly properties?: Readonly<Record<string, object>>;
}

/** Installs, or replaces, a data stream template. Replicas are none and searches see documents after a second, as on one node they should. */
export async function putLogTemplate(server: Endpoint, template: LogTemplate): Promise<void> {
  await ask(server, 'PUT', `/_index_template/${template.stream}`, {
    index_patterns: [`${template.stream}*`],
    priority: 500,
    data_stream: {},
    template: {
      settings: {
        'index.number_of_shards': template.shards ?? 1,
        'index.number_of_replicas': 0,
        'index.refresh_interval': '1s',
      },
      mappings: {
        properties: { '@timestamp': { type: 'date_nanos' }, message: { type: 'text' }, ...template.properties },
      },
    },
  });
}
