"""Values as AWS writes them."""

from __future__ import annotations

import json
import secrets
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
        "x-amzn-RequestId": request_id,
        "connection": "keep-alive",
        "Content-Length": received["content-length"],
        "Date": format_datetime(datetime.now(UTC), usegmt=True),
        "Content-Type": received["content-type"],
    }
    return _metadata(headers, metadata)


def invocation_metadata(metadata: Mapping[str, Any], executed_version: str) -> dict[str, Any]:
    """What it adds to the answer of lambda:invoke (localstack: test_task_service_lambda and others, 2023 to 2025)."""
    received = metadata["HTTPHeaders"]
    headers = {
        "X-Amz-Executed-Version": executed_version,
        "x-amzn-Remapped-Content-Length": "0",
        "Connection": "keep-alive",
        "x-amzn-RequestId": metadata["RequestId"],
        "Content-Length": received["content-length"],
        "Date": format_datetime(datetime.now(UTC), usegmt=True),
        "X-Amzn-Trace-Id": _trace_id(),
        "Content-Type": received["content-type"],
    }
    if "x-amz-log-result" in received:
        headers["X-Amz-Log-Result"] = received["x-amz-log-result"]
    return _metadata(headers, metadata)


def _metadata(headers: Mapping[str, str], metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": dict(sorted(headers.items(), key=lambda header: header[0].lower())),
            "HttpStatusCode": metadata["HTTPStatusCode"],
        },
        "SdkResponseMetadata": {"RequestId": metadata["RequestId"]},
    }


def _trace_id() -> str:
    """As X-Ray writes one that isn't sampled: docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html"""
    began = format(int(datetime.now(UTC).timestamp()), "08x")
    return f"Root=1-{began}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
