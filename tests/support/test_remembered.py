"""What is remembered for all clients is what botocore works out for each."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.hooks import EVENT_ALIASES, EventAliaser, HierarchicalEmitter

from xsfn_helpers.aws.sessions import service_models

OPERATIONS = ("CreateRole", "StartExecution", "anything")


def of_its_own() -> EventAliaser:
    """Like botocore's, and not taken for it: it has one more alias, which nobody uses."""
    return EventAliaser(HierarchicalEmitter(), {**EVENT_ALIASES, "nobody.uses": "this"})


@pytest.mark.parametrize("place", ["before-call.{}", "{}", "after-call.{}.{}", "docs.*.{}.{}.complete-section"])
def test_events_have_the_same_names(place: str) -> None:
    common, own = EventAliaser(HierarchicalEmitter()), of_its_own()

    for alias in EVENT_ALIASES:
        for operation in OPERATIONS:
            name = place.format(alias, operation)
            assert common._alias_event_name(name) == own._alias_event_name(name)
    assert own._alias_name_cache is not common._alias_name_cache
    assert EventAliaser(HierarchicalEmitter())._alias_name_cache is common._alias_name_cache


def test_a_handler_that_takes_no_keywords_is_refused_as_ever() -> None:
    events = HierarchicalEmitter()

    def narrow(model: Any) -> None:
        raise AssertionError("it is never called")

    for _ in range(2):
        with pytest.raises(ValueError, match="must accept keyword arguments"):
            events.register("before-call", narrow)
    events.register("before-call", lambda **_: None)


def test_clients_of_two_sessions_share_a_model_and_nothing_else() -> None:
    told: list[str] = []
    clients = []
    for name in ("one", "other"):
        session = botocore.session.Session()
        session.register_component("data_loader", service_models())
        client = session.create_client(
            "iam",
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            endpoint_url="http://nowhere",
        )
        client.meta.events.register("provide-client-params.iam.ListRoles", lambda name=name, **_: told.append(name))
        clients.append(client)

    clients[0].meta.events.emit("provide-client-params.iam.ListRoles")

    assert clients[0].meta.service_model is clients[1].meta.service_model
    assert type(clients[0]) is not type(clients[1])
    assert told == ["one"]
