"""A Lambda executor of LocalStack that runs `bootstrap` as a process of this machine.

One executor is one execution environment: started once, kept warm and stopped by LocalStack,
with one invocation at a time. There is no isolation: the process is LocalStack's user, and
has the memory and the disk of the machine. Layers and extensions are not supported.
"""

import json
import os
import shutil
import tempfile
import time
from concurrent.futures import TimeoutError as NoAnswer

from localstack import config
from localstack.aws.api.lambda_ import PackageType
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import (
    LambdaRuntimeException,
    RuntimeExecutor,
)

from leasehold_localstack.bootstrap import LOOPBACK, Bootstrap, Invocation

RUNTIMES = ("provided.al2", "provided.al2023")


class ProcessExecutor(RuntimeExecutor):
    """Runs the bootstrap of one execution environment."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self.folder = ""  # its own, with its log and its temporary files
        self.environment: dict[str, str] = {}
        self.bootstrap: Bootstrap | None = None
        self.stopped = False
        self.told = 0  # how much of the log is in the result of an invocation

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        spec = function_version.config
        if spec.package_type != PackageType.Zip or spec.runtime not in RUNTIMES:
            raise LambdaRuntimeException(f"only zip files for {', '.join(RUNTIMES)} run as a process")
        spec.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Leaves the unpacked code: it goes with LocalStack's temporary folder."""

    def get_address(self) -> str:
        return LOOPBACK

    def get_endpoint_from_executor(self) -> str:
        return LOOPBACK

    def get_runtime_endpoint(self) -> str:
        return f"http://{LOOPBACK}:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    def start(self, env_vars: dict[str, str]) -> None:
        self.folder = tempfile.mkdtemp(prefix="function-")
        self.environment = {name: str(value) for name, value in env_vars.items()}
        self._start()

    def stop(self) -> None:
        self.stopped = True
        if self.bootstrap:
            self.bootstrap.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def get_logs(self) -> str:
        return self._log(0).decode(errors="replace")

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        if not self.bootstrap.running():  # Lambda, too, starts anew after a crash or a time-out
            self.bootstrap.end()
            self._start()

        id, limit = payload["invoke-id"], self.function_version.config.timeout
        invocation = Invocation(
            id=id,
            event=payload["payload"].encode(),
            arn=payload["invoked-function-arn"],
            trace=payload["trace-id"],
            deadline_ms=int((time.time() + limit) * 1000),
        )
        began = time.monotonic()
        self.bootstrap.hand(invocation)
        try:
            is_error, body = invocation.answered.result(limit)
        except NoAnswer:
            self.bootstrap.end()
            message = f"{id} Task timed out after {limit:.2f} seconds"
            is_error, body = True, json.dumps({"errorMessage": message}).encode()
        took = 1000 * (time.monotonic() - began)

        # Whatever it printed before it answered is in the file by now.
        printed = self._log(self.told)
        self.told += len(printed)
        logs = (
            f"START RequestId: {id} Version: {self.function_version.id.qualifier}\n"
            f"{printed.decode(errors='replace')}"
            f"END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {took:.2f} ms\n"
        )
        return InvocationResult(id, body, is_error=is_error, logs=logs)

    def _start(self) -> None:
        if self.stopped:
            raise LambdaRuntimeException("this execution environment is stopped")
        code = str(self.function_version.config.code.get_unzipped_code_location())
        try:
            self.bootstrap = Bootstrap(
                code,
                {
                    "PATH": os.environ.get("PATH", ""),
                    "TMPDIR": self.folder,
                    **self.environment,
                    "LAMBDA_TASK_ROOT": code,
                    "LAMBDA_RUNTIME_DIR": code,
                },
                self._log_file(),
            )
        except OSError as e:
            error = {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": str(e)}
            raise StatusErrorException("there is no bootstrap", json.dumps(error).encode()) from e

        # LocalStack limits this: it stops an environment that takes too long to start.
        if error := self.bootstrap.ready.result():
            self.bootstrap.end()
            raise StatusErrorException("bootstrap did not start", error)

    def _log_file(self) -> str:
        return os.path.join(self.folder, "log")

    def _log(self, since: int) -> bytes:
        try:
            with open(self._log_file(), "rb") as log:
                log.seek(since)
                return log.read()
        except FileNotFoundError:
            return b""
