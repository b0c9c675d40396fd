"""Drives a running engine with boto3 and the AWS command line: from a machine's creation to its history.

usage: wire.py SAO DATA AWS
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import boto3

SAO, DATA, AWS = sys.argv[1:4]
DEFINITION = json.dumps(
    {
        "StartAt": "Greet",
        "States": {
            "Greet": {"Type": "Pass", "Parameters": {"text.$": "States.Format('Hello {}', $.name)"}, "Next": "Pause"},
            "Pause": {"Type": "Wait", "Seconds": 1, "Next": "Done"},
            "Done": {"Type": "Succeed"},
        },
    }
)
ROLE = "arn:aws:iam::123456789012:role/machine"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, probe, attempts=200):
    for _ in range(attempts):
        found = probe()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"{what}: did not happen")


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def up(port, public):
    arguments = [SAO, "up", "--listen", f"127.0.0.1:{port}", "--public-listen", f"127.0.0.1:{public}", "--data", DATA]
    server = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    eventually("listening", lambda: listening(port))
    return server


def main():
    pathlib.Path(DATA).mkdir(parents=True, exist_ok=True)
    port, public = free_port(), free_port()
    endpoint = f"http://127.0.0.1:{port}"
    server = up(port, public)
    try:
        sfn = boto3.client(
            "stepfunctions",
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        machine = sfn.create_state_machine(name="greeter", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
        again = sfn.create_state_machine(name="greeter", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
        assert machine == again, "the same request makes the same machine"
        execution = sfn.start_execution(stateMachineArn=machine, name="one", input='{"name": "boto3"}')["executionArn"]

        # A kill at a random moment loses nothing that was answered.
        server.send_signal(signal.SIGKILL)
        server.wait()
        server = up(port, public)
        ended = eventually("the execution ends", lambda: (d := sfn.describe_execution(executionArn=execution))["status"] != "RUNNING" and d)
        assert ended["status"] == "SUCCEEDED", ended
        assert json.loads(ended["output"]) == {"text": "Hello boto3"}, ended["output"]
        events = sfn.get_execution_history(executionArn=execution)["events"]
        kinds = [event["type"] for event in events]
        assert kinds[0] == "ExecutionStarted" and kinds[-1] == "ExecutionSucceeded", kinds
        try:
            sfn.start_execution(stateMachineArn=machine, name="one", input='{"name": "other"}')
            raise SystemExit("a name in use was taken again")
        except sfn.exceptions.ExecutionAlreadyExists:
            pass

        aws = [AWS, "stepfunctions", "--endpoint-url", endpoint, "--output", "json"]
        call = lambda *words: json.loads(subprocess.check_output([*aws, *words], env={**os.environ, **KEYS}) or b"null")
        assert machine in [m["stateMachineArn"] for m in call("list-state-machines")["stateMachines"]]
        started = call("start-execution", "--state-machine-arn", machine, "--input", '{"name": "aws"}')["executionArn"]
        describe = lambda: (d := call("describe-execution", "--execution-arn", started))["status"] != "RUNNING" and d
        assert eventually("the second execution ends", describe)["status"] == "SUCCEEDED"
        history = call("get-execution-history", "--execution-arn", started)["events"]
        assert [event["type"] for event in history] == kinds, "two runs, one history"
        call("delete-state-machine", "--state-machine-arn", machine)
    finally:
        server.terminate()
        server.wait()
    print(f"wire: {len(kinds)} events read with boto3 and with the AWS command line")


main()
