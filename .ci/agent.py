"""Drives `sao mcp` with the Python MCP client: over standard input and output and over streamable HTTP.

Every tool in its good and its bad case; and that a requested action ends at a mail, that nothing is changed until a human has
approved it on the way of the page, and that it is executed then.

usage: agent.py SAO DATA FIXTURES
"""

import asyncio
import json
import pathlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

import running
from running import eventually, free_port

SAO, DATA, FIXTURES = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
NODE = "module.orders.aws_lambda_function.this"
TOOLS = {"sao_load_context", "sao_validate_action", "sao_graph_status", "sao_execute_action"}
CHANGE = {"action": "lambda_update_timeout", "node": NODE, "parameters": {"timeout": 20}}


def sao(*words):
    return subprocess.run([SAO, *words], capture_output=True, text=True, timeout=120)


def mails():
    return sorted((DATA / "mailbox").glob("*.eml"))


def timeout_of_orders():
    records = [json.loads(path.read_text()) for path in (DATA / "account" / "resources").glob("*.json")]
    record = next(record for record in records if record["name"] == "shop-prod-orders")
    changed = [change["after"]["timeout"] for change in record["changes"] if "timeout" in change.get("after", {})]
    return changed[-1] if changed else record["base"]["timeout"]


def said(result):
    """The structured answer of a call that went well, which its schema has been held against by the client."""
    assert not failed(result), result
    return getattr(result, "structured_content", None) or result.structuredContent


def failed(result):
    return bool(getattr(result, "is_error", None) or getattr(result, "isError", None))


def refused(result, words):
    assert failed(result), f"expected a refusal: {result}"
    text = result.content[0].text
    assert words in text, f"expected `{words}` in `{text}`"


def schema(tool, name):
    return getattr(tool, name[0], None) or getattr(tool, name[1])


async def check_tools(session):
    tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    assert set(tools) == TOOLS, set(tools)
    for tool in tools.values():
        given = schema(tool, ("input_schema", "inputSchema"))
        assert given["type"] == "object" and given["additionalProperties"] is False, given
        assert not [name for name in given["properties"] if "approv" in name], given
        assert schema(tool, ("output_schema", "outputSchema"))["additionalProperties"] is False
        hints = tool.annotations.model_dump(by_alias=True)
        reads = tool.name != "sao_execute_action"
        assert (hints["readOnlyHint"], hints["destructiveHint"]) == (reads, not reads), hints


async def check_reading(session):
    call = session.call_tool
    context = said(await call("sao_load_context", {"node": NODE}))
    assert context["node"] == NODE and context["evidence"], context
    fenced = [piece["text"] for piece in context["evidence"] if piece["untrusted"]]
    assert fenced and all("<untrusted-data>" in text for text in fenced)
    alarm = said(await call("sao_load_context", {"alarm": "shop-prod-orders-duration"}))
    assert alarm["node"] == NODE, alarm["node"]
    refused(await call("sao_load_context", {"node": NODE[:-2] + "si"}), f"did you mean `{NODE}`")
    refused(await call("sao_load_context", {"alarm": "no-such-alarm"}), "name an alarm of the Terraform state")
    refused(await call("sao_load_context", {}), "either `node` or `alarm`")

    good = said(await call("sao_validate_action", CHANGE))
    assert good["allowed"] and good["risk"]["level"] == "LOW" and good["approval"]["role"] == "on-call", good
    assert good["change"]["before"] == {"timeout": 10} and good["change"]["undo"], good["change"]
    assert any(rule["permits"] for rule in good["rules"]), good["rules"]
    bad = said(await call("sao_validate_action", {**CHANGE, "parameters": {"timeout": 5000}}))
    assert not bad["allowed"] and "900" in bad["reason"], bad["reason"]
    reboot = {"action": "rds_reboot_instance", "node": "module.database.aws_db_instance.this"}
    denied = said(await call("sao_validate_action", reboot))
    denying = [rule for rule in denied["rules"] if rule["denies"]]
    assert not denied["allowed"] and denying[0]["rule"] == "production-reboot" and denying[0]["line"], denied["rules"]
    refused(await call("sao_validate_action", {**CHANGE, "node": "shop-prod-order"}), "did you mean")
    refused(await call("sao_validate_action", {**CHANGE, "approved": True}), "unknown field `approved`")

    status = said(await call("sao_graph_status", {}))
    assert status["nodes"] > 50 and status["edges"] > 50 and status["sources"][0]["serial"] >= 1, status
    assert status["sources"][0]["age_seconds"] is not None and status["problems"] == [], status
    assert status["layers"]["governance"]["state"] == "present" and status["rules"] >= 5


async def check_broken_layers(session):
    """A layer that is missing or broken denies, says so, and is asked again when it is put right."""
    call, twin = session.call_tool, DATA / "twin"
    policies, constraints = twin / "governance" / "default.cedar", twin / "constraints.json"
    kept = policies.read_text(), constraints.read_text()
    try:
        policies.write_text(kept[0] + "\nforbid (principal, action, resource) when { context.rizk };\n")
        broken = said(await call("sao_validate_action", CHANGE))
        assert not broken["allowed"] and "nothing may be changed" in broken["reason"], broken["reason"]
        problem = broken["layers"]["problems"][0]
        assert problem["file"] == "governance/default.cedar" and problem["line"], problem
        refused(await call("sao_execute_action", {**CHANGE, "reason": "a test"}), "nothing was requested")
        policies.write_text(kept[0])
        constraints.unlink()
        missing = said(await call("sao_validate_action", CHANGE))
        assert not missing["allowed"], missing["reason"]
        status = said(await call("sao_graph_status", {}))
        assert status["layers"]["constraints"]["state"] == "missing" and status["problems"], status["problems"]
    finally:
        policies.write_text(kept[0])
        constraints.write_text(kept[1])
    assert said(await call("sao_validate_action", CHANGE))["allowed"]


async def check_execute(session, request_id):
    """Requests a change; answers the incident, which waits for a human, with nothing changed."""
    call, before, mailed = session.call_tool, timeout_of_orders(), len(mails())
    wish = {**CHANGE, "reason": "invocations come near the timeout", "request_id": request_id}
    refused(await call("sao_execute_action", {**wish, "approved": True}), "unknown field `approved`")
    refused(await call("sao_execute_action", {**wish, "parameters": {"timeout": 0}}), "nothing was requested")
    first = said(await call("sao_execute_action", wish))
    assert first["status"] == "waiting for approval" and not first["duplicate"], first
    assert first["proposal"]["requester"].startswith("request: agent "), first["proposal"]["requester"]
    again = said(await call("sao_execute_action", wish))
    assert again["duplicate"] and again["execution_arn"] == first["execution_arn"], again
    asked = [mail for mail in mails()[mailed:] if "ask" in mail.name]
    assert len(asked) == 1, f"one request is one mail: {[mail.name for mail in mails()]}"
    assert timeout_of_orders() == before, "a request changed something"
    secret = json.dumps([first, again])
    assert "hitl" not in secret and "token" not in secret.lower(), "the way to the decision is the human's alone"
    return first["incident"]


def approve(incident, endpoint):
    shown = json.loads(sao("incident", "show", incident, "--endpoint", endpoint, "--json").stdout)
    assert shown["waits_for_decision"], shown
    yes = sao("incident", "approve", incident, "--endpoint", endpoint, "--data", str(DATA), "--reason", "agreed")
    assert yes.returncode == 0, yes
    look = lambda: (s := json.loads(sao("incident", "show", incident, "--endpoint", endpoint, "--json").stdout))["status"] != "RUNNING" and s
    ended = eventually("the incident ends", look)
    assert ended["status"] == "SUCCEEDED" and ended["outcome"]["kind"] == "unknown", ended["outcome"]
    assert timeout_of_orders() == 20, timeout_of_orders()


def check_http_guard(address):
    """A page in a browser reaches nothing: neither under a foreign name nor from a foreign origin."""
    for headers in ({"Host": "rebound.example.com"}, {"Origin": "https://example.com"}):
        request = urllib.request.Request(address, data=b"{}", headers={"Content-Type": "application/json", **headers})
        try:
            urllib.request.urlopen(request, timeout=30)
            raise SystemExit(f"{headers} was let in")
        except urllib.error.HTTPError as error:
            assert error.code == 403, (headers, error.code)
    outside = sao("mcp", "--listen", "0.0.0.0:0", "--data", str(DATA))
    assert outside.returncode == 2 and "loopback" in outside.stderr, outside


async def over_stdio(endpoint):
    words = ["mcp", "--data", str(DATA), "--endpoint", endpoint, "--as", "ana"]
    async with stdio_client(StdioServerParameters(command=SAO, args=words)) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            await check_tools(session)
            await check_reading(session)
            await check_broken_layers(session)
            return await check_execute(session, "over-stdio")


async def over_http(endpoint):
    port = free_port()
    server = running.start(port, [SAO, "mcp", "--listen", f"127.0.0.1:{port}", "--data", str(DATA), "--endpoint", endpoint])
    try:
        address = f"http://127.0.0.1:{port}/mcp"
        check_http_guard(address)
        async with streamable_http_client(address) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                await session.initialize()
                await check_tools(session)
                await check_reading(session)
    finally:
        assert running.stop(server) == [0], "it stops as asked"


async def without_up(nobody):
    words = ["mcp", "--data", str(DATA), "--endpoint", nobody]
    async with stdio_client(StdioServerParameters(command=SAO, args=words)) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            wish = {**CHANGE, "parameters": {"timeout": 25}, "reason": "a test"}
            refused(await session.call_tool("sao_execute_action", wish), "start one with `sao up`")
            assert said(await session.call_tool("sao_graph_status", {}))["nodes"] > 50


def main():
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    shutil.rmtree(DATA, ignore_errors=True)
    # In mode `policy` a model's LOW proposals need nobody; a request still does.
    settings = ["--mode", "policy", "--set", "settle_seconds=1", "--set", "verify_seconds=3", "--set", "poll_seconds=1"]
    server = running.up(SAO, port, DATA, *settings, "--state", str(FIXTURES / "terraform.tfstate"))
    try:
        eventually("the twin", lambda: (DATA / "twin" / "constraints.json").exists())
        asyncio.run(over_http(endpoint))
        approve(asyncio.run(over_stdio(endpoint)), endpoint)
        told = [mail.read_text(errors="replace") for mail in mails()]
        assert any("requested" in mail for mail in told), "the mail says that it was requested"
    finally:
        running.stop(server)
    asyncio.run(without_up(endpoint))
    print("mcp: four tools over stdio and HTTP; one request, one mail, one approval, one change")


main()
