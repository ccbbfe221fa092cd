// Verifies a signed token with the unmodified npm package jose: what is asked comes as JSON on standard input, the
// claims go to standard output; a token that is refused ends the program with the reason.
import { text } from 'node:stream/consumers';
import { createLocalJWKSet, jwtVerify } from 'jose';

const { token, jwks, alg, iss, aud } = JSON.parse(await text(process.stdin));
try {
  const expected = { algorithms: [alg], issuer: iss, audience: aud };
  const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), expected);
  console.log(JSON.stringify(payload));
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exit(1);
}
