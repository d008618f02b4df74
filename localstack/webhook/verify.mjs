// An opinion on signed requests that nobody here wrote: standardwebhooks reads one message from
// standard input, as JSON with secret, body and headers, and says whether it takes it.

import { readFileSync } from 'node:fs';

import { Webhook } from 'standardwebhooks';

const { secret, body, headers } = JSON.parse(readFileSync(0, 'utf8'));
try {
  new Webhook(secret).verify(body, headers);
  console.log('accepted');
} catch (error) {
  console.log(`refused: ${error.message}`);
}
