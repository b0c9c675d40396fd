"""Drives the service integrations of a running engine against an emulator of AWS: each machine is started, and what it did is
looked up with boto3. The emulator (moto) listens on loopback and ends with this script.

usage: integrations.py SAO DATA
"""

import json
import os
import pathlib
import subprocess
import sys
import threading
import urllib.request

import boto3

import running
from running import eventually, free_port

SAO, DATA = sys.argv[1:3]
REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/machine"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
STATES = "arn:aws:states:::"


def emulator(port):
    program = pathlib.Path(sys.executable).parent / "moto_server"
    return running.start(port, [program, "-H", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL)


def up(port, runtime, endpoint):
    arguments = ["--region", REGION, "--account", "123456789012", "--runtime-listen", f"127.0.0.1:{runtime}"]
    arguments += ["--function", "worker", "--function", "python"]
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": endpoint}
    keys["AWS_ENDPOINT_URL_KINESIS"] = f"http://127.0.0.1:{free_port()}"
    return running.up(SAO, port, DATA, *arguments, **keys)


class Engine:
    def __init__(self, endpoint):
        self.sfn = boto3.client("stepfunctions", endpoint_url=endpoint, **KEYS)
        self.count = 0

    def start(self, states, given=None):
        """Starts a chain of states, given as (resource, parameters) or whole."""
        self.count += 1
        names = [f"S{place}" for place in range(len(states))]
        chain = {}
        for place, (name, state) in enumerate(zip(names, states)):
            if isinstance(state, tuple):
                resource, parameters = state
                state = {"Type": "Task", "Resource": resource if resource.startswith("arn:") else STATES + resource, "Parameters": parameters}
            last = place + 1 == len(states)
            way = {"End": True} if last else {"ResultPath": f"$.{name}", "Next": names[place + 1]}
            chain[name] = state if state["Type"] == "Fail" else {**state, **way}
        definition = json.dumps({"StartAt": names[0], "States": chain})
        machine = self.sfn.create_state_machine(name=f"machine-{self.count}", definition=definition, roleArn=ROLE)
        self.machine = machine["stateMachineArn"]
        return self.sfn.start_execution(stateMachineArn=self.machine, input=json.dumps(given or {}))["executionArn"]

    def ended(self, execution):
        return running.ended(self.sfn, execution)

    def run(self, *states, given=None):
        """The output of a chain of states that succeeds."""
        ended = self.ended(self.start(states, given))
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])

    def fails(self, resource, parameters, error, *words):
        """A task fails with an error, and a cause that has these words."""
        ended = self.ended(self.start([(resource, parameters)]))
        assert ended["status"] == "FAILED" and ended["error"] == error, ended
        for word in words:
            assert word in ended["cause"], ended["cause"]

    def refuses(self, resource, parameters, words):
        """A definition with a task is refused, and the refusal has these words."""
        state = {"Type": "Task", "Resource": STATES + resource, "Parameters": parameters, "End": True}
        definition = json.dumps({"StartAt": "A", "States": {"A": state}})
        try:
            self.sfn.create_state_machine(name="refused", definition=definition, roleArn=ROLE)
        except self.sfn.exceptions.InvalidDefinition as refusal:
            assert words in str(refusal), refusal
        else:
            raise SystemExit(f"{resource}: was not refused")

    def event(self, execution, kind):
        """The details of the only event of a kind."""
        events = self.sfn.get_execution_history(executionArn=execution)["events"]
        [details] = [event[kind[0].lower() + kind[1:] + "EventDetails"] for event in events if event["type"] == kind]
        return details

    def events(self, execution):
        return [event["type"] for event in self.sfn.get_execution_history(executionArn=execution)["events"]]


def received(sqs, queue):
    messages = eventually("a message arrives", lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"])
    return json.loads(messages[0]["Body"])


def check_sqs(engine, aws):
    sqs = aws("sqs")
    queue = sqs.create_queue(QueueName="plain")["QueueUrl"]
    attributes = {"kind": {"DataType": "String", "StringValue": "x"}}
    sent = engine.run(("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": {"a": [1]}, "MessageAttributes": attributes}))
    assert sent["MessageId"] and sent["MD5OfMessageBody"] and sent["SdkHttpMetadata"]["HttpStatusCode"] == 200, sent
    assert received(sqs, queue) == {"a": [1]}
    sent = engine.run(("aws-sdk:sqs:sendMessage", {"QueueUrl": queue, "MessageBody": "[2]"}))
    assert set(sent) == {"MessageId", "Md5OfMessageBody"}, sent
    assert received(sqs, queue) == [2]
    gone = queue.replace("plain", "gone")
    missing = "AWS.SimpleQueueService.NonExistentQueue"
    engine.fails("sqs:sendMessage", {"QueueUrl": gone, "MessageBody": "x"}, "SQS.QueueDoesNotExistException", "Service: AmazonSQS; Status Code: 400", missing)

    waits = {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}}
    execution = engine.start([("sqs:sendMessage.waitForTaskToken", waits)])
    engine.sfn.send_task_success(taskToken=received(sqs, queue)["token"], output='{"approved": true}')
    assert json.loads(engine.ended(execution)["output"]) == {"approved": True}
    assert "TaskSubmitted" in engine.events(execution), engine.events(execution)


def check_sns(engine, aws):
    sns, sqs = aws("sns"), aws("sqs")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    attributes = {"kind": {"DataType": "String", "StringValue": "x y"}}
    sent = engine.run(("sns:publish", {"TopicArn": topic, "Message": {"n": 1}, "MessageAttributes": attributes}))
    assert sent["MessageId"] and sent["SdkResponseMetadata"], sent
    told = received(sqs, queue)
    assert json.loads(told["Message"]) == {"n": 1} and told["MessageAttributes"]["kind"]["Value"] == "x y", told
    engine.fails("sns:publish", {"TopicArn": topic + "x", "Message": "m"}, "SNS.NotFoundException", "Service: AmazonSNS; Status Code: 404")


def check_dynamodb(engine, aws):
    key = [{"AttributeName": "id", "AttributeType": "S"}]
    aws("dynamodb").create_table(
        TableName="table", AttributeDefinitions=key, KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST"
    )
    item = {"id": {"S": "1"}, "count": {"N": "7"}, "IDs": {"SS": ["a"]}, "ok": {"BOOL": True}}
    place = {"TableName": "table", "Key": {"id": {"S": "1"}}}
    update = {**place, "UpdateExpression": "SET #c = :c", "ExpressionAttributeNames": {"#c": "count"}, "ExpressionAttributeValues": {":c": {"N": "8"}}, "ReturnValues": "UPDATED_NEW"}
    read = engine.run(("dynamodb:putItem", {"TableName": "table", "Item": item}), ("dynamodb:updateItem", update), ("dynamodb:getItem", place))
    assert read["Item"] == {**item, "count": {"N": "8"}}, read
    query = {"TableName": "table", "KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": {"S": "1"}}}
    found = engine.run(("aws-sdk:dynamodb:query", query))
    assert found["Items"] == [{"id": {"S": "1"}, "count": {"N": "8"}, "IDs": {"Ss": ["a"]}, "ok": {"Bool": True}}], found
    gone = engine.run(("dynamodb:deleteItem", {**place, "ReturnValues": "ALL_OLD"}))
    assert gone["Attributes"]["id"] == {"S": "1"}, gone
    engine.fails("dynamodb:putItem", {"TableName": "gone", "Item": item}, "DynamoDB.ResourceNotFoundException", "Error Code: ResourceNotFoundException; ")
    engine.fails("aws-sdk:dynamodb:putItem", {"TableName": "gone", "Item": item}, "DynamoDb.ResourceNotFoundException", "(Service: DynamoDb, Status Code: 400, ")


def check_s3(engine, aws):
    bucket = {"Bucket": "bucket-of-the-check"}
    object = {**bucket, "Key": "a folder/ä+b.json"}
    engine.run(("aws-sdk:s3:createBucket", {**bucket, "CreateBucketConfiguration": {"LocationConstraint": REGION}}))
    put = engine.run(("aws-sdk:s3:putObject", {**object, "Body": {"a": 1}, "ContentType": "application/json", "Metadata": {"owner": "me"}}))
    assert put["ETag"], put
    got = engine.run(("aws-sdk:s3:getObject", object))
    assert json.loads(got["Body"]) == {"a": 1} and got["ContentLength"] == 7 and got["Metadata"] == {"owner": "me"}, got
    engine.run(("aws-sdk:s3:copyObject", {**bucket, "Key": "copy", "CopySource": "bucket-of-the-check/a%20folder/%C3%A4%2Bb.json"}))
    listed = engine.run(("aws-sdk:s3:listObjectsV2", {**bucket, "Prefix": "c"}))
    assert [entry["Key"] for entry in listed["Contents"]] == ["copy"] and listed["IsTruncated"] is False, listed
    head = engine.run(("aws-sdk:s3:headObject", {**bucket, "Key": "copy"}))
    assert head["ContentLength"] == 7 and "Body" not in head, head
    engine.run(("aws-sdk:s3:deleteObject", {**bucket, "Key": "copy"}))
    left = [entry["Key"] for entry in aws("s3").list_objects_v2(**bucket)["Contents"]]
    assert left == [object["Key"]], left
    engine.fails("aws-sdk:s3:getObject", {**bucket, "Key": "copy"}, "S3.NoSuchKeyException", "The specified key does not exist. (Service: S3, Status Code: 404, ")


def check_secrets(engine, aws):
    made = engine.run(("aws-sdk:secretsmanager:createSecret", {"Name": "secret", "SecretString": "hush"}))
    read = engine.run(("aws-sdk:secretsmanager:getSecretValue", {"SecretId": "secret"}))
    assert (read["SecretString"], read["Arn"]) == ("hush", made["Arn"]) and read["CreatedDate"].endswith("Z"), read
    engine.fails("aws-sdk:secretsmanager:getSecretValue", {"SecretId": "none"}, "SecretsManager.ResourceNotFoundException", "(Service: SecretsManager, Status Code: 4")


def check_events(engine, aws):
    events, sqs = aws("events"), aws("sqs")
    queue = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="rule", EventPattern=json.dumps({"source": ["check"]}))
    events.put_targets(Rule="rule", Targets=[{"Id": "queue", "Arn": arn}])
    entry = {"Source": "check", "DetailType": "kind", "Detail": {"a": 1}}
    put = engine.run(("events:putEvents", {"Entries": [entry]}))
    assert put["FailedEntryCount"] == 0 and put["Entries"][0]["EventId"], put
    told = received(sqs, queue)
    assert told["detail"] == {"a": 1} and engine.machine in told["resources"], told
    engine.fails("events:putEvents", {"Entries": [{**entry, "Detail": "no json"}]}, "EventBridge.FailedEntry", "MalformedDetail")


def check_executions(engine, aws):
    engine.run({"Type": "Pass", "Result": {"from": "child"}})
    child = engine.machine
    for pattern, output in [(".sync", '{"from":"child"}'), (".sync:2", {"from": "child"})]:
        execution = engine.start([("states:startExecution" + pattern, {"StateMachineArn": child, "Input": {"a": 1}})])
        ended = json.loads(engine.ended(execution)["output"])
        assert (ended["Status"], ended["Output"]) == ("SUCCEEDED", output), ended
        kinds = engine.events(execution)
        assert kinds == ["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"], kinds
    started = engine.run(("states:startExecution", {"StateMachineArn": child}), ("aws-sdk:sfn:describeExecution", {"ExecutionArn.$": "$.S0.ExecutionArn"}))
    assert started["StateMachineArn"] == child, started
    engine.ended(engine.start([{"Type": "Fail", "Error": "Broken", "Cause": "it is"}]))
    engine.fails("states:startExecution.sync", {"StateMachineArn": engine.machine}, "States.TaskFailed", '"Status":"FAILED"', "Broken")
    engine.fails("aws-sdk:sfn:sendTaskSuccess", {"TaskToken": "none", "Output": "{}"}, "Sfn.InvalidTokenException", "(Service: Sfn, Status Code: 400, ")


def check_refusals(engine, aws):
    for resource in ["glue:startJobRun.sync", "aws-sdk:ec2:describeInstances", "aws-sdk:s3:putBucketAcl"]:
        engine.refuses(resource, {"JobName": "j"}, f"The resource provided {STATES}{resource} is not supported by this engine at /States/A/Resource")
    engine.refuses("sqs:sendMessage.sync", {"QueueUrl": "q", "MessageBody": "b"}, "is not recognized")
    engine.refuses("sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "b", "Body": "b"}, 'The field "Body" is not supported by Step Functions at /States/A/Parameters')
    stream = {"StreamName": "s", "Data": "d", "PartitionKey": "p"}
    engine.fails("aws-sdk:kinesis:putRecord", stream, "Kinesis.SdkClientException", "cannot be reached")
    engine.refuses("aws-sdk:dynamodb:getItem", {"tableName": "t"}, 'The field "tableName" is not supported by Step Functions at /States/A/Parameters')
    aws("s3").put_object(Bucket="bucket-of-the-check", Key="large", Body=b"x" * (300 << 10))
    large = {"Bucket": "bucket-of-the-check", "Key": "large"}
    engine.fails("aws-sdk:s3:getObject", large, "States.DataLimitExceeded", "exceeding the maximum number of bytes service limit")


def check_roles(engine, aws):
    """The queue is in another account, which only the role may enter."""
    role = "arn:aws:iam::210987654321:role/other"
    given = aws("sts").assume_role(RoleArn=role, RoleSessionName="check")["Credentials"]
    names = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey", "aws_session_token": "SessionToken"}
    keys = {name: given[field] for name, field in names.items()}
    sqs = boto3.client("sqs", endpoint_url=aws("sqs").meta.endpoint_url, region_name=REGION, **keys)
    queue = sqs.create_queue(QueueName="theirs")["QueueUrl"]
    parameters = {"QueueUrl": queue, "MessageBody": {"for": "them"}}
    engine.fails("sqs:sendMessage", parameters, "SQS.QueueDoesNotExistException")
    state = {"Type": "Task", "Resource": STATES + "sqs:sendMessage", "Parameters": parameters}
    execution = engine.start([{**state, "Credentials": {"RoleArn": role}}])
    ended = engine.ended(execution)
    assert ended["status"] == "SUCCEEDED" and received(sqs, queue) == {"for": "them"}, ended
    scheduled = engine.event(execution, "TaskScheduled")
    assert scheduled["taskCredentials"] == {"roleArn": role} and scheduled["region"] == REGION, scheduled


def check_containers(engine, aws):
    ecs, ec2 = aws("ecs"), aws("ec2")
    ecs.create_cluster(clusterName="cluster")
    ecs.register_task_definition(family="work", containerDefinitions=[{"name": "work", "image": "work", "memory": 64}])
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    network = {"AwsvpcConfiguration": {"Subnets": [subnet]}}
    parameters = {"Cluster": "cluster", "TaskDefinition": "work", "LaunchType": "FARGATE", "NetworkConfiguration": network}
    ran = engine.run(("ecs:runTask", parameters))
    assert ran["Tasks"][0]["TaskArn"] and ran["Failures"] == [], ran
    execution = engine.start([("ecs:runTask.sync", parameters)])
    eventually("the container runs", lambda: "TaskSubmitted" in engine.events(execution))
    task = json.loads(engine.event(execution, "TaskSubmitted")["output"])["Tasks"][0]["TaskArn"]
    engine.sfn.stop_execution(executionArn=execution)
    described = lambda: ecs.describe_tasks(cluster="cluster", tasks=[task])["tasks"][0]
    eventually("the container is stopped", lambda: "aborted" in described().get("stoppedReason", ""))


def check_stop(engine, aws):
    engine.run({"Type": "Wait", "Seconds": 0})
    update = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}})
    child = engine.machine
    engine.sfn.update_state_machine(stateMachineArn=child, definition=update)
    parallel = {"StartAt": "Job", "States": {"Job": {"Type": "Task", "Resource": STATES + "states:startExecution.sync", "Parameters": {"StateMachineArn": child}, "End": True}}}
    breaks = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "Next": "F"}, "F": {"Type": "Fail", "Error": "Broken"}}}
    stopped = engine.start([("states:startExecution.sync:2", {"StateMachineArn": child})])
    eventually("the job runs", lambda: "TaskSubmitted" in engine.events(stopped))
    engine.sfn.stop_execution(executionArn=stopped)
    failed = engine.start([{"Type": "Parallel", "Branches": [parallel, breaks]}])
    assert engine.ended(failed)["error"] == "Broken"
    running = lambda: engine.sfn.list_executions(stateMachineArn=child, statusFilter="RUNNING")["executions"]
    eventually("both children are aborted", lambda: not running())
    assert len(engine.sfn.list_executions(stateMachineArn=child, statusFilter="ABORTED")["executions"]) == 2


def check_crash(engine, restart):
    engine.run({"Type": "Wait", "Seconds": 2})
    child = engine.machine
    execution = engine.start([("states:startExecution.sync", {"StateMachineArn": child})])
    eventually("the child runs", lambda: "TaskSubmitted" in engine.events(execution))
    restart()
    ended = engine.ended(execution)
    assert ended["status"] == "SUCCEEDED" and json.loads(ended["output"])["Status"] == "SUCCEEDED", ended
    children = engine.sfn.list_executions(stateMachineArn=child)["executions"]
    assert len(children) == 2, f"one for itself, one for the task: {children}"


def check_worker(engine, runtime):
    base = f"http://127.0.0.1:{runtime}/worker/2018-06-01/runtime/invocation"

    def serve(times):
        for _ in range(times):
            with urllib.request.urlopen(f"{base}/next") as invocation:
                id, payload = invocation.headers["Lambda-Runtime-Aws-Request-Id"], json.load(invocation)
            failed = payload.get("fail")
            answer = {"errorType": failed, "errorMessage": "as told"} if failed else {"got": payload}
            where = f"{base}/{id}/{'error' if failed else 'response'}"
            urllib.request.urlopen(urllib.request.Request(where, data=json.dumps(answer).encode(), method="POST")).close()

    worker = threading.Thread(target=serve, args=(3,), daemon=True)
    worker.start()
    function = f"arn:aws:lambda:{REGION}:123456789012:function:worker"
    assert engine.run((function, {"a": 0.5})) == {"got": {"a": 0.5}}
    invoked = engine.run(("lambda:invoke", {"FunctionName": function, "Payload": {"b": 2}}))
    assert invoked["Payload"] == {"got": {"b": 2}} and invoked["StatusCode"] == 200, invoked
    engine.fails("lambda:invoke", {"FunctionName": "worker", "Payload": {"fail": "Custom"}}, "Custom", "as told")
    worker.join(10)
    engine.fails("lambda:invoke", {"FunctionName": "nobody"}, "Lambda.ResourceNotFoundException", "Service: AWSLambda; Status Code: 404")


HANDLER = """
import os, pathlib

class Custom(Exception):
    pass

def handler(event, context):
    marker = event.get("dies")
    if marker and not os.path.exists(marker):
        pathlib.Path(marker).touch()
        os._exit(1)
    if event.get("fail"):
        raise Custom("no luck")
    return {"got": event, "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis()}
"""


def check_runtime(engine, runtime):
    """A function as Lambda's own runtime for Python runs it."""
    home = pathlib.Path(DATA) / "function"
    home.mkdir(exist_ok=True)
    (home / "handler.py").write_text(HANDLER)
    names = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime}/python", "_HANDLER": "handler.handler", "LAMBDA_TASK_ROOT": str(home)}
    names |= {"AWS_LAMBDA_FUNCTION_NAME": "python", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128"}
    start = lambda: subprocess.Popen([sys.executable, "-m", "awslambdaric", "handler.handler"], env={**os.environ, **names}, cwd=home, stdout=subprocess.DEVNULL)
    function = f"arn:aws:lambda:{REGION}:123456789012:function:python"
    worker = start()
    try:
        got = engine.run((function, {"a": "ä"}))
        assert (got["got"], got["arn"]) == ({"a": "ä"}, function) and 0 < got["left"] <= 15 * 60 * 1000, got
        invoked = engine.run(("lambda:invoke", {"FunctionName": "python", "LogType": "Tail", "Payload": {"b": 1}}))
        assert invoked["Payload"]["got"] == {"b": 1} and invoked["LogResult"], invoked
        engine.fails(function, {"fail": 1}, "Custom", "no luck", "stackTrace")
        retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1}]
        dies = {"Type": "Task", "Resource": function, "TimeoutSeconds": 4, "Retry": retry, "Parameters": {"dies": str(home / "died")}}
        execution = engine.start([dies])
        worker.wait(60)
        worker = start()
        ended = engine.ended(execution)
        assert ended["status"] == "SUCCEEDED" and "LambdaFunctionTimedOut" in engine.events(execution), ended
    finally:
        running.kill(worker)


def main():
    pathlib.Path(DATA).mkdir(parents=True, exist_ok=True)
    moto, port, runtime = free_port(), free_port(), free_port()
    endpoint = f"http://127.0.0.1:{moto}"
    double = emulator(moto)
    server = up(port, runtime, endpoint)
    engine = Engine(f"http://127.0.0.1:{port}")
    aws = lambda service: boto3.client(service, endpoint_url=endpoint, **KEYS)
    try:
        checks = [check_sqs, check_sns, check_dynamodb, check_s3, check_secrets, check_events, check_executions]
        for check in [*checks, check_refusals, check_roles, check_containers, check_stop]:
            check(engine, aws)
            print(f"integrations: {check.__name__.removeprefix('check_')} agrees")

        def restart():
            nonlocal server
            running.kill(server)
            server = up(port, runtime, endpoint)

        check_crash(engine, restart)
        print("integrations: a job is followed over a crash")
        check_worker(engine, runtime)
        print("integrations: a local worker serves its function")
        check_runtime(engine, runtime)
        print("integrations: Lambda's runtime for Python serves its function, and another takes over when it dies")
    finally:
        running.stop(server, double)
    print(f"integrations: {engine.count} machines")


main()
