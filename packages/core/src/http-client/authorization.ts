/** The Authorization header of a request. */
import type { Clock } from '../clock.ts';
import type { Authorization } from '../config/http-client-config.ts';
import { assertNever } from '../errors.ts';
import { basicCredentials } from './basic-credentials.ts';
import { OAuth2Token, type TokenRequest } from './oauth2-token.ts';
import { secretValue } from './secret-value.ts';

/** Its value as of now; a token may have to be fetched first. */
export type AuthorizationHeader = (signal: AbortSignal) => Promise<string>;

/** @param send asks the server of OAuth2 tokens, with its own TLS */
export function authorizationHeader(config: Authorization, send: TokenRequest, clock: Clock): AuthorizationHeader {
  switch (config.kind) {
    case 'basic': {
      const username = secretValue(config.username, clock);
      const password = config.password === undefined ? () => '' : secretValue(config.password, clock);
      return async () => basicCredentials(username(), password());
    }
    case 'credentials': {
      const credentials = secretValue(config.credentials, clock);
      return async () => `${config.type} ${credentials()}`;
    }
    case 'oauth2': {
      const token = new OAuth2Token(config, send, clock);
      return (signal) => token.header(signal);
    }
    default:
      return assertNever(config);
  }
}
