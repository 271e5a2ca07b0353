/** What sidecars and their webhook read of pods: reviews, the annotations in them that anybody may write, and what the kubelet
 *  writes of them. */
import { inject } from '../../packages/sidecar/src/inject/inject.ts';
import { readPaths } from '../../packages/sidecar/src/inject/log-path.ts';
import { readResources } from '../../packages/sidecar/src/inject/resources.ts';
import { defaultSettings } from '../../packages/sidecar/src/inject/settings.ts';
import { parseDownwardFile } from '../../packages/sidecar/src/ship/downward-file.ts';
import { readReview, reviewAnswer, reviewObject } from '../../packages/sidecar/src/webhook/admission-review.ts';
import { DOWNWARD_FILES, INJECTION_PATHS, RESOURCES, REVIEWS } from './samples.ts';
import type { Target } from './target.ts';

const SETTINGS = defaultSettings('0.0.0');

export const INJECTION_TARGETS: readonly Target[] = [
  {
    name: 'vigie.io/paths',
    samples: INJECTION_PATHS,
    iterations: 8_000,
    parse(input) {
      const read = readPaths(input.toString());
      if ('problem' in read) return;
      for (const { glob, directory } of read.paths) {
        const within = directory === '/' ? '/' : `${directory}/`;
        if (!glob.startsWith(within)) throw new Error(`${glob} is not in ${directory}`);
        if (`${glob}/`.includes('/../') || /[*?[{]/.test(directory)) throw new Error(`${directory} of ${glob}`);
      }
      const annotations = { 'vigie.io/inject': 'stream', 'vigie.io/paths': input.toString() };
      const containers = read.paths.map(({ container }) => ({ name: container, securityContext: { runAsUser: 1 } }));
      inject({ metadata: { annotations }, spec: { containers } }, SETTINGS);
    },
  },
  {
    name: 'vigie.io/resources',
    samples: RESOURCES,
    iterations: 30_000,
    parse(input) {
      readResources(input.toString());
    },
  },
  {
    name: 'files of the downward API',
    samples: DOWNWARD_FILES,
    iterations: 30_000,
    parse(input) {
      const text = input.toString();
      const entries = Object.entries(parseDownwardFile(text) ?? {});
      if (entries.length > text.split('\n').length) throw new Error(`${entries.length} of ${JSON.stringify(text)}`);
    },
  },
  {
    name: 'admission reviews',
    samples: REVIEWS,
    iterations: 20_000,
    parse(input) {
      let body: unknown;
      try {
        body = JSON.parse(input.toString());
      } catch {
        // Not for us: fastify answers 400.
        return;
      }
      const request = readReview(body);
      if (request === undefined) return;
      const answer = JSON.stringify(reviewAnswer(request.uid, reviewObject(request, SETTINGS)));
      if (!answer.includes('"allowed":true')) throw new Error(answer);
    },
  },
];
