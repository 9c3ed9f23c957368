"""IAM and state machines of one account as plain JSON, and back: what the journal keeps of them.

Written field by field rather than pickled, so that a journal outlives an update of moto.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Final

from moto.iam.models import AccessKey, Group, IAMBackend, ManagedPolicy, PolicyVersion, Role, User
from moto.stepfunctions.models import Activity, StateMachine, StateMachineAlias, StateMachineVersion
from moto.utilities.tagging_service import TaggingService

Json = dict[str, Any]
# What an empty account has.
NO_IAM: Final[Json] = {"policies": [], "roles": [], "users": [], "groups": []}
NO_STATES: Final[Json] = {"machines": [], "activities": []}


def dump_iam(iam: IAMBackend) -> Json:
    """Roles, users with their keys, groups and managed policies of one account."""
    own_policies = [policy for policy in iam.managed_policies.values() if policy.account_id == iam.account_id]
    return {
        "policies": [_policy(policy) for policy in own_policies],
        "roles": [_role(role) for role in iam.roles.values()],
        "users": [_user(user, iam) for user in iam.users.values()],
        "groups": [_group(group) for group in iam.groups.values()],
    }


def load_iam(iam: IAMBackend, stored: Mapping[str, Any]) -> None:
    """Make the account's IAM just what `stored` says; whatever else it held goes.

    Who looks meanwhile sees what was or what will be, never an account half filled.
    """
    new = IAMBackend(iam.region_name, iam.account_id)
    for data in stored["policies"]:
        policy = _loaded_policy(data, new)
        new.managed_policies[policy.arn] = policy
    for data in stored["roles"]:
        new.roles[data["id"]] = _loaded_role(data, new)
    for data in stored["users"]:
        new.users[data["name"]] = _loaded_user(data, new)
    for data in stored["groups"]:
        new.groups[data["name"]] = _loaded_group(data, new)
    for held in ("managed_policies", "roles", "users", "groups", "access_keys", "tagger"):
        setattr(iam, held, getattr(new, held))


def dump_states(states: Any) -> Json:
    """State machines with versions, aliases and tags, and activities, of one account and region; no executions."""
    return {
        "machines": [_machine(machine, states) for machine in states.state_machines],
        "activities": [
            {
                "arn": activity.arn,
                "name": activity.name,
                "encryption": activity.encryption_configuration,
                "created": activity.creation_date.isoformat(),
                "tags": states.tagger.get_tag_dict_for_resource(activity.arn),
            }
            for activity in states.activities.values()
        ],
    }


def load_states(states: Any, stored: Mapping[str, Any]) -> None:
    """Make the account's Step Functions in this region just what `stored` says."""
    running = {machine.arn: machine.executions for machine in states.state_machines}
    tagger = TaggingService(tag_name="tags", key_name="key", value_name="value")
    machines = []
    for data in stored["machines"]:
        machine = _loaded_machine(data, states)
        _tag(tagger, machine.arn, data["tags"])
        machine.executions = running.get(machine.arn, [])
        machines.append(machine)
    activities = {}
    for data in stored["activities"]:
        activity = Activity(data["arn"], data["name"], data["encryption"])
        activity.creation_date = activity.update_date = datetime.fromisoformat(data["created"])
        activities[activity.arn] = activity
        _tag(tagger, activity.arn, data["tags"])
    states.state_machines, states.activities, states.tagger = machines, activities, tagger


class Unreadable(Exception):
    """What was to be kept couldn't be given back as it is."""


def check_readable_again(dumped: Json, backend: Any) -> None:
    """Load what was dumped into an account of its own. Raises `Unreadable` where that isn't what was dumped."""
    try:
        kept = json.loads(json.dumps(dumped))
        if isinstance(backend, IAMBackend):
            iam = IAMBackend(backend.region_name, backend.account_id)
            load_iam(iam, kept)
            again = dump_iam(iam)
        else:
            states = SimpleNamespace(
                account_id=backend.account_id, region_name=backend.region_name, state_machines=[], activities={}
            )
            load_states(states, kept)
            again = dump_states(states)
    except Exception as error:
        raise Unreadable(repr(error)) from error
    if again != dumped:
        raise Unreadable("what was read isn't what was written")


# --- IAM -------------------------------------------------------------------------------------------------------------


def _holder(holder: Any) -> Json:
    """What roles, users and groups have in common."""
    return {
        "id": holder.id,
        "name": holder.name,
        "path": holder.path,
        "created": holder.create_date.isoformat(),
        "inline": dict(holder.policies),
        "attached": list(holder.managed_policies),
    }


def _restore_holder(holder: Any, data: Mapping[str, Any], iam: IAMBackend) -> None:
    holder.id = data["id"]
    holder.create_date = datetime.fromisoformat(data["created"])
    holder.policies = dict(data["inline"])
    for arn in data["attached"]:
        iam.managed_policies[arn].attach_to(holder)


def _role(role: Role) -> Json:
    return {
        **_holder(role),
        "trust": role.assume_role_policy_document,
        "boundary": role.permissions_boundary_arn,
        "description": role.description,
        "tags": role.tags,
        "max_session": role.max_session_duration,
    }


def _loaded_role(data: Mapping[str, Any], iam: IAMBackend) -> Role:
    role = Role(
        account_id=iam.account_id,
        partition=iam.partition,
        role_id=data["id"],
        name=data["name"],
        assume_role_policy_document=data["trust"],
        path=data["path"],
        permissions_boundary=data["boundary"],
        description=data["description"],
        tags=data["tags"],
        max_session_duration=data["max_session"],
    )
    _restore_holder(role, data, iam)
    return role


def _user(user: User, iam: IAMBackend) -> Json:
    return {
        **_holder(user),
        "region": user.region_name,
        "boundary": user.permissions_boundary_arn,
        "tags": iam.tagger.get_tag_dict_for_resource(user.arn),
        "keys": [
            {
                "id": key.access_key_id,
                "secret": key.secret_access_key,
                "status": key.status,
                "created": key.create_date.isoformat(),
            }
            for key in user.access_keys
        ],
    }


def _loaded_user(data: Mapping[str, Any], iam: IAMBackend) -> User:
    user = User(iam.account_id, data["region"], data["name"], data["path"])
    user.permissions_boundary_arn = data.get("boundary")  # which journals had no place for once
    _restore_holder(user, data, iam)
    for stored in data["keys"]:
        key = AccessKey(user.name, prefix="AKIA", account_id=iam.account_id, status=stored["status"])
        key.access_key_id, key.secret_access_key = stored["id"], stored["secret"]
        key.create_date = datetime.fromisoformat(stored["created"])
        user.access_keys.append(key)
        iam.access_keys[key.access_key_id] = key
    iam.tagger.tag_resource(user.arn, [{"Key": name, "Value": value} for name, value in data["tags"].items()])
    return user


def _group(group: Group) -> Json:
    return {**_holder(group), "users": [user.name for user in group.users]}


def _loaded_group(data: Mapping[str, Any], iam: IAMBackend) -> Group:
    group = Group(iam.account_id, iam.region_name, data["name"], data["path"])
    _restore_holder(group, data, iam)
    group.users = [iam.users[name] for name in data["users"] if name in iam.users]
    return group


def _policy(policy: ManagedPolicy) -> Json:
    return {
        "id": policy.id,
        "name": policy.name,
        "path": policy.path,
        "description": policy.description,
        "created": policy.create_date.isoformat(),
        "updated": policy.update_date.isoformat(),
        "tags": policy.tags,
        "default": policy.default_version_id,
        "next": policy.next_version_num,
        "versions": [
            {
                "id": version.version_id,
                "document": version.document,
                "is_default": version.is_default,
                "created": version.create_date.isoformat(),
            }
            for version in policy.versions
        ],
    }


def _loaded_policy(data: Mapping[str, Any], iam: IAMBackend) -> ManagedPolicy:
    policy = ManagedPolicy(
        data["name"],
        account_id=iam.account_id,
        region=iam.region_name,
        description=data["description"],
        path=data["path"],
        tags=data["tags"],
        create_date=datetime.fromisoformat(data["created"]),
        update_date=datetime.fromisoformat(data["updated"]),
    )
    policy.id = data["id"]
    policy.default_version_id, policy.next_version_num = data["default"], data["next"]
    policy.versions = [
        PolicyVersion(
            policy.arn,
            version["document"],
            version["is_default"],
            version["id"],
            datetime.fromisoformat(version["created"]),
        )
        for version in data["versions"]
    ]
    return policy


# --- Step Functions --------------------------------------------------------------------------------------------------

# moto's attribute of a machine or a version -> its name here
_MACHINE_FIELDS = {
    "arn": "arn",
    "name": "name",
    "definition": "definition",
    "roleArn": "role",
    "encryptionConfiguration": "encryption",
    "loggingConfiguration": "logging",
    "tracingConfiguration": "tracing",
    "type": "type",
    "description": "description",
}


def _machine_fields(machine: Any) -> Json:
    fields = {name: getattr(machine, attribute) for attribute, name in _MACHINE_FIELDS.items()}
    revision = {"revision": machine.revision_id} if getattr(machine, "revision_id", None) else {}
    return {
        **fields,
        **revision,
        "created": machine.creation_date.isoformat(),
        "updated": machine.update_date.isoformat(),
    }


def _restore_machine_fields(machine: Any, data: Mapping[str, Any]) -> None:
    for attribute, name in _MACHINE_FIELDS.items():
        setattr(machine, attribute, data[name])
    machine.revision_id = data.get("revision")
    machine.creation_date = datetime.fromisoformat(data["created"])
    machine.update_date = datetime.fromisoformat(data["updated"])


def _machine(machine: StateMachine, states: Any) -> Json:
    return {
        **_machine_fields(machine),
        "tags": states.tagger.get_tag_dict_for_resource(machine.arn),
        "last_version": machine.latest_version_number,
        "versions": [{**_machine_fields(version), "number": number} for number, version in machine.versions.items()],
        "aliases": [
            {
                "name": alias.name,
                "description": alias.description,
                "routing": alias.routing_configuration,
                "created": alias.creation_date.isoformat(),
                "updated": alias.update_date.isoformat(),
            }
            for alias in machine.aliases.values()
        ],
    }


def _loaded_machine(data: Mapping[str, Any], states: Any) -> StateMachine:
    machine = StateMachine(data["arn"], data["name"], data["definition"], data["role"], states, sm_type=data["type"])
    _restore_machine_fields(machine, data)
    machine.latest_version_number = data["last_version"]
    for stored in data["versions"]:
        version = StateMachineVersion(machine, stored["number"], stored["description"])
        _restore_machine_fields(version, stored)
        machine.versions[stored["number"]] = version
    machine.latest_version = machine.versions.get(machine.latest_version_number)
    for stored in data["aliases"]:
        alias = StateMachineAlias(stored["name"], machine.arn, stored["routing"], stored["description"])
        alias.creation_date = datetime.fromisoformat(stored["created"])
        alias.update_date = datetime.fromisoformat(stored["updated"])
        machine.aliases[alias.name] = alias
    return machine


def _tag(tagger: TaggingService, arn: str, tags: Mapping[str, str]) -> None:
    tagger.tag_resource(arn, [{"key": name, "value": value} for name, value in tags.items()])
