// A relying party's encryption key in the unmodified npm package jose.
// Prints the public key; then answers each line of JSON: {"decrypt": token} or {"encrypt": text, "to": jwk, "alg": name}.
import { createInterface } from 'node:readline/promises';
import * as jose from 'jose';

const { ALG } = process.env;
const { publicKey, privateKey } = await jose.generateKeyPair(ALG, { crv: 'P-256', extractable: true });
console.log(`KEY ${JSON.stringify(await jose.exportJWK(publicKey))}`);

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.decrypt) {
    const { plaintext, protectedHeader } = await jose.compactDecrypt(asked.decrypt, privateKey, {
      keyManagementAlgorithms: [ALG],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    const text = new TextDecoder().decode(plaintext);
    console.log(`READ ${JSON.stringify({ header: protectedHeader, text })}`);
  } else {
    const key = await jose.importJWK(asked.to, asked.alg);
    const token = await new jose.CompactEncrypt(new TextEncoder().encode(asked.encrypt))
      .setProtectedHeader({ alg: asked.alg, enc: 'A256GCM', cty: 'JWT', kid: asked.to.kid })
      .encrypt(key);
    console.log(`READ ${JSON.stringify({ text: token })}`);
  }
}
