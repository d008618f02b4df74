"""The plugins by which LocalStack is given what is in this package."""

import os
import sys

from localstack.runtime import hooks
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin

JARS = "LEASEHOLD_DYNAMODB_JARS"  # the folder with DynamoDB Local


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """Runs functions as local processes, with LAMBDA_RUNTIME_EXECUTOR=process."""

    name = "process"

    def load(self, *args, **kwargs):
        from leasehold_localstack.executor import ProcessExecutor

        return ProcessExecutor


@hooks.on_infra_start(should_load=lambda: JARS in os.environ)
def use_installed_dynamodb_local() -> None:
    """Has LocalStack start the DynamoDB Local on disk.

    It would download one and a Java of its own, in whatever version is offered that day.
    """
    from localstack.services.dynamodb.packages import DynamoDBLocalPackageInstaller
    from localstack.services.dynamodb.server import DynamodbServer

    def command(server: DynamodbServer) -> list[str]:
        module = "leasehold_localstack.dynamodb_local"
        return [sys.executable, "-m", module, os.environ[JARS], str(server.port), server.heap_size]

    DynamodbServer._create_shell_command = command
    DynamoDBLocalPackageInstaller.install = lambda self, target=None: None
    DynamoDBLocalPackageInstaller.get_java_env_vars = lambda self: {}


@hooks.on_infra_start()
def listen_on_loopback() -> None:
    """Has LocalStack listen where GATEWAY_LISTEN says, of which it only takes the port."""
    from twisted.internet import endpoints

    class Loopback(endpoints.TCP4ServerEndpoint):
        def __init__(self, reactor, port, backlog=50, interface="127.0.0.1"):
            super().__init__(reactor, port, backlog, interface)

    endpoints.TCP4ServerEndpoint = Loopback
