"""Drives a running engine with boto3 and the AWS command line: from a machine's creation to its history.

usage: wire.py SAO DATA AWS
"""

import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import boto3
import botocore.config

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
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": LogDouble.endpoint}
    server = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, env=environment)
    eventually("listening", lambda: listening(port))
    return server


class LogDouble(http.server.BaseHTTPRequestHandler):
    """CloudWatch Logs, as far as the engine asks for it: what is put is kept, by log group."""

    endpoint = ""
    put = {}

    @classmethod
    def listen(cls):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), cls)
        cls.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        missing = body["logGroupName"] == "missing"
        if self.headers["X-Amz-Target"] == "Logs_20140328.PutLogEvents":
            assert body["logStreamName"].startswith("states/"), body
            self.put.setdefault(body["logGroupName"], []).extend(json.loads(event["message"]) for event in body["logEvents"])
        answer = b'{"__type":"ResourceNotFoundException","message":"no such group"}' if missing else b"{}"
        self.send_response(400 if missing else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def logging_to(group, level="ALL"):
    arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:{group}:*"
    return {"level": level, "includeExecutionData": True, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}


def refused(code, call):
    try:
        call()
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise SystemExit(f"{code}: was not refused")


def redrives(sfn):
    """An execution that was stopped goes on, and counts it."""
    nap = json.dumps({"StartAt": "Nap", "States": {"Nap": {"Type": "Wait", "Seconds": 1, "End": True}}})
    machine = sfn.create_state_machine(name="napper", definition=nap, roleArn=ROLE)["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    describe = lambda: sfn.describe_execution(executionArn=execution)
    assert describe()["redriveStatus"] == "NOT_REDRIVABLE"
    sfn.stop_execution(executionArn=execution, error="Enough")
    assert describe()["redriveStatus"] == "REDRIVABLE"
    sfn.redrive_execution(executionArn=execution)
    ended = eventually("the redriven execution ends", lambda: (d := describe())["status"] != "RUNNING" and d)
    assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 1) and "redriveDate" in ended, ended
    events = sfn.get_execution_history(executionArn=execution)["events"]
    redriven = [event for event in events if event["type"] == "ExecutionRedriven"]
    assert [event["executionRedrivenEventDetails"] for event in redriven] == [{"redriveCount": 1}], events
    backwards = sfn.get_paginator("get_execution_history").paginate(
        executionArn=execution, reverseOrder=True, includeExecutionData=False, PaginationConfig={"PageSize": 2}
    )
    ids = [event["id"] for page in backwards for event in page["events"]]
    assert ids == list(range(len(events), 0, -1)), ids
    refused("ExecutionNotRedrivable", lambda: sfn.redrive_execution(executionArn=execution))


def expresses(endpoint):
    """An Express execution answers its caller, and leaves its history in its log group only."""
    here = botocore.config.Config(inject_host_prefix=False)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1"}
    sfn = boto3.client("stepfunctions", endpoint_url=endpoint, config=here, **keys)
    quick = json.dumps({"StartAt": "Quick", "States": {"Quick": {"Type": "Pass", "End": True}}})
    express = {"definition": quick, "roleArn": ROLE, "type": "EXPRESS"}
    create = lambda group: sfn.create_state_machine(name="quick", loggingConfiguration=logging_to(group), **express)
    why = refused("InvalidLoggingConfiguration", lambda: create("missing"))
    assert why == "Invalid Logging Configuration: Log Destination not found.", why
    machine = create("/aws/vendedlogs/quick")["stateMachineArn"]
    ended = sfn.start_sync_execution(stateMachineArn=machine, name="one", input='{"a": 1}')
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"a": 1}), ended
    assert ended["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}, ended
    execution = ended["executionArn"]
    assert execution.startswith("arn:aws:states:eu-west-1:123456789012:express:quick:one:"), execution
    refused("InvalidArn", lambda: sfn.describe_execution(executionArn=execution))
    refused("StateMachineTypeNotSupported", lambda: sfn.list_executions(stateMachineArn=machine))
    logged = lambda: (put := LogDouble.put.get("/aws/vendedlogs/quick", [])) and len(put) >= 4 and put
    events = eventually("the events are logged", logged)
    kinds = [event["type"] for event in events]
    assert kinds == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"], kinds
    assert all(event["execution_arn"] == execution for event in events), events
    assert json.loads(events[0]["details"]["input"]) == {"a": 1}, events[0]


def main():
    LogDouble.listen()
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
        redrives(sfn)
        expresses(endpoint)
    finally:
        server.terminate()
        server.wait()
    print(f"wire: {len(kinds)} events read with boto3 and with the AWS command line")


main()
