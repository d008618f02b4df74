// A SCIM 2.0 target of another make than scim2-server, which the SCIM connector is
// tested against: scimmy on 127.0.0.1, behind a bearer token. Its environment names
// PORT and TOKEN. What is stored is what scimmy hands over, checked no further, so that
// its habits stay its own: a member who is added twice is there twice.

import { randomUUID } from 'node:crypto';

import express from 'express';
import SCIMMY from 'scimmy';
import Routers from 'scimmy-routers';

const { PORT, TOKEN } = process.env;
const { Resources, Types } = SCIMMY;

// serve keeps the resources of one type in memory.
function serve(Resource) {
  const stored = new Map();
  const get = (id) => {
    if (!stored.has(id)) throw new Types.Error(404, null, `Resource ${id} not found`);
    return stored.get(id);
  };

  Resources.declare(Resource, {
    egress: ({ id, filter }) => {
      if (id) return get(id);
      const all = [...stored.values()];
      return filter ? filter.match(all) : all;
    },
    ingress: ({ id }, written) => {
      const now = new Date().toISOString();
      const created = id ? get(id).meta.created : now;
      const resource = { ...written, id: id ?? randomUUID(), meta: { created, lastModified: now } };
      stored.set(resource.id, resource);
      return resource;
    },
    degress: ({ id }) => {
      get(id);
      stored.delete(id);
    },
  });
}

serve(Resources.User);
serve(Resources.Group);

const app = express();
app.use('/v2', new Routers({
  type: 'bearer',
  handler: (request) => {
    if (request.header('Authorization') !== `Bearer ${TOKEN}`) throw new Error('no valid token');
  },
}));
app.listen(Number(PORT), '127.0.0.1');

// Nothing is kept, so it may end at once. The pipe from whoever started it closes with
// him, however he ended.
process.on('SIGTERM', () => process.exit());
process.stdin.on('close', () => process.exit()).resume();
