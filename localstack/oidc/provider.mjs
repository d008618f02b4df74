// The OpenID provider of a local stack, on an address and with a robot's secret
// that its environment names: HOST, PORT, AUDIENCE, ROBOT_SECRET, PORTAL (where the
// pages are come back to, with spaces between).

import Provider from 'oidc-provider';

import { configuration } from './config.mjs';
import { signIn } from './signin.mjs';

const { HOST, PORT, AUDIENCE, ROBOT_SECRET, PORTAL } = process.env;

const provider = new Provider(`http://${HOST}:${PORT}`, configuration({
  audience: AUDIENCE,
  robotSecret: ROBOT_SECRET,
  portals: PORTAL.split(' '),
}));
provider.use(signIn(provider));
provider.on('server_error', (_, error) => console.error(error));

const server = provider.listen(Number(PORT), HOST);
process.on('SIGTERM', () => { server.close(); server.closeAllConnections(); });
