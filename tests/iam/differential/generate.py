"""Random cases in the form that `xsfn decide` takes, reproducible one by one from a seed and a number.

A case begins with its outcome: one of the three is aimed at, and the policies are bent towards it, so that all three
come up about equally often. Whether the aim was met doesn't matter; both engines get the same question.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from tests.iam.differential.conditions import conditions
from tests.iam.differential.text import chance, near_miss, respelled, wildcarded
from tests.iam.differential.world import ACCOUNTS, ANYWHERE, CALLERS, KEYS, TARGETS, Caller, KeyType, Kind, Target

Json = dict[str, Any]
IDENTITY: Final = "identity"
SESSION: Final = "session"
SCP: Final = "scp"
RESOURCE: Final = "resource"
TRUST: Final = "trust"


def cases(seed: int, count: int) -> Iterator[Json]:
    for number in range(count):
        yield case(seed, number)


def case(seed: int, number: int) -> Json:
    """The `number`th case of a seed; the same on every machine and in every run."""
    return _Case(Random(f"{seed}/{number}")).question()


class _Case:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.caller: Caller = rng.choice(CALLERS)
        self.target: Target = rng.choice(TARGETS)
        if self.caller.kind in (Kind.SERVICE, Kind.ANONYMOUS) and not self.target.may_have_policy:
            self.target = rng.choice([one for one in TARGETS if one.may_have_policy])
        self.usable = (*ANYWHERE, *self.target.keys * 4)
        self.context: dict[str, str | list[str]] = {
            **self.caller.derived_keys,
            "aws:ResourceAccount": self.target.account,
            **self._extra_keys(),
        }

    def question(self) -> Json:
        rng, caller, target = self.rng, self.caller, self.target
        aim = rng.choice(("Allowed", "Allowed", "ImplicitlyDenied", "ExplicitlyDenied"))
        same_account = caller.account == target.account
        in_iam = caller.kind not in (Kind.SERVICE, Kind.ANONYMOUS)
        places: list[str] = []
        if in_iam:
            places += ["scp"] * rng.choice((0, 0, 0, 1, 1, 2, 3))
            if caller.kind is not Kind.ROOT and chance(rng, 0.25):
                places.append("boundary")
            if caller.kind in (Kind.SESSION, Kind.ROLE) and chance(rng, 0.25):
                places.append("session")
            if caller.kind is not Kind.ROOT and not (same_account and target.may_have_policy and chance(rng, 0.4)):
                places.append("identity")
        elif caller.kind is Kind.SERVICE and chance(rng, 0.1):
            places.append("scp")
        wanted = 1 if target.is_trust else 0.5 if same_account else 0.95  # every role has a trust policy
        if target.may_have_policy and (chance(rng, wanted) or "identity" not in places):
            places.append("resource")
        lacking = rng.randrange(len(places)) if aim == "ImplicitlyDenied" and places else -1
        denying = rng.randrange(len(places)) if aim == "ExplicitlyDenied" and places else -1
        written = [
            (place, self._policies(place, allow=at != lacking, deny=at == denying)) for at, place in enumerate(places)
        ]
        by_place = dict(written)
        return {
            "request": {
                "principal": caller.arn,
                "action": respelled(rng, target.action) if chance(rng, 0.05) else target.action,
                "resource": target.resource,
                "resourceAccount": target.account,
                "context": {
                    respelled(rng, key) if chance(rng, 0.1) else key: value for key, value in self.context.items()
                },
            },
            "identityPolicies": by_place.get("identity", []),
            "resourcePolicy": next(iter(by_place.get("resource", [])), None),
            "permissionBoundaries": by_place.get("boundary", []),
            "sessionPolicies": by_place.get("session", []),
            "serviceControlPolicies": [policies for place, policies in written if place == "scp"],
        }

    def _extra_keys(self) -> dict[str, str | list[str]]:
        rng = self.rng
        wanted = [key for key in ANYWHERE if chance(rng, 0.25)] + [key for key in self.target.keys if chance(rng, 0.6)]
        if self.caller.kind is Kind.SERVICE:
            wanted += ["aws:SourceArn", "aws:SourceAccount"]
        found: dict[str, str | list[str]] = {}
        for key in wanted:
            key_type, values = KEYS[key]
            if key_type is KeyType.STRINGS:
                found[key] = rng.sample(values, rng.choice((1, 2, len(values))))
            else:
                found[key] = rng.choice(values)
        return found

    def _policies(self, place: str, *, allow: bool, deny: bool) -> list[Json]:
        rng = self.rng
        kind = IDENTITY if place in ("identity", "boundary") else place
        if place == "resource":
            kind = TRUST if self.target.is_trust else RESOURCE
        version = rng.choice(("2012-10-17",) * 8 + ("2008-10-17", ""))
        variables = version == "2012-10-17" or chance(rng, 0.3)
        statements = []
        if allow:
            statements.append(self._statement(kind, "Allow", matching=True, variables=variables))
        if deny:
            statements.append(self._statement(kind, "Deny", matching=True, variables=variables))
        for _ in range(rng.choice((0, 0, 1, 1, 2)) or not statements):
            effect = rng.choice(("Allow", "Allow", "Deny"))
            statements.append(self._statement(kind, effect, matching=False, variables=variables))
        rng.shuffle(statements)
        parts = [statements]
        if place in ("identity", "scp") and len(statements) > 1 and chance(rng, 0.4):
            at = rng.randrange(1, len(statements))
            parts = [statements[:at], statements[at:]]
        policies = [{**({"Version": version} if version else {}), "Statement": part} for part in parts]
        if place == "scp" and chance(rng, 0.4):
            policies.append(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
            )
        return policies

    def _statement(self, kind: str, effect: str, *, matching: bool, variables: bool) -> Json:
        rng = self.rng
        spoiled = "" if matching else rng.choice(("action", "resource", "principal", "condition", "condition"))
        statement: Json = {"Sid": f"S{rng.randrange(1000000)}", "Effect": effect}
        if kind in (RESOURCE, TRUST):
            statement |= self._principal(kind, effect, matching=spoiled != "principal")
        statement |= self._action(kind, matching=spoiled != "action")
        if kind != TRUST:
            statement |= self._resource(kind, matching=spoiled != "resource", variables=variables)
        if spoiled == "condition" or chance(rng, 0.6):
            statement["Condition"] = conditions(
                rng, self.context, self.usable, holding=spoiled != "condition", variables=variables
            )
        return statement

    def _action(self, kind: str, *, matching: bool) -> Json:
        rng = self.rng
        not_action = kind != TRUST and chance(rng, 0.12)
        hit = matching is not not_action
        service, _, name = self.target.action.partition(":")
        if hit:
            wild = [f"{service}:{wildcarded(rng, name)}", f"{service}:*"] + ([] if kind == TRUST else ["*"])
            one = rng.choice((self.target.action, respelled(rng, self.target.action), *wild))
        else:
            others = [
                f"{service}:{near_miss(rng, name).replace(':', '')}x",
                f"{service}:{name[:-1]}",
                f"{service}:{name}?",
                f"{service}:List*Nothing",
            ]
            if kind != TRUST:
                others += [f"{service}x:*", f"iot:{name}", "lambda:Invoke*"]
            one = rng.choice(others)
        actions = [one]
        while chance(rng, 0.3):
            actions.append(
                "sts:GetFederationToken" if kind == TRUST else rng.choice(("ec2:Run*", "states:List*x", "s3:PutAcl"))
            )
        rng.shuffle(actions)
        return {"NotAction" if not_action else "Action": _one_or_list(rng, actions)}

    def _resource(self, kind: str, *, matching: bool, variables: bool) -> Json:
        rng = self.rng
        not_resource = chance(rng, 0.12)
        hit = matching is not not_resource
        resources = [self._matching_arn(kind, variables) if hit else self._other_arn()]
        while chance(rng, 0.2):
            resources.append(rng.choice(("arn:aws:sns:eu-west-1:111111111111:topic", "arn:aws:s3:::other/*")))
        rng.shuffle(resources)
        return {"NotResource" if not_resource else "Resource": _one_or_list(rng, resources)}

    def _matching_arn(self, kind: str, variables: bool) -> str:
        rng, arn = self.rng, self.target.resource
        if arn == "*" or chance(rng, 0.2):
            return "*"
        parts = arn.split(":", 5)
        form = rng.randrange(7)
        if form == 0:
            return arn
        if form == 1 and kind in (IDENTITY, SCP):
            return ":".join((*parts[: rng.choice((3, 4) if parts[3] else (3,))], "*"))  # an incomplete ARN
        if form == 2 and variables:
            return ":".join((*parts[:5], self._name_with_variable(parts[5])))
        if form == 3 and parts[3]:
            parts[rng.choice((3, 4))] = rng.choice(("*", "?" * len(parts[4]), "*"))
        if form == 4 and parts[3]:
            parts[3] = f"{parts[3][:2]}*"
            if ":" in parts[5] and chance(rng, 0.3):
                return ":".join((*parts[:4], parts[5]))  # the star may run past the colon behind it
        head, separator, name = _type_and_name(parts[2], parts[5])
        parts[5] = head + separator + (wildcarded(rng, name) if chance(rng, 0.7) else name)
        return ":".join(parts)

    def _name_with_variable(self, name: str) -> str:
        rng = self.rng
        known = [(k, v) for k, v in self.context.items() if isinstance(v, str) and len(v) > 2 and v in name]
        if "$" in name and chance(rng, 0.5):
            return name.replace("$", "${$}")
        if known and chance(rng, 0.7):
            key, value = rng.choice(known)
            return name.replace(value, f"${{{key}}}", 1)
        inside = [one for one in "/:" if one in name]
        head, separator, tail = name.rpartition(rng.choice(inside)) if inside else ("", "", name)
        variable = rng.choice((f"${{aws:PrincipalTag/none, '{tail}'}}", "${aws:username}", "${aws:PrincipalTag/team}"))
        return f"{head}{separator}{variable}"

    def _other_arn(self) -> str:
        rng, arn = self.rng, self.target.resource
        if arn == "*":
            return "arn:aws:states:eu-west-1:111111111111:stateMachine:*"
        parts = arn.split(":", 5)
        form = rng.randrange(6)
        head, separator, name = _type_and_name(parts[2], parts[5])
        if form == 0 and parts[4]:
            parts[4] = rng.choice([one for one in ACCOUNTS if one != parts[4]])
        elif form == 1 and parts[3]:
            parts[3] = rng.choice(("eu-west-2", "eu-west-", "us-*", "eu-west-1-x"))
        elif form == 2:
            parts[5] = f"{head}{separator}{name}/*"
        elif form == 3:
            parts[5] = f"{head}{separator}{'?' * (len(name) + 1)}"
        else:
            parts[5] = head + separator + near_miss(rng, name)
        return ":".join(parts)

    def _principal(self, kind: str, effect: str, *, matching: bool) -> Json:
        rng, caller = self.rng, self.caller
        negated = kind == RESOURCE and chance(rng, 0.2 if effect == "Deny" else 0.03)
        hit = matching is not negated
        if caller.kind is Kind.SERVICE:
            entries = [("Service", caller.arn if hit else rng.choice(("ec2.amazonaws.com", f"x{caller.arn}")))]
        elif caller.kind is Kind.ANONYMOUS:
            entries = [("AWS", "*" if hit else caller.account or ACCOUNTS[0])]
        else:
            entries = [("AWS", one) for one in (self._naming() if hit else [self._naming_another()])]
        if hit and not negated and chance(rng, 0.12):
            everyone = rng.choice(("*", {"AWS": "*"}))
            return {"Principal": {"AWS": "*"} if kind == TRUST else everyone}  # a trust policy takes no bare *
        while chance(rng, 0.25):
            entries.append(rng.choice(_OTHER_PRINCIPALS))
        rng.shuffle(entries)
        by_kind: dict[str, list[str]] = {}
        for entry_kind, text in entries:
            by_kind.setdefault(entry_kind, []).append(text)
        element = {one: _one_or_list(rng, texts) for one, texts in by_kind.items()}
        return {"NotPrincipal" if negated else "Principal": element}

    def _naming(self) -> list[str]:
        """One to three values that name the caller, more or less closely."""
        caller = self.caller
        root = f"arn:aws:iam::{caller.account}:root"
        ways = [caller.arn, caller.arn, root, caller.account]
        if caller.kind is Kind.SESSION:
            ways += [caller.role_arn, caller.role_arn, caller.role_arn]
        return self.rng.sample(ways, self.rng.choice((1, 1, 1, 2, 3)))

    def _naming_another(self) -> str:
        rng, caller = self.rng, self.caller
        other = rng.choice([one for one in ACCOUNTS if one != caller.account])
        ways = [
            f"{caller.arn}2",
            caller.arn[:-1],
            caller.arn.replace(caller.account, other),
            f"arn:aws:iam::{other}:root",
            other,
            "AROAEXAMPLEDELETEDROLE",
            f"arn:aws:iam::{caller.account}:user/nobody",
        ]
        if caller.kind is Kind.SESSION:
            ways += [f"{caller.role_arn}2", caller.role_arn.replace(":role/", ":role/x-"), f"{caller.arn}/x"[:-2] + "x"]
        if caller.kind is Kind.ROLE:
            ways.append(caller.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/run-1")
        if caller.kind is Kind.ROOT:
            return rng.choice((f"arn:aws:iam::{other}:root", other, f"arn:aws:iam::{caller.account}:user/nobody"))
        return rng.choice(ways)


_OTHER_PRINCIPALS: Final = (
    ("AWS", "arn:aws:iam::333333333333:user/eve"),
    ("AWS", "333333333333"),
    ("AWS", "AIDAEXAMPLEDELETEDUSER"),
    ("Service", "events.amazonaws.com"),
    ("Service", "ecs-tasks.amazonaws.com"),
)


def _type_and_name(service: str, resource: str) -> tuple[str, str, str]:
    """`stateMachine`, `:`, `name`; S3 and SQS have no type."""
    if service in ("s3", "sqs"):
        return "", "", resource
    separator = min((one for one in ":/" if one in resource), key=resource.index)
    return resource.partition(separator)


def _one_or_list(rng: Random, values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 and chance(rng, 0.6) else values
