"""The one door: authenticate, name the call, decide, then answer or forward. There is no other way in.

A request from the network and a request made by a running task take the same path, so nothing is enforced
twice and nothing is let through unseen.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Protocol

from botocore.credentials import ReadOnlyCredentials

from xsfn_helpers.common.arns import Arn
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL
from xsfn_helpers.common.errors import InvalidScenario
from xsfn_helpers.common.regions import partition_of
from xsfn_helpers.iam import Decision, Policies, Policy, PolicyKind, Principal, Request, decide
from xsfn_helpers.sandbox.gateway import callers, machine_rules, rules, signature, simulation, sts
from xsfn_helpers.sandbox.gateway.callers import Caller, Directory
from xsfn_helpers.sandbox.gateway.calls import Call, CallPlace, Demand, account_of, name_call
from xsfn_helpers.sandbox.gateway.errors import Refusal, access_denied, error_response, not_written, unknown_key
from xsfn_helpers.sandbox.gateway.machine_rules import Machines
from xsfn_helpers.sandbox.gateway.organization import Organization
from xsfn_helpers.sandbox.gateway.propagation import Propagation
from xsfn_helpers.sandbox.gateway.rules import Principals
from xsfn_helpers.sandbox.gateway.sessions import RoleSession, SessionOffice, new_session_name
from xsfn_helpers.sandbox.gateway.stored import StoredKey, StoredRole, StoredUser
from xsfn_helpers.sandbox.guests.turns import begin_turn
from xsfn_helpers.sandbox.http.wire import HttpRequest, HttpResponse
from xsfn_helpers.sandbox.journal import JournalUnwritable
from xsfn_helpers.sandbox.services.offered import Offered
from xsfn_helpers.sandbox.services.service import Asked, Asker

_log = logging.getLogger(__name__)


class Services(Directory, Principals, Machines, Protocol):
    """The services behind the door: what they have on file, and how to hand them an allowed call."""

    def forward(self, call: Call, *, account_id: str, region: str, request_id: str) -> HttpResponse: ...

    @property
    def partition(self) -> str:
        """The partition that all the accounts are in."""
        ...

    def iam_arn(self, account_id: str, kind: str, name: str) -> str | None: ...
    def boundary_of(self, account_id: str, kind: str, name: str) -> str | None: ...
    def tags_of(self, account_id: str, region: str, arn: str) -> Mapping[str, str]: ...
    def owner_of_token(self, account_id: str, region: str, token: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Gateway:
    """Every request to the two accounts goes through `handle`."""

    services: Services
    sessions: SessionOffice
    propagation: Propagation
    others: Offered
    # The organization as it is now; None: the accounts are in none.
    organization: Callable[[], Organization | None] = field(default=lambda: None)

    def handle(self, request: HttpRequest, *, via: str = "") -> HttpResponse:
        """Answer one AWS request; denials come back in the service's own error shape, never as an exception.

        `via` is the AWS service that makes it in the name of the caller; a request from the network has none.
        """
        request_id = str(uuid.uuid4())
        service = _service_hint(request)
        try:
            scope = signature.read_scope(request, service_hint=service)
            service = scope.service
            token = request.headers.get("x-amz-security-token", "")
            secret = callers.secret_of(
                scope.access_key_id,
                directory=self.services,
                sessions=self.sessions,
                token=token,
                service=service,
            )
            signature.verify(request, scope, secret=secret)
            directory = _Propagated(self.services, self.propagation)
            caller = callers.resolve(
                scope.access_key_id, directory=directory, sessions=self.sessions, token=token, service=service
            )
            begin_turn(caller.account_id)
            place = self._place(caller, service, scope.region)
            if other := self.others.service(service):
                call = other.read(request, place)
                self._authorise(caller, call, scope.region, via)
                return other.answer(Asked(call, place, request_id, self, Asker(scope.access_key_id, token)))
            call = name_call(service, request, place)
            self._authorise(caller, call, scope.region, via)
            return self._answer(caller, call, region=scope.region, request_id=request_id)
        except Refusal as refusal:
            return error_response(refusal, service=service, request_id=request_id, request=request)
        except JournalUnwritable as error:
            _log.warning("request %s not accepted: %s", request_id, error)
            return error_response(not_written(service, str(error)), service=service, request_id=request_id)
        except Exception:
            # The traceback goes to the sandbox's log; the client gets AWS's own word for "our fault".
            _log.exception("request %s failed", request_id)
            code = "ServiceFailure" if service in ("iam", "sts") else "InternalFailure"
            fault = Refusal(
                code, f"The sandbox failed on this request; its log has the reason under {request_id}.", 500
            )
            return error_response(fault, service=service, request_id=request_id)

    def assume_as_step_functions(self, role_arn: str, machine_arn: str) -> RoleSession:
        """Links 1 and 6: Step Functions assumes a state machine's role, if that role's trust policy lets it.

        Raises `Refusal` where it doesn't.
        """
        if not self.assumable_by_step_functions(role_arn, machine_arn):
            raise machine_rules.NOT_ASSUMABLE
        return self._session_of(role_arn)

    def assume_as_service(self, service_principal: str, role_arn: str, source_arn: str) -> RoleSession:
        """A session of a service role. Raises `Refusal` where its trust policy doesn't let the service have it."""
        if not self.assumable_by(service_principal, role_arn, source_arn):
            raise Refusal("ValidationError", f"Role {role_arn} is invalid or cannot be assumed")
        return self._session_of(role_arn)

    def credentials_of(self, access_key_id: str, token: str) -> ReadOnlyCredentials:
        """What signs in the name of somebody whose request was verified. Raises `Refusal` if their key is no more."""
        secret = callers.secret_of(
            access_key_id, directory=self.services, sessions=self.sessions, token=token, service="cloudformation"
        )
        return ReadOnlyCredentials(access_key_id, secret, token or None)

    def assumable_by_step_functions(self, role_arn: str, machine_arn: str) -> bool:
        """Whether the trust policy of `role_arn` lets Step Functions assume it for `machine_arn`."""
        return self.assumable_by(STATES_PRINCIPAL, role_arn, machine_arn)

    def assumable_by(self, service_principal: str, role_arn: str, source_arn: str) -> bool:
        """Whether the trust policy of `role_arn` lets an AWS service assume it on behalf of `source_arn`."""
        role = self._role(role_arn)
        if role is None:
            return False
        organization = self.organization()
        of_organization = (
            {
                **organization.keys_of(account_of(source_arn, default=""), "Source"),
                **organization.keys_of(role.account_id, "Resource"),
            }
            if organization
            else {}
        )
        request = Request(
            principal=Principal.parse(service_principal),
            action="sts:AssumeRole",
            resource=role_arn,
            resource_account=role.account_id,
            context={
                "aws:SourceArn": source_arn,
                "aws:SourceAccount": account_of(source_arn, default=""),
                "aws:PrincipalIsAWSService": "true",
                "aws:PrincipalServiceName": service_principal,
                **of_organization,
                **_now(),
            },
        )
        rcps = organization.rcps_of(role.account_id) if organization else ()
        return decide(request, Policies(resource=_trust(role), rcps=rcps)).allowed

    def allowed_as_machine(self, role_arn: str, machine_arn: str, actions: Iterable[str], resource: str) -> bool:
        """Whether Step Functions, as the machine's role, may do all of `actions` on `resource`.

        Raises `Refusal` where it can't assume the role.
        """
        session = self.assume_as_step_functions(role_arn, machine_arn)
        region = Arn.of(machine_arn).region
        context: dict[str, str | list[str]] = {"events:ManagedBy": STATES_PRINCIPAL}
        caller = callers.resolve(
            session.access_key_id,
            directory=_Propagated(self.services, self.propagation),
            sessions=self.sessions,
            token=session.session_token,
            service="states",
        )
        demands = [Demand(action, resource, caller.account_id, context) for action in actions]
        return all(self._decide(caller, demand, region).allowed for demand in demands)

    def _session_of(self, role_arn: str) -> RoleSession:
        role = self._role(role_arn)
        assert role is not None
        return self.sessions.issue(
            account_id=role.account_id,
            role_name=role.name,
            role_arn=role.arn,
            role_id=role.unique_id,
            name=new_session_name(),
            partition=Arn.of(role.arn).partition,
            seconds=sts.DEFAULT_SECONDS,
        )

    def _place(self, caller: Caller, service: str, region: str) -> CallPlace:
        def iam_arn_of(kind: str, name: str) -> str | None:
            return self.services.iam_arn(caller.account_id, kind, name)

        def boundary_of(kind: str, name: str) -> str | None:
            return self.services.boundary_of(caller.account_id, kind, name)

        def owner_of_token(token: str) -> str | None:
            return self.services.owner_of_token(caller.account_id, region, token)

        try:
            partition = partition_of(region)
        except InvalidScenario:
            raise Refusal(
                "SignatureDoesNotMatch", f"Credential should be scoped to a valid region; {region!r} is none.", 403
            ) from None
        if partition != self.services.partition:
            # Accounts and their keys are of one partition; in another, AWS has never heard of them.
            raise unknown_key(service)
        return CallPlace(caller.account_id, region, partition, iam_arn_of, boundary_of, owner_of_token)

    def _authorise(self, caller: Caller, call: Call, region: str, via: str) -> None:
        for demand in call.demands:
            decision = self._decide(caller, demand, region, via)
            if not decision.allowed or self._names_missing_role(call, demand):
                raise _denied(call.service, caller, demand, decision)

    def _decide(self, caller: Caller, demand: Demand, region: str, via: str = "") -> Decision:
        role = self._role(demand.resource) if demand.action.startswith("sts:") else None
        tags = {
            **self.services.tags_of(demand.resource_account, region, demand.resource),
            **self.others.tags_of(demand.resource),
        }
        of_iam = demand.action.startswith("iam:")
        policies, of_organization = self._organized(caller, demand, caller.policies(_trust(role) if role else None))
        request = Request(
            principal=caller.principal,
            action=demand.action,
            resource=demand.resource,
            resource_account=demand.resource_account,
            context={
                **caller.context,
                **of_organization,
                **_now(),
                "aws:RequestedRegion": _requested_region(demand.action, region),
                "aws:ResourceAccount": demand.resource_account,
                "aws:SourceIp": "127.0.0.1",
                # On AWS every client comes by TLS; on loopback there is no wire to protect.
                "aws:SecureTransport": "true",
                **_way(via),
                **{f"aws:ResourceTag/{key}": value for key, value in tags.items()},
                **({f"iam:ResourceTag/{key}": value for key, value in tags.items()} if of_iam else {}),
                **demand.context,
            },
        )
        return decide(request, policies)

    def _organized(
        self, caller: Caller, demand: Demand, policies: Policies
    ) -> tuple[Policies, dict[str, str | list[str]]]:
        """The policies with those of the organization, and the condition keys that it makes."""
        organization = self.organization()
        if organization is None:
            return policies, {}
        keys = {
            **organization.keys_of(caller.account_id, "Principal"),
            **organization.keys_of(demand.resource_account, "Resource"),
        }
        scps = organization.scps_of(caller.account_id)
        return replace(policies, scps=scps, rcps=organization.rcps_of(demand.resource_account)), keys

    def _names_missing_role(self, call: Call, demand: Demand) -> bool:
        return call.service == "sts" and self._role(demand.resource) is None

    def _role(self, arn: str) -> StoredRole | None:
        """The role with exactly this ARN, path included, as decisions see it."""
        directory = _Propagated(self.services, self.propagation)
        role = directory.role(account_of(arn, default=""), arn.rsplit("/", 1)[-1])
        return role if role is not None and role.arn == arn else None

    def _answer(self, caller: Caller, call: Call, *, region: str, request_id: str) -> HttpResponse:
        if call.service == "sts":
            return HttpResponse(
                200,
                self._sts(caller, call, region=region, request_id=request_id),
                {"content-type": "text/xml", "x-amzn-requestid": request_id},
            )
        if call.operation in simulation.OPERATIONS:
            body = simulation.simulate(call, caller.account_id, self.services, request_id=request_id)
            return HttpResponse(200, body, {"content-type": "text/xml", "x-amzn-requestid": request_id})
        if call.service == "iam":
            params = rules.check_iam(call, caller.account_id, self.services)
            self._note_change(call, caller.account_id)
            call = Call(call.service, call.operation, params, call.demands, call.mutates)
        else:
            machine_rules.check_states(
                call, caller.account_id, region, self.services, rights=self, partition=self.services.partition
            )
        return self.services.forward(call, account_id=caller.account_id, region=region, request_id=request_id)

    def _note_change(self, call: Call, account_id: str) -> None:
        """Tell the propagation what a role or user was, before this call changes it."""
        if not call.mutates:
            return
        if name := call.params.get("RoleName"):
            self.propagation.changing("role", account_id, name, self.services.role(account_id, name))
        elif name := call.params.get("UserName"):
            self.propagation.changing("user", account_id, name, self.services.user(account_id, name))

    def _sts(self, caller: Caller, call: Call, *, region: str, request_id: str) -> bytes:
        if call.operation == "GetCallerIdentity":
            return sts.caller_identity(caller, request_id=request_id)
        role = self._role(call.params["RoleArn"])
        assert role is not None  # a missing role was denied with everything else
        return sts.assume_role(
            caller,
            role,
            call.params,
            sessions=self.sessions,
            partition=self.services.partition,
            request_id=request_id,
        )


@dataclass(frozen=True, slots=True)
class _Propagated:
    """The directory as decisions see it: what changed a moment ago may not have reached them yet."""

    services: Services
    propagation: Propagation

    def key(self, access_key_id: str) -> StoredKey | None:
        return self.services.key(access_key_id)

    def user(self, account_id: str, name: str) -> StoredUser | None:
        return self.propagation.user(account_id, name, self.services.user(account_id, name))

    def role(self, account_id: str, name: str) -> StoredRole | None:
        return self.propagation.role(account_id, name, self.services.role(account_id, name))


def _denied(service: str, caller: Caller, demand: Demand, decision: Decision) -> Refusal:
    """AWS's text. Of another account's policies AWS says nothing: there the reason is left out."""
    across = demand.resource_account != caller.account_id
    own_side = "identity-based" in decision.aws_reason or "boundary" in decision.aws_reason
    own_side = own_side or "service control" in decision.aws_reason
    withheld = demand.action.startswith("sts:") and across and not own_side
    reason = "" if withheld or decision.allowed else decision.aws_reason
    return access_denied(service, caller=caller.arn, action=demand.action, resource=demand.resource, reason=reason)


def _trust(role: StoredRole) -> Policy:
    return Policy.parse(role.trust_policy, kind=PolicyKind.TRUST, name=f"trust policy of {role.name}")


def _way(via: str) -> dict[str, str | list[str]]:
    """Whether an AWS service asks in the name of the caller, and which.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    if not via:
        return {"aws:ViaAWSService": "false"}
    return {"aws:ViaAWSService": "true", "aws:CalledVia": [via], "aws:CalledViaFirst": via, "aws:CalledViaLast": via}


# IAM is in one region of each partition, wherever a request is signed for (IAM User Guide,
# reference_policies_condition-keys.html, aws:RequestedRegion).
_IAM_REGIONS: Final = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws": "us-east-1"}


def _requested_region(action: str, region: str) -> str:
    return _IAM_REGIONS.get(partition_of(region), region) if action.startswith("iam:") else region


def _now() -> dict[str, str]:
    now = datetime.now(UTC)
    return {"aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "aws:EpochTime": str(int(now.timestamp()))}


def _service_hint(request: HttpRequest) -> str:
    """Which service an unsigned or misshapen request was meant for, so that it is denied in that service's shape."""
    target = request.headers.get("x-amz-target", "")
    if target:
        return next((service for prefix, service in _TARGETS.items() if target.startswith(prefix)), "states")
    versions = {b"Version=2010-05-08": "iam", b"Version=2010-05-15": "cloudformation"}
    return next((service for version, service in versions.items() if version in request.body), "sts")


_TARGETS: Final = {"DynamoDB_": "dynamodb", "AmazonSQS.": "sqs"}
