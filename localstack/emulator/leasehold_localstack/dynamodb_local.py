"""Runs DynamoDB Local in memory, on 127.0.0.1 alone: <folder of its jars> <port> <heap>.

Its own command line listens on every address of the machine and has no option for that,
so its server is made here and told before it starts.
"""

import os
import re
import subprocess
import sys
import threading
import time

import jpype

# It lives for minutes: too few to be worth compiling it well.
OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.net.preferIPv4Stack=true")


def java_home() -> str:
    """The Java that `java` is, so that the one that was looked for is the one that runs."""
    told = subprocess.run(
        ["java", "-XshowSettings:properties", "-version"], capture_output=True, text=True, check=True
    )
    return re.search(r"java\.home = (.*)", told.stderr).group(1).strip()


def end_with_parent() -> None:
    """Ends this process when LocalStack, which started it, was killed and could not."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main(jars: str, port: str, heap: str) -> None:
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ["JAVA_HOME"] = java_home()
    jpype.startJVM(f"-Xmx{heap}", *OPTIONS, classpath=[os.path.join(jars, "*")])
    runner = jpype.JClass("software.amazon.dynamodb.services.local.main.ServerRunner")
    server = runner.createServerFromCommandLineArgs(["-inMemory", "-disableTelemetry", "-port", port])

    field = server.getClass().getDeclaredField("server")
    field.setAccessible(True)
    for connector in field.get(server).getConnectors():
        connector.setHost("127.0.0.1")

    server.start()
    server.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
