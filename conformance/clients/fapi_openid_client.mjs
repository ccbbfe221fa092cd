// A relying party under FAPI 2.0 made with the unmodified npm package openid-client: pushed request, private_key_jwt,
// DPoP with the nonces of the server, refresh. Speaks like relying_party.mjs.
import { createInterface } from 'node:readline/promises';
import * as client from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_KEY, CLIENT_KEY_ID, REDIRECT_URI, SCOPE, RESPONSE_MODE } = process.env;

const der = Buffer.from(CLIENT_KEY.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64');
const key = await crypto.subtle.importKey('pkcs8', der, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
const config = await client.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  { id_token_signed_response_alg: 'ES256', authorization_signed_response_alg: 'ES256' },
  client.PrivateKeyJwt({ key, kid: CLIENT_KEY_ID }),
  { execute: [client.allowInsecureRequests] },
);
if (RESPONSE_MODE === 'jwt') client.useJwtResponseMode(config);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));

const verifier = client.randomPKCECodeVerifier();
const [state, nonce] = [client.randomState(), client.randomNonce()];
const address = await client.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    acr_values: 'eidas1',
    prompt: 'consent',
  },
  { DPoP },
);
console.log(`OPEN ${address.href}`);

const input = createInterface({ input: process.stdin });
const back = (await input[Symbol.asyncIterator]().next()).value;
const tokens = await client.authorizationCodeGrant(
  config,
  new URL(back),
  { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
  undefined,
  { DPoP },
);
const idToken = tokens.claims();
await client.fetchUserInfo(config, tokens.access_token, idToken.sub, { DPoP });
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
const userinfo = await client.fetchUserInfo(config, refreshed.access_token, idToken.sub, { DPoP });
const learnt = { id_token: idToken, refreshed: refreshed.claims(), token_type: refreshed.token_type, userinfo };
console.log(`LEARNT ${JSON.stringify(learnt)}`);
process.exit(0);
