/** The headers that a configuration adds to requests, for who makes the requests without the client of that configuration. */
import type { Clock } from '../clock.ts';
import type { HttpClientConfig } from '../config/http-client-config.ts';
import { VigieError } from '../errors.ts';
import { basicCredentials } from './basic-credentials.ts';
import { secretValue } from './secret-value.ts';

/** @param place of the configuration, in what is said of it
 *  @returns the headers of now
 *  @throws {VigieError} CONFIG_INVALID for OAuth2, whose tokens a client has to ask for */
export function requestHeaders(
  { authorization, headers }: Pick<HttpClientConfig, 'authorization' | 'headers'>,
  clock: Clock,
  place: string,
): () => Readonly<Record<string, string>> {
  const own = Object.entries(headers).map(([name, { values, secrets }]) => {
    const hidden = secrets.map((secret) => secretValue(secret, clock));
    return [name.toLowerCase(), () => [...values, ...hidden.map((read) => read())].join(', ')] as const;
  });
  const authorize = authorizationOf(authorization, clock, place);
  return () => ({
    ...Object.fromEntries(own.map(([name, read]) => [name, read()])),
    ...(authorize === undefined ? {} : { authorization: authorize() }),
  });
}

function authorizationOf(
  authorization: HttpClientConfig['authorization'],
  clock: Clock,
  place: string,
): (() => string) | undefined {
  switch (authorization?.kind) {
    case undefined:
      return undefined;
    case 'basic': {
      const user = secretValue(authorization.username, clock);
      const password = authorization.password === undefined ? () => '' : secretValue(authorization.password, clock);
      return () => basicCredentials(user(), password());
    }
    case 'credentials': {
      const credentials = secretValue(authorization.credentials, clock);
      return () => `${authorization.type} ${credentials()}`;
    }
    case 'oauth2':
      throw new VigieError(
        'CONFIG_INVALID',
        `${place}: oauth2 is not supported here: use authorization, or a proxy beside that adds the token`,
      );
  }
}
