// An upstream identity provider made with the unmodified npm package oidc-provider: one person, one client.
import { createServer } from 'node:http';
import { createHash } from 'node:crypto';
import Provider from 'oidc-provider';

const { ISSUER, PORT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, PERSON } = process.env;
const person = JSON.parse(PERSON);
const passwordDigest = createHash('sha256').update(process.env.PASSWORD).digest('hex');

const provider = new Provider(ISSUER, {
  clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [REDIRECT_URI] }],
  claims: {
    openid: ['sub', 'acr'],
    profile: ['given_name', 'family_name', 'birthdate', 'gender', 'preferred_username'],
    birth: ['birthplace', 'birthcountry'],
    email: ['email'],
  },
  acrValues: ['eidas1'],
  cookies: { keys: [CLIENT_SECRET] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...person.claims }) }),
  loadExistingGrant: async (context) => {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope('openid profile birth email');
    await grant.save();
    return grant;
  },
});

const page = (uid) => `<!doctype html><html lang="fr"><title>Connexion</title><main data-page="login">
<form method="post" action="/interaction/${uid}" data-step="login"><label>Identifiant <input name="username"></label>
<label>Mot de passe <input name="password" type="password"></label>
<button name="action" value="sign-in">Se connecter</button></form></main></html>`;

const read = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString());
};

const callback = provider.callback();
createServer(async (request, response) => {
  if (!request.url.startsWith('/interaction/')) return callback(request, response);
  const { uid } = await provider.interactionDetails(request, response);
  if (request.method === 'GET') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    return response.end(page(uid));
  }
  const form = await read(request);
  const digest = createHash('sha256').update(form.get('password') ?? '').digest('hex');
  const known = form.get('username') === person.username && digest === passwordDigest;
  const result = known
    ? { login: { accountId: person.username, acr: 'eidas1', amr: ['pwd'] } }
    : { error: 'access_denied', error_description: 'wrong name or password' };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}).listen(Number(PORT), '127.0.0.1', () => console.log(`listening on ${ISSUER}`));
