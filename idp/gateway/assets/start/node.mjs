// npm install openid-client
import * as oidc from 'openid-client';

const secret = process.env.OIDC_CLIENT_SECRET;
const config = await oidc.discovery(new URL("@ISSUER@"), "@CLIENT_ID@", secret, oidc.@NODE_METHOD@(secret)@NODE_LOOPBACK@);

// The address to send the citizen to; keep `pending` in their session on your site.
export async function signIn() {
  const verifier = oidc.randomPKCECodeVerifier();
  const pending = { verifier, state: oidc.randomState(), nonce: oidc.randomNonce() };
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: "@REDIRECT_URI@",
    scope: "@SCOPE@",
    acr_values: "eidas1",
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  return { address: address.href, pending };
}

// At the redirect URI, with the whole address that the citizen came back to.
export async function signedIn(address, pending) {
  const tokens = await oidc.authorizationCodeGrant(config, new URL(address), {
    pkceCodeVerifier: pending.verifier,
    expectedState: pending.state,
    expectedNonce: pending.nonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (!["eidas1", "eidas2", "eidas3"].includes(claims.acr)) throw new Error("the level is too low");
  return oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
}
