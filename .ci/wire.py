"""Drives a running engine with boto3 and the AWS command line: from a machine's creation to its history.

usage: wire.py SAO DATA AWS
"""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading

import boto3
from botocore.config import Config

import running
from running import ended, eventually, free_port

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


def up(port):
    return running.up(SAO, port, DATA, **KEYS, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=LogDouble.endpoint)


def task(resource, **fields):
    return {"Type": "Task", "Resource": resource, "End": True, **fields}


def machine_of(**states):
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def refused(error, call, **arguments):
    """The message with which a call is refused as this error."""
    try:
        call(**arguments)
    except error as refusal:
        return refusal.response["Error"]["Message"]
    raise SystemExit(f"not refused as {error.__name__}: {arguments}")


def check_versions_and_aliases(sfn):
    first = machine_of(One={"Type": "Pass", "Result": 1, "End": True})
    made = sfn.create_state_machine(name="versioned", definition=first, roleArn=ROLE, publish=True, versionDescription="one")
    machine, one = made["stateMachineArn"], made["stateMachineVersionArn"]
    assert one == f"{machine}:1", made
    second = machine_of(Two={"Type": "Pass", "Result": 2, "End": True})
    updated = sfn.update_state_machine(stateMachineArn=machine, definition=second)
    two = sfn.publish_state_machine_version(stateMachineArn=machine, revisionId=updated["revisionId"])["stateMachineVersionArn"]
    again = sfn.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    assert two == again == f"{machine}:2", (two, again)
    listed = [v["stateMachineVersionArn"] for v in sfn.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]]
    assert listed == [two, one], listed
    shown = sfn.describe_state_machine(stateMachineArn=one)
    assert (shown["definition"], shown["description"]) == (first, "one"), shown

    route = lambda *weights: [{"stateMachineVersionArn": v, "weight": w} for v, w in zip([one, two], weights) if w]
    alias = sfn.create_state_machine_alias(name="LIVE", routingConfiguration=route(100, 0))["stateMachineAliasArn"]
    run = ended(sfn, sfn.start_execution(stateMachineArn=alias)["executionArn"])
    assert (run["output"], run["stateMachineAliasArn"], run["stateMachineVersionArn"]) == ("1", alias, one), run
    sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=route(50, 50))
    assert sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"] == route(50, 50)
    by_alias = sfn.list_executions(stateMachineArn=alias)["executions"]
    assert [e["executionArn"] for e in by_alias] == [run["executionArn"]], by_alias
    sum_of = refused(sfn.exceptions.ValidationException, sfn.create_state_machine_alias, name="OTHER", routingConfiguration=route(10, 20))
    assert sum_of == "Sum of routing configuration weights must equal 100. Received: [10, 20]", sum_of
    held = refused(sfn.exceptions.ConflictException, sfn.delete_state_machine_version, stateMachineVersionArn=one)
    assert held.endswith("Current list of aliases referencing this version: [LIVE]"), held
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    sfn.delete_state_machine_version(stateMachineVersionArn=one)
    gone = refused(sfn.exceptions.StateMachineDoesNotExist, sfn.describe_state_machine, stateMachineArn=one)
    assert gone == f"State Machine Does Not Exist: '{one}'", gone


def check_tags(sfn):
    activity = sfn.create_activity(name="tagged", tags=[{"key": "team", "value": "ops"}])["activityArn"]
    sfn.tag_resource(resourceArn=activity, tags=[{"key": "team", "value": "dev"}, {"key": "cost", "value": "7"}])
    sfn.untag_resource(resourceArn=activity, tagKeys=["cost"])
    assert sfn.list_tags_for_resource(resourceArn=activity)["tags"] == [{"key": "team", "value": "dev"}]
    unknown = activity.replace("tagged", "nobody")
    missing = refused(sfn.exceptions.ResourceNotFound, sfn.list_tags_for_resource, resourceArn=unknown)
    assert missing == f"Resource not found: '{unknown}'", missing


def check_activities(sfn):
    activity = sfn.create_activity(name="work")["activityArn"]
    machine = sfn.create_state_machine(name="worked", definition=machine_of(Work=task(activity)), roleArn=ROLE)["stateMachineArn"]
    seen = []

    def worker():
        # It polls before there is work, and twice: one task succeeds, one fails.
        for _ in range(2):
            got = sfn.get_activity_task(activityArn=activity, workerName="w")
            seen.append(json.loads(got["input"]))
            sfn.send_task_heartbeat(taskToken=got["taskToken"])
            if seen[-1]["good"]:
                sfn.send_task_success(taskToken=got["taskToken"], output='{"done": true}')
            else:
                sfn.send_task_failure(taskToken=got["taskToken"], error="Bad", cause="not today")

    polling = threading.Thread(target=worker, daemon=True)
    polling.start()
    good, bad = (
        ended(sfn, sfn.start_execution(stateMachineArn=machine, input=json.dumps({"good": way}))["executionArn"])
        for way in (True, False)
    )
    polling.join(timeout=10)
    assert seen == [{"good": True}, {"good": False}], seen
    assert (good["status"], good["output"]) == ("SUCCEEDED", '{"done": true}'), good
    assert (bad["status"], bad["error"], bad["cause"]) == ("FAILED", "Bad", "not today"), bad
    kinds = [e["type"] for e in sfn.get_execution_history(executionArn=good["executionArn"])["events"]]
    assert kinds[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"], kinds
    token = refused(sfn.exceptions.InvalidToken, sfn.send_task_success, taskToken="t", output="{}")
    assert token == "Invalid Token: 'Invalid token'", token
    sfn.delete_activity(activityArn=activity)
    gone = refused(sfn.exceptions.ActivityDoesNotExist, sfn.describe_activity, activityArn=activity)
    assert gone == f"Activity Does Not Exist: '{activity}'", gone


def check_map_run(sfn):
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Item"}
    processor["States"] = {"Item": {"Type": "Pass", "End": True}}
    mapped = machine_of(Each={"Type": "Map", "Label": "Each", "MaxConcurrency": 2, "ItemProcessor": processor, "End": True})
    machine = sfn.create_state_machine(name="mapped", definition=mapped, roleArn=ROLE)["stateMachineArn"]
    run = ended(sfn, sfn.start_execution(stateMachineArn=machine, input="[1, 2, 3]")["executionArn"])
    assert (run["status"], json.loads(run["output"])) == ("SUCCEEDED", [1, 2, 3]), run
    [item] = sfn.list_map_runs(executionArn=run["executionArn"])["mapRuns"]
    described = sfn.describe_map_run(mapRunArn=item["mapRunArn"])
    counts = described["itemCounts"]
    assert (described["status"], counts["total"], counts["succeeded"]) == ("SUCCEEDED", 3, 3), described
    children = sfn.get_paginator("list_executions").paginate(mapRunArn=item["mapRunArn"], PaginationConfig={"PageSize": 2})
    children = [child for page in children for child in page["executions"]]
    assert len(children) == 3 and {c["stateMachineArn"] for c in children} == {f"{machine}/Each"}, children
    of_child = sfn.describe_state_machine_for_execution(executionArn=children[0]["executionArn"])
    assert (of_child["mapRunArn"], of_child["label"]) == (item["mapRunArn"], "Each"), of_child


def check_diagnosis(sfn):
    good = sfn.validate_state_machine_definition(definition=DEFINITION)
    assert (good["result"], good["diagnostics"], good["truncated"]) == ("OK", [], False), good
    lost = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Z"}}})
    bad = sfn.validate_state_machine_definition(definition=lost, maxResults=1)
    first = {"severity": "ERROR", "code": "MISSING_TRANSITION_TARGET", "message": "Missing 'Next' target: Z", "location": "/States/A/Next"}
    assert (bad["result"], bad["diagnostics"], bad["truncated"]) == ("FAIL", [first], True), bad
    said = refused(sfn.exceptions.InvalidDefinition, sfn.create_state_machine, name="lost", definition=lost, roleArn=ROLE)
    assert said.startswith("Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/A/Next"), said


def check_test_state(client):
    # The SDKs put `sync-` before the host of this action; a loopback address has no such name.
    sfn = client(Config(inject_host_prefix=False))
    state = json.dumps({"Type": "Pass", "Parameters": {"n.$": "$.a"}, "Next": "After"})
    seen = sfn.test_state(definition=state, input='{"a": 1}', inspectionLevel="DEBUG")
    assert (seen["status"], seen["output"], seen["nextState"]) == ("SUCCEEDED", '{"n":1}', "After"), seen
    assert seen["inspectionData"]["afterParameters"] == '{"n":1}', seen
    call = json.dumps(task("arn:aws:states:::lambda:invoke", Parameters={"FunctionName": "f"}, Retry=[{"ErrorEquals": ["Busy"]}]))
    inner = {"Type": "Pass", "Parameters": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}, "End": True}
    block = {"StartAt": "Inner", "States": {"Inner": inner}}
    machine = machine_of(Outer={"Type": "Map", "ItemProcessor": block, "End": True})
    item = sfn.test_state(definition=machine, stateName="Inner", input="7")
    assert json.loads(item["output"]) == {"i": 0, "v": 7}, item
    busy = sfn.test_state(definition=call, mock={"errorOutput": {"error": "Busy", "cause": "later"}}, inspectionLevel="DEBUG")
    assert (busy["status"], busy["inspectionData"]["errorDetails"]["retryIndex"]) == ("RETRIABLE", 0), busy


def check_pages(sfn):
    for number in range(5):
        sfn.create_activity(name=f"page-{number}")
    pages = list(sfn.get_paginator("list_activities").paginate(PaginationConfig={"PageSize": 2}))
    names = [activity["name"] for page in pages for activity in page["activities"]]
    assert len(pages) >= 3 and set(names) >= {f"page-{n}" for n in range(5)} and len(names) == len(set(names)), names
    token = refused(sfn.exceptions.InvalidToken, sfn.list_activities, nextToken="nowhere")
    assert token == "Invalid Token: 'Invalid token'", token
    largest = refused(sfn.exceptions.ClientError, sfn.list_activities, maxResults=1001)
    assert largest.endswith("Member must have value less than or equal to 1000"), largest


def check_command_line(call):
    """The same again with the AWS command line, which starts slowly: one call a subject."""
    definition = machine_of(Only={"Type": "Pass", "End": True})
    made = call("create-state-machine", "--name", "cli", "--definition", definition, "--role-arn", ROLE, "--publish", "--tags", "key=k,value=v")
    machine, version = made["stateMachineArn"], made["stateMachineVersionArn"]
    assert call("list-tags-for-resource", "--resource-arn", machine)["tags"] == [{"key": "k", "value": "v"}]
    route = f"stateMachineVersionArn={version},weight=100"
    alias = call("create-state-machine-alias", "--name", "LIVE", "--routing-configuration", route)["stateMachineAliasArn"]
    started = call("start-execution", "--state-machine-arn", alias)["executionArn"]
    shown = call("describe-execution", "--execution-arn", started)
    assert (shown["status"], shown["stateMachineVersionArn"]) == ("SUCCEEDED", version), shown
    activity = call("create-activity", "--name", "cli")["activityArn"]
    assert call("describe-activity", "--activity-arn", activity)["name"] == "cli"
    verdict = call("validate-state-machine-definition", "--definition", "{}")
    assert verdict["diagnostics"][0]["message"] == "These fields are required: [States, StartAt]", verdict
    pages = call("list-activities", "--page-size", "2", "--max-items", "3")
    assert len(pages["activities"]) == 3 and pages["NextToken"], pages


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


def check_redrive(sfn):
    """An execution that was stopped goes on, and counts it."""
    nap = json.dumps({"StartAt": "Nap", "States": {"Nap": {"Type": "Wait", "Seconds": 1, "End": True}}})
    machine = sfn.create_state_machine(name="napper", definition=nap, roleArn=ROLE)["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    describe = lambda: sfn.describe_execution(executionArn=execution)
    assert describe()["redriveStatus"] == "NOT_REDRIVABLE"
    sfn.stop_execution(executionArn=execution, error="Enough")
    assert describe()["redriveStatus"] == "REDRIVABLE"
    sfn.redrive_execution(executionArn=execution)
    redriven = ended(sfn, execution)
    assert (redriven["status"], redriven["redriveCount"]) == ("SUCCEEDED", 1) and "redriveDate" in redriven, redriven
    events = sfn.get_execution_history(executionArn=execution)["events"]
    counted = [event["executionRedrivenEventDetails"] for event in events if event["type"] == "ExecutionRedriven"]
    assert counted == [{"redriveCount": 1}], events
    backwards = sfn.get_paginator("get_execution_history").paginate(
        executionArn=execution, reverseOrder=True, includeExecutionData=False, PaginationConfig={"PageSize": 2}
    )
    ids = [event["id"] for page in backwards for event in page["events"]]
    assert ids == list(range(len(events), 0, -1)), ids
    refused(sfn.exceptions.ExecutionNotRedrivable, sfn.redrive_execution, executionArn=execution)


def check_express(client):
    """An Express execution answers its caller, and leaves its history in its log group only."""
    sfn = client(Config(inject_host_prefix=False))
    quick = json.dumps({"StartAt": "Quick", "States": {"Quick": {"Type": "Pass", "End": True}}})
    express = {"definition": quick, "roleArn": ROLE, "type": "EXPRESS"}
    create = lambda group: sfn.create_state_machine(name="quick", loggingConfiguration=logging_to(group), **express)
    why = refused(sfn.exceptions.InvalidLoggingConfiguration, create, group="missing")
    assert why == "Invalid Logging Configuration: Log Destination not found.", why
    machine = create("/aws/vendedlogs/quick")["stateMachineArn"]
    run = sfn.start_sync_execution(stateMachineArn=machine, name="one", input='{"a": 1}')
    assert (run["status"], json.loads(run["output"])) == ("SUCCEEDED", {"a": 1}), run
    assert run["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}, run
    execution = run["executionArn"]
    assert ":express:quick:one:" in execution, execution
    refused(sfn.exceptions.InvalidArn, sfn.describe_execution, executionArn=execution)
    refused(sfn.exceptions.StateMachineTypeNotSupported, sfn.list_executions, stateMachineArn=machine)
    logged = lambda: (put := LogDouble.put.get("/aws/vendedlogs/quick", [])) and len(put) >= 4 and put
    events = eventually("the events are logged", logged)
    kinds = [event["type"] for event in events]
    assert kinds == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"], kinds
    assert all(event["execution_arn"] == execution for event in events), events
    assert json.loads(events[0]["details"]["input"]) == {"a": 1}, events[0]


def main():
    LogDouble.listen()
    pathlib.Path(DATA).mkdir(parents=True, exist_ok=True)
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    server = up(port)
    try:
        client = lambda config=None: boto3.client(
            "stepfunctions",
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )
        sfn = client()
        machine = sfn.create_state_machine(name="greeter", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
        again = sfn.create_state_machine(name="greeter", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
        assert machine == again, "the same request makes the same machine"
        execution = sfn.start_execution(stateMachineArn=machine, name="one", input='{"name": "boto3"}')["executionArn"]

        # A kill at a random moment loses nothing that was answered.
        running.kill(server)
        server = up(port)
        described = ended(sfn, execution)
        assert described["status"] == "SUCCEEDED", described
        assert json.loads(described["output"]) == {"text": "Hello boto3"}, described["output"]
        events = sfn.get_execution_history(executionArn=execution)["events"]
        kinds = [event["type"] for event in events]
        assert kinds[0] == "ExecutionStarted" and kinds[-1] == "ExecutionSucceeded", kinds
        other = {"stateMachineArn": machine, "name": "one", "input": '{"name": "other"}'}
        refused(sfn.exceptions.ExecutionAlreadyExists, sfn.start_execution, **other)

        aws = [AWS, "stepfunctions", "--endpoint-url", endpoint, "--output", "json"]
        call = lambda *words: json.loads(subprocess.check_output([*aws, *words], env={**os.environ, **KEYS}) or b"null")
        assert machine in [m["stateMachineArn"] for m in call("list-state-machines")["stateMachines"]]
        started = call("start-execution", "--state-machine-arn", machine, "--input", '{"name": "aws"}')["executionArn"]
        describe = lambda: (d := call("describe-execution", "--execution-arn", started))["status"] != "RUNNING" and d
        assert eventually("the second execution ends", describe)["status"] == "SUCCEEDED"
        history = call("get-execution-history", "--execution-arn", started)["events"]
        assert [event["type"] for event in history] == kinds, "two runs, one history"
        call("delete-state-machine", "--state-machine-arn", machine)

        for check in [check_versions_and_aliases, check_tags, check_activities, check_map_run, check_diagnosis, check_pages, check_redrive]:
            check(sfn)
        check_test_state(client)
        check_express(client)
        check_command_line(call)
    finally:
        running.stop(server)
    print(f"wire: {len(kinds)} events read with boto3 and with the AWS command line")


main()
