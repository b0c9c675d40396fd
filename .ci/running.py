"""What the checks of the built binary share: free ports, waiting for what is to happen, and `sao up` started, killed and stopped.

A process is ended through the handle that started it, never by its name.
"""

import os
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, probe, seconds=60):
    """What `probe` finds, which is looked for until it is there."""
    for _ in range(seconds * 10):
        found = probe()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"{what}: did not happen")


def start(port, command, stderr=None, **variables):
    """A command that listens on a port of loopback, once it does; with these variables added to the environment."""
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, env={**os.environ, **variables})
    eventually(f"{command[0]} listens", lambda: listening(port))
    return server


def up(sao, port, data, *arguments, **variables):
    """`sao up` with its API on a port, and the approval pages on any."""
    pages = f"127.0.0.1:{free_port()}"
    command = [sao, "up", "--listen", f"127.0.0.1:{port}", "--public-listen", pages, "--data", str(data), *arguments]
    return start(port, command, **variables)


def stop(*processes):
    for process in processes:
        process.terminate()
    return [process.wait(timeout=60) for process in processes]


def kill(process):
    process.kill()
    process.wait()


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ended(sfn, execution):
    """The description of an execution, once it has ended."""
    describe = lambda: (d := sfn.describe_execution(executionArn=execution))["status"] != "RUNNING" and d
    return eventually(f"the end of {execution}", describe)
