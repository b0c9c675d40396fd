"""Writes the table of the services that SDK integrations reach over AWS JSON, from the models that botocore carries.

usage: sdk-services.py > workflow/src/task/sdk/services.txt

One line per service: service id, endpoint prefix, signing name, target prefix, JSON version, case of the members' first
letter, members that are not plain, errors that the model names although most services leave them out.
"""

import collections
import gzip
import json
import os
import re

import botocore

DATA = os.path.join(os.path.dirname(botocore.__file__), "data")
COMMON = [
    "AccessDeniedException",
    "ConflictException",
    "ExpiredTokenException",
    "InternalFailure",
    "InternalServerException",
    "InvalidSignatureException",
    "RequestExpired",
    "SerializationException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
]
HEADER = """\
# The services that SDK integrations reach over AWS JSON; made by .ci/sdk-services.py from the models of the AWS SDKs.
# service id | endpoint | signing name | target | JSON version | c: members begin with a small letter, p: with a capital
# | members that are not plain: l list, m map, t time, b blob, d document, s spelled unlike the rule | common errors named
"""


def load(name):
    versions = [v for v in sorted(os.listdir(os.path.join(DATA, name))) if v[:2] in ("19", "20")]
    path = os.path.join(DATA, name, versions[-1], "service-2.json")
    with (gzip.open(path + ".gz") if os.path.exists(path + ".gz") else open(path)) as file:
        return json.load(file)


def uncapitalised(name):
    end = 1
    while end < len(name) and name[end].isupper() and not name[end + 1 : end + 2].islower():
        end += 1
    return name[:end].lower() + name[end:]


def shown(name):
    """How a state spells a member."""
    lower = uncapitalised(name)
    return lower[0].upper() + lower[1:]


def kind(model, reference):
    shape = model["shapes"][reference["shape"]]
    if shape["type"] == "list":
        inner = kind(model, shape["member"])
        return "l" + inner if inner else ""
    if shape["type"] == "map":
        return "m" + kind(model, shape["value"])
    if shape["type"] == "structure" and shape.get("document"):
        return "d"
    if shape["type"] == "timestamp":
        form = reference.get("timestampFormat") or shape.get("timestampFormat") or "unixTimestamp"
        return "t" if form == "unixTimestamp" else ""
    return "b" if shape["type"] == "blob" else ""


def likeliest(kinds):
    """What a name mostly means; a list cannot be taken for a map, so it does not count against one."""
    shapes = {marks: count for (marks, is_list), count in kinds.items() if marks or not is_list}
    return max(shapes, key=lambda marks: (shapes[marks], marks), default="")


def row(model):
    about = model["metadata"]
    kinds = collections.defaultdict(collections.Counter)
    for shape in model["shapes"].values():
        for name, reference in shape.get("members", {}).items() if shape["type"] == "structure" else ():
            is_list = model["shapes"][reference["shape"]]["type"] == "list"
            kinds[reference.get("locationName", name)][kind(model, reference), is_list] += 1
    small = sum(name[0].islower() for name in kinds) * 2 > len(kinds)
    guess = lambda name: (name[0].lower() if small else name[0]) + name[1:]
    members, taken = [], {name for name in kinds if guess(shown(name)) == name}
    for name in sorted(kinds):
        marks = likeliest(kinds[name])
        if guess(shown(name)) != name and guess(shown(name)) not in taken:
            taken.add(guess(shown(name)))
            marks += "s"
        if marks:
            members.append(f"{name}:{marks}")
    exceptions = {name for name, shape in model["shapes"].items() if shape.get("exception")}
    exceptions |= {e["shape"] for o in model["operations"].values() for e in o.get("errors", [])}
    errors = [name for name in COMMON if name in exceptions]
    prefix, version = about["targetPrefix"], about["jsonVersion"]
    signing = about.get("signingName", about["endpointPrefix"])
    columns = [about["serviceId"], about["endpointPrefix"], signing, prefix, version, "c" if small else "p"]
    return "|".join([*columns, " ".join(members), " ".join(errors)])


def main():
    rows = []
    for name in sorted(os.listdir(DATA)):
        if not os.path.isdir(os.path.join(DATA, name)):
            continue
        model = load(name)
        about = model["metadata"]
        if "json" in about.get("protocols", [about["protocol"]]) and "targetPrefix" in about:
            rows.append(row(model))
    print(HEADER + "\n".join(sorted(rows, key=str.lower)))


main()
