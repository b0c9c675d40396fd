"""Drives `sao twin` on one recorded state: collect, show, radius, path, graph, export; every answer must be well formed, hold
no secret, and the export must fit the published schema.

usage: twin.py SAO DATA FIXTURE [STATE]
"""

import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

import jsonschema

sao, data, fixture = sys.argv[1:4]
fixture = pathlib.Path(fixture)
state = sys.argv[4] if len(sys.argv) > 4 else str(fixture / "terraform.tfstate")
expect = json.loads((fixture / "expect.json").read_text())
secrets = [
    line.split("=", 1)[1] for line in (fixture / "secrets.env").read_text().splitlines() if line.startswith("TF_VAR_")
]
assert secrets, "the fixture has no secrets to look for"


def run(*arguments, code=0):
    done = subprocess.run([sao, "twin", *arguments, "--data", data], capture_output=True, text=True)
    assert done.returncode == code, f"{arguments}: exit code {done.returncode}, {done.stdout}{done.stderr}"
    for secret in secrets:
        assert secret not in done.stdout + done.stderr, f"{arguments} prints a secret"
    return done.stdout


collected = json.loads(run("collect", state, "--json"))["collected"][0]
assert collected["nodes"] == expect["nodes"], collected
assert json.loads(run("collect", state, "--json"))["collected"][0]["changed"] is False

for node, broken in expect["radius"].items():
    answer = json.loads(run("radius", node, "--json"))
    assert sorted(one["id"] for one in answer["nodes"]) == broken, answer
    picture = run("graph", node, "--svg", "-")
    root = xml.etree.ElementTree.fromstring(picture)
    assert root.get("role") == "img" and len(picture) < 100_000
    assert node == json.loads(run("show", node, "--json"))["id"]
for way in expect["paths"]:
    answer = json.loads(run("path", way["from"], way["to"], "--json"))
    assert [step["relation"] for step in answer["path"]["steps"]] == way["relations"], answer

document = json.loads(run("export", "--jsonld"))
schema = json.loads(run("export", "--schema"))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(document)
assert len(document["nodes"]) == expect["nodes"] and document["governance"]["rules"]
known = {node["@id"] for node in document["nodes"]}
relations = [name for name, term in document["@context"].items() if isinstance(term, dict) and term["@type"] == "@id"]
lost = [one for node in document["nodes"] for name in relations for one in node.get(name, []) if one not in known]
assert not lost, f"relations lead to nothing: {lost[:3]}"

last = next(iter(expect["radius"]))
assert "did you mean" in subprocess.run(
    [sao, "twin", "radius", last[:-1] + "x", "--data", data], capture_output=True, text=True
).stderr
print(f"{fixture.name}: {collected['nodes']} nodes, {collected['edges']} edges, export of {len(document['nodes'])} nodes is valid")
