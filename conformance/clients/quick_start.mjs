// Runs the lines that the partners' space shows for the npm package openid-client, as they stand there.
// Prints the address to open; reads the address that the citizen came back to; prints what it learnt, as JSON.
import { createInterface } from 'node:readline/promises';

const { signIn, signedIn } = await import(process.env.LINES);
const { address, pending } = await signIn();
console.log(`OPEN ${address}`);

const input = createInterface({ input: process.stdin });
const back = (await input[Symbol.asyncIterator]().next()).value;
console.log(`LEARNT ${JSON.stringify({ userinfo: await signedIn(back, pending) })}`);
process.exit(0);
