// What the local OpenID provider knows: its accounts, its three clients and the
// shape of the tokens that it gives.

import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';

import { errors, interactionPolicy } from 'oidc-provider';

export const accounts = ['admin', 'owner', 'manager', 'approver', 'member', 'other'];

const people = [
  'EntitlementManagement.Read.All',
  'EntitlementManagement.ReadWrite.All',
  'EntitlementMgmt-SubjectAccess.ReadWrite',
];
const robots = ['EntitlementManagement.ReadWrite.All'];
const hour = 60 * 60;

// signingKey lives as long as the process, so that nothing signed by one stack is worth anything to another.
function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

// resource describes the tokens of one audience. Any api:// name is served, so that a
// test can ask for a token which is good everywhere but at Leasehold.
function resource(audience) {
  return {
    audience,
    scope: people.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: hour,
    jwt: { sign: { alg: 'RS256' } },
  };
}

// firstParty gives the clients, which are Leasehold's own, whatever they ask for.
async function firstParty(ctx) {
  const { client, params, provider, resourceServers, session } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid');
  for (const name of Object.keys(resourceServers)) grant.addResourceScope(name, params.scope);
  await grant.save();
  return grant;
}

export function configuration({ audience, robotSecret, portals }) {
  const policy = interactionPolicy.base();
  policy.remove('consent');

  return {
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    clients: [
      {
        client_id: 'leasehold-cli',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/callback'], // a native client may add any port
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
      {
        client_id: 'leasehold-portal',
        application_type: 'web',
        token_endpoint_auth_method: 'none',
        redirect_uris: portals,
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
      {
        client_id: 'leasehold-robot',
        client_secret: robotSecret,
        redirect_uris: [],
        grant_types: ['client_credentials'],
        response_types: [],
      },
    ],
    scopes: ['openid', ...people],
    ttl: { AccessToken: hour, ClientCredentials: hour, IdToken: hour, Grant: hour, Interaction: hour, Session: hour },
    findAccount: (_, id) => (accounts.includes(id)
      ? { accountId: id, claims: () => ({ sub: id }) }
      : undefined),
    extraTokenClaims: (_, token) => (token.kind === 'ClientCredentials' ? { roles: robots } : undefined),
    loadExistingGrant: firstParty,
    interactions: { policy, url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, name) => {
          if (!name.startsWith('api://')) throw new errors.InvalidTarget();
          return resource(name);
        },
      },
    },
  };
}
