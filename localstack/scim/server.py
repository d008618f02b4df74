"""The SCIM 2.0 target of a local stack: scim2-server on 127.0.0.1, behind a bearer token.

It serves from memory, as the command scim2-server does. Unlike it, it starts from
the file KEPT where there is one and writes that file when it is told to stop, so a
target that was down for a while comes back with its people, its groups and their ids.
"""

import itertools
import json
import os
import signal
import socketserver
import threading
import time
from wsgiref.simple_server import WSGIServer, make_server

from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider


class Server(socketserver.ThreadingMixIn, WSGIServer):
    """A thread for each connection; none of them outlives the server."""

    daemon_threads = True


def load(storage, provider, path):
    """Fill the storage with what an earlier server wrote."""
    if not os.path.exists(path):
        return
    with open(path) as file:
        storage.resources = [
            provider.model_for(each["meta"]["resourceType"]).model_validate(each)
            for each in json.load(file)
        ]


def keep(storage, path):
    """Write what the storage holds, readable by its owner only."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([each.model_dump() for each in storage.resources], file, indent=1)


def main():
    provider = load_default_provider()
    storage = InMemoryStorage()
    # Counted from now, so that no ETag of an earlier server is given out again.
    storage.versions = itertools.count(time.time_ns())
    load(storage, provider, os.environ["KEPT"])

    application = BearerTokenApplication(storage, provider, bearer_tokens=[os.environ["TOKEN"]])
    address = os.environ["HOST"], int(os.environ["PORT"])
    with make_server(*address, application, server_class=Server) as server:
        # shutdown waits for the loop, so it has to be called from beside it.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever()

    keep(storage, os.environ["KEPT"])


main()
