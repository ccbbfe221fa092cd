// A small site made with the unmodified npm package openid-client, for the homologation bench.
// What the library does not do by itself is done here: the level, the pages, the session of each browser.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import * as client from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env;
const base = `http://localhost:${PORT}`;

// without the second, signatures of tokens that came over TLS from the token endpoint are not verified
const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
const basic = client.ClientSecretBasic(CLIENT_SECRET);
const discovered = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, basic, { execute });
const pending = new Map();
const citizens = new Map();
let keys;

// The library reads keys again a minute after it did, at the earliest. Citizens of a real site come further apart than
// those of the bench: what was read for one is older than that for the next.
function aMinuteLater() {
  const config = new client.Configuration(discovered.serverMetadata(), CLIENT_ID, CLIENT_SECRET, basic);
  for (const apply of execute) apply(config);
  config.timeout = 3;
  if (keys) client.setJwksCache(config, { ...keys, uat: keys.uat - 61 });
  return config;
}

async function login(session) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  pending.set(session, { verifier, state, nonce });
  const to = client.buildAuthorizationUrl(discovered, {
    redirect_uri: `${base}/callback`,
    scope: 'openid profile',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    acr_values: 'eidas1',
  });
  return to.href;
}

async function callback(session, url) {
  const own = pending.get(session);
  pending.delete(session);
  if (!own) throw new Error('no login is under way');
  const config = aMinuteLater();
  const checks = { pkceCodeVerifier: own.verifier, expectedState: own.state, expectedNonce: own.nonce };
  const tokens = await client
    .authorizationCodeGrant(config, url, { ...checks, idTokenExpected: true })
    .finally(() => (keys = client.getJwksCache(config) ?? keys));
  const claims = tokens.claims();
  if (!['eidas1', 'eidas2', 'eidas3'].includes(claims.acr)) throw new Error('the level is too low');
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  citizens.set(session, { name: userinfo.family_name, idToken: tokens.id_token });
}

createServer(async (request, response) => {
  const url = new URL(request.url, base);
  const known = /session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
  const session = known ?? randomUUID();
  const cookie = { 'set-cookie': `session=${session}; Path=/; HttpOnly; SameSite=Lax` };
  const go = (to) => response.writeHead(303, { location: to, ...cookie }).end();
  const page = (status, text) =>
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...cookie }).end(`<p>${text}</p>`);
  try {
    if (url.pathname === '/login') return go(await login(session));
    if (url.pathname === '/callback') {
      await callback(session, url);
      return go('/');
    }
    if (url.pathname === '/logout') {
      const citizen = citizens.get(session);
      citizens.delete(session);
      if (!citizen) return go('/');
      const to = client.buildEndSessionUrl(discovered, {
        post_logout_redirect_uri: `${base}/bye`,
        id_token_hint: citizen.idToken,
        state: client.randomState(),
      });
      return go(to.href);
    }
    const citizen = citizens.get(session);
    return page(200, citizen ? `Bonjour ${citizen.name}` : 'Bonjour');
  } catch (error) {
    console.error(error.message);
    return page(error.name === 'TimeoutError' ? 504 : 400, 'Connexion impossible. <a href="/login">Recommencer</a>');
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(`listening on ${base}`));
