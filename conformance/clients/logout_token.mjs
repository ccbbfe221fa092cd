// Verifies a logout token with the unmodified npm package jose, as OIDC Back-Channel Logout §2.6 says.
// Prints its claims, as JSON.
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { ISSUER, JWKS_URI, CLIENT_ID, TOKEN } = process.env;

const { payload } = await jwtVerify(TOKEN, createRemoteJWKSet(new URL(JWKS_URI)), {
  issuer: ISSUER,
  audience: CLIENT_ID,
  typ: 'logout+jwt',
  maxTokenAge: '2m',
  requiredClaims: ['iss', 'aud', 'iat', 'exp', 'jti', 'events'],
});
console.log(JSON.stringify(payload));
