"""One process of a function's bootstrap, and the Runtime API that it asks for work.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import os
import subprocess
import threading
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

LOOPBACK = "127.0.0.1"
RUNTIME = "/2018-06-01/runtime"


@dataclass
class Invocation:
    """One event for the function; answered is (is it an error, the body)."""

    id: str
    event: bytes
    arn: str
    trace: str
    deadline_ms: int
    answered: Future = field(default_factory=Future)


def settle(future: Future, value) -> bool:
    """Sets a result, and tells whether it is the first: later ones count for nothing."""
    try:
        future.set_result(value)
    except InvalidStateError:
        return False
    return True


class Bootstrap:
    """Starts the process; what it prints goes to the end of the log file."""

    def __init__(self, code: str, environment: dict[str, str], log: str) -> None:
        self.ready: Future = Future()  # None, or the error that kept it from starting
        self.next: SimpleQueue[Invocation | None] = SimpleQueue()  # None: there are no more
        self.current: Invocation | None = None

        self.api = ThreadingHTTPServer((LOOPBACK, 0), RuntimeAPI)
        self.api.daemon_threads = True
        self.api.bootstrap = self
        environment = environment | {"AWS_LAMBDA_RUNTIME_API": f"{LOOPBACK}:{self.api.server_port}"}
        try:
            with open(log, "ab") as output:
                # In LocalStack's process group: whoever ends the group ends this too.
                self.process = subprocess.Popen(
                    [os.path.join(code, "bootstrap")],
                    cwd=code,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                )
        except OSError:
            self.api.server_close()
            raise
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        threading.Thread(target=self._wait, daemon=True).start()

    def hand(self, invocation: Invocation) -> None:
        """Gives the process its next event. If it has ended, or ends, that is the answer."""
        self.current = invocation
        self.next.put(invocation)
        if self.process.poll() is not None:
            self._fail()

    def running(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """Kills the process, as Lambda does, and closes its API."""
        self.process.kill()
        self.process.wait()
        self.next.put(None)
        self.api.shutdown()
        self.api.server_close()

    def _wait(self) -> None:
        self.process.wait()
        self._fail()

    def _fail(self) -> None:
        status = self.process.returncode
        how = f"signal: {-status}" if status < 0 else f"exit status {status}"
        current = self.current
        message = f"RequestId: {current.id if current else ''} Error: Runtime exited with error: {how}"
        error = json.dumps({"errorType": "Runtime.ExitError", "errorMessage": message}).encode()
        settle(self.ready, error)
        if current:
            settle(current.answered, (True, error))


class RuntimeAPI(BaseHTTPRequestHandler):
    """What the process asks of us."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet: written in two it would wait 40 ms for the first's receipt

    def do_GET(self) -> None:
        bootstrap = self.server.bootstrap
        if self.path != RUNTIME + "/invocation/next":
            return self._answer(404)

        settle(bootstrap.ready, None)  # it asks for work: it has started
        invocation = bootstrap.next.get()
        if invocation is None:
            return self._answer(410)
        self._answer(
            200,
            invocation.event,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
                "Lambda-Runtime-Trace-Id": invocation.trace,
            },
        )

    def do_POST(self) -> None:
        bootstrap = self.server.bootstrap
        body = self._body()
        if self.path == RUNTIME + "/init/error":
            settle(bootstrap.ready, body)
            return self._answer(202)

        current = bootstrap.current
        address = f"{RUNTIME}/invocation/{current.id}/" if current else ""
        if self.path not in (address + "response", address + "error"):
            return self._answer(400, b'{"errorType":"InvalidRequestID"}')
        settle(current.answered, (self.path.endswith("/error"), body))
        self._answer(202)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(chunks)

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True  # it has ended, which _wait says

    def log_message(self, *args) -> None:
        """Says nothing: LocalStack logs the invocation."""
