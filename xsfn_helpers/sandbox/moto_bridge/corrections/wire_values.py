"""Values as AWS writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any


def compact_json(value: Any) -> str:
    """JSON as AWS writes it into histories: no blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds, the form of times inside task output and in the journal."""
    return round(moment.timestamp() * 1000)


def moment(epoch_milliseconds: int) -> datetime:
    """The time that `milliseconds` came from."""
    return datetime.fromtimestamp(epoch_milliseconds / 1000, UTC)


def epoch_seconds(epoch_milliseconds: int) -> float:
    """Epoch seconds, the form of times in the JSON protocol."""
    return epoch_milliseconds / 1000


def utc_text(moment: datetime) -> str:
    """A time as AWS's JSON has it where it is text: 2026-11-24T08:00:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def present(**fields: Any) -> dict[str, Any]:
    """The fields that have a value; AWS leaves the others out of an answer."""
    return {name: value for name, value in fields.items() if value is not None}


def sdk_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What AWS's Java SDK adds to an answer, names and order as recorded (localstack: test_credentials_base)."""
    request_id, received = metadata["RequestId"], metadata["HTTPHeaders"]
    headers = {
        "connection": "keep-alive",
        "Content-Length": received["content-length"],
        "Content-Type": received["content-type"],
        "Date": format_datetime(datetime.now(UTC), usegmt=True),
        "x-amzn-RequestId": request_id,
    }
    recorded_order = ("x-amzn-RequestId", "connection", "Content-Length", "Date", "Content-Type")
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [headers[name]] for name in recorded_order},
            "HttpHeaders": headers,
            "HttpStatusCode": metadata["HTTPStatusCode"],
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }
