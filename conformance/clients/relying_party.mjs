// A relying party made with the unmodified npm package openid-client.
// Prints the address to open; reads the address that the citizen came back to; prints what it learnt, as JSON.
import { createInterface } from 'node:readline/promises';
import * as client from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE } = process.env;

const config = await client.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  CLIENT_SECRET,
  client.ClientSecretBasic(CLIENT_SECRET),
  { execute: [client.allowInsecureRequests] },
);
const verifier = client.randomPKCECodeVerifier();
const [state, nonce] = [client.randomState(), client.randomNonce()];
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: REDIRECT_URI,
  scope: SCOPE,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
  acr_values: 'eidas1',
});
console.log(`OPEN ${address.href}`);

const input = createInterface({ input: process.stdin });
const back = (await input[Symbol.asyncIterator]().next()).value;
const tokens = await client.authorizationCodeGrant(config, new URL(back), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const idToken = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, idToken.sub);
console.log(`LEARNT ${JSON.stringify({ id_token: idToken, userinfo })}`);
process.exit(0);
