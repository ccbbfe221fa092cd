// A relying party under FAPI 2.0 made with the unmodified npm package oauth4webapi, which leaves each step, and each
// retry with a nonce, to its user. Speaks like relying_party.mjs.
import { createInterface } from 'node:readline/promises';
import * as oauth from 'oauth4webapi';

const { ISSUER, CLIENT_ID, CLIENT_KEY, CLIENT_KEY_ID, REDIRECT_URI, SCOPE, RESPONSE_MODE } = process.env;

const options = { [oauth.allowInsecureRequests]: true }; // loopback only
const issuer = new URL(ISSUER);
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
const client = {
  client_id: CLIENT_ID,
  id_token_signed_response_alg: 'ES256',
  authorization_signed_response_alg: 'ES256',
};
const der = Buffer.from(CLIENT_KEY.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64');
const key = await crypto.subtle.importKey('pkcs8', der, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
const own = oauth.PrivateKeyJwt({ key, kid: CLIENT_KEY_ID });
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));

let asked = 0;
const retried = async (request, read) => {
  try {
    return await read(await request());
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    asked += 1;
    return read(await request());
  }
};

const verifier = oauth.generateRandomCodeVerifier();
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
const parameters = {
  response_type: 'code',
  redirect_uri: REDIRECT_URI,
  scope: SCOPE,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
  acr_values: 'eidas1',
  prompt: 'consent',
  ...(RESPONSE_MODE === 'jwt' ? { response_mode: 'jwt' } : {}),
};
const pushed = await retried(
  () => oauth.pushedAuthorizationRequest(as, client, own, parameters, { ...options, DPoP }),
  (answer) => oauth.processPushedAuthorizationResponse(as, client, answer),
);
const address = new URL(as.authorization_endpoint);
address.searchParams.set('client_id', CLIENT_ID);
address.searchParams.set('request_uri', pushed.request_uri);
console.log(`OPEN ${address.href}`);

const input = createInterface({ input: process.stdin });
const back = new URL((await input[Symbol.asyncIterator]().next()).value);
const response = RESPONSE_MODE === 'jwt'
  ? await oauth.validateJwtAuthResponse(as, client, back, state, options)
  : oauth.validateAuthResponse(as, client, back, state);
// The library leaves the signature of a token that came over TLS alone unless it is asked.
const signed = async (answer, tokens) => {
  const read = await tokens;
  await oauth.validateApplicationLevelSignature(as, answer, options);
  return read;
};
const tokens = await retried(
  () => oauth.authorizationCodeGrantRequest(as, client, own, response, REDIRECT_URI, verifier, { ...options, DPoP }),
  (answer) => signed(
    answer,
    oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce: nonce, requireIdToken: true }),
  ),
);
const idToken = oauth.getValidatedIdTokenClaims(tokens);
const refreshed = await retried(
  () => oauth.refreshTokenGrantRequest(as, client, own, tokens.refresh_token, { ...options, DPoP }),
  (answer) => signed(answer, oauth.processRefreshTokenResponse(as, client, answer)),
);
const userinfo = await retried(
  () => oauth.userInfoRequest(as, client, refreshed.access_token, { ...options, DPoP }),
  (answer) => oauth.processUserInfoResponse(as, client, idToken.sub, answer),
);
const learnt = {
  id_token: idToken,
  refreshed: oauth.getValidatedIdTokenClaims(refreshed),
  token_type: refreshed.token_type,
  userinfo,
  asked,
};
console.log(`LEARNT ${JSON.stringify(learnt)}`);
process.exit(0);
