/// <reference lib="es2020" preserve="true" />
// `bedrock-chat/credentials`: temporary AWS keys, of roles of STS and of identity pools of Cognito.
import { temporaryCredentials } from "./bedrock_chat_credentials.js";
import { checkFields } from "./checks.js";
import { type Provide, cache, cached, chooseCredentials, chooseRegion, environment, places, present } from "./credentials.js";
import type { BedrockCredentialsProvider, FetchLike } from "./fields.js";
import { fromCore } from "./thrown.js";

/** Temporary AWS keys. */
export interface TemporaryCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** The time when they expire. */
  expiration: Date;
}

/**
 * A function that returns temporary keys, to be used as `credentials`. It caches them until five minutes before they
 * expire, for all chats that use it. If newer ones cannot be had, the cached ones are returned until they expire.
 */
export type TemporaryCredentialsProvider = () => Promise<TemporaryCredentials>;

/** A token of an identity provider, or a function that returns one. The function is called for every request. */
export type IdentityToken = string | (() => string | Promise<string>);

/** The options that all sources of temporary keys have. */
export interface SourceOptions {
  /** The URL of the service, such as that of a local server. Default: the environment's, else the service's host in the region. */
  endpointUrl?: string | undefined;
  /** Used instead of the global `fetch`. */
  fetch?: FetchLike | undefined;
}

/** The options of a role's session. */
export interface RoleOptions extends SourceOptions {
  /** The ARN of the role. */
  roleArn: string;
  /** The region of STS. Default: the environment's. */
  region?: string | undefined;
  /** The name of the session, which CloudTrail shows. Default: `bedrock-chat-` and the seconds since 1970. */
  sessionName?: string | undefined;
  /** How long the keys are valid, 900 to 43200 seconds, at most the role's own maximum. Default: the service's, 3600. */
  durationSeconds?: number | undefined;
  /** A session policy in JSON, which restricts the permissions of the role further. */
  policy?: string | undefined;
}

/** The options of `assumeRole`. */
export interface AssumeRoleOptions extends RoleOptions {
  /** AWS keys that may assume the role, or a function that returns them, such as that of another role. Default: the environment's. */
  credentials?: BedrockCredentialsProvider | undefined;
  /** The external id that the role's trust policy requires. */
  externalId?: string | undefined;
}

/** The options of `assumeRoleWithWebIdentity`. */
export interface AssumeRoleWithWebIdentityOptions extends RoleOptions {
  /** The token of the identity provider. */
  token: IdentityToken;
}

/** The options of `cognitoIdentity`. */
export interface CognitoIdentityOptions extends SourceOptions {
  /** The id of the identity pool, such as `us-east-1:12345678-1234-1234-1234-123456789012`. Its region is used. */
  identityPoolId: string;
  /** Names of identity providers as the pool has them, with their tokens. Without any, the user is a guest. */
  logins?: { readonly [provider: string]: IdentityToken } | undefined;
  /** The role to use, if the pool's rules offer the user several. */
  roleArn?: string | undefined;
  /** The identity of an earlier session. Default: the identity that Cognito assigns, which the function keeps. */
  identityId?: string | undefined;
}

/** Variables with the endpoints of the services. */
const ENDPOINTS = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_COGNITO_IDENTITY"];

type Fields = { [name: string]: unknown };

/** Checks options, and returns a copy. */
function checked<T extends SourceOptions>(options: T, where: "cognito" | "role" | "webIdentity"): T {
  checkFields(options, where);
  return { ...options };
}

/** Returns the text of a token. `name` is its place in the options. */
async function tokenOf(token: IdentityToken, name: string): Promise<string> {
  const text: unknown = typeof token === "function" ? await token() : token;
  present(name, text);
  return text;
}

/** Returns a function that requests keys with the fields of each time. */
function provider(source: string, { fetch }: SourceOptions, fields: () => Promise<Fields> | Fields, credentials?: Provide): TemporaryCredentialsProvider {
  let last: (TemporaryCredentials & { identityId?: string }) | undefined;
  const request = async (): Promise<TemporaryCredentials> => {
    const variables = { ...places(), ...Object.fromEntries(ENDPOINTS.map((name) => [name, environment(name)])) };
    const given = { ...(await fields()), ...(last?.identityId ? { identityId: last.identityId } : {}) };
    const text = JSON.stringify({ ...given, source, environment: variables, fetch: undefined });
    try {
      const found = JSON.parse(await temporaryCredentials(text, fetch && ((url, init) => fetch(url, init)), credentials));
      return (last = { ...found, expiration: new Date(found.expiration) });
    } catch (thrown) {
      throw fromCore(thrown);
    }
  };
  const provide = cached(request);
  const give = async (): Promise<TemporaryCredentials> => {
    await provide();
    const { identityId: _, ...keys } = last!;
    return keys;
  };
  return Object.assign(give, { [cache]: provide });
}

/**
 * Returns a function that returns the temporary keys of an IAM role, with AssumeRole of STS, for the constructor's `credentials`.
 *
 * ```js
 * const credentials = assumeRole({ roleArn: "arn:aws:iam::123456789012:role/chat", region: "us-east-1", credentials: keys });
 * const chat = new BedrockChat({ model, region: "us-east-1", credentials });
 * ```
 */
export function assumeRole(options: AssumeRoleOptions): TemporaryCredentialsProvider {
  const given = checked(options, "role");
  const chosen = chooseCredentials({ credentials: given.credentials });
  return provider("role", given, () => ({ ...given, region: chooseRegion(given.region), credentials: chosen.credentials }), chosen.provider);
}

/**
 * Returns a function that returns the temporary keys of an IAM role for a token of an identity provider, with
 * AssumeRoleWithWebIdentity of STS. It needs no AWS keys.
 */
export function assumeRoleWithWebIdentity(options: AssumeRoleWithWebIdentityOptions): TemporaryCredentialsProvider {
  const given = checked(options, "webIdentity");
  return provider("webIdentity", given, async () => ({ ...given, region: chooseRegion(given.region), token: await tokenOf(given.token, "token") }));
}

/**
 * Returns a function that returns the temporary keys of an Amazon Cognito identity pool, for guests and for users with a
 * login. It needs no AWS keys.
 */
export function cognitoIdentity(options: CognitoIdentityOptions): TemporaryCredentialsProvider {
  const given = checked(options, "cognito");
  return provider("cognito", given, async () => {
    const logins: Fields = {};
    // A login without a token is an error, as the user would be a guest without it.
    for (const [name, token] of Object.entries(given.logins ?? {})) logins[name] = await tokenOf(token, `logins.${name}`);
    return { ...given, logins };
  });
}
