"""S3: buckets and objects, by path-style addresses. REST and XML (docs.aws.amazon.com/AmazonS3/latest/API/)."""

from __future__ import annotations

import base64
import hashlib
import re
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote

from xsfn_helpers.sandbox.gateway.calls import Call, CallPlace, Context, Demand, tag_keys
from xsfn_helpers.sandbox.gateway.errors import Refusal, extended_id, not_offered, xml_text
from xsfn_helpers.sandbox.http.wire import HttpRequest, HttpResponse
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.services.journal_table import Shelf
from xsfn_helpers.sandbox.services.service import Asked

# (method, is a key named) -> (operation, action, does it change anything)
_OPERATIONS: Final = {
    ("PUT", False): ("CreateBucket", "s3:CreateBucket", True),
    ("DELETE", False): ("DeleteBucket", "s3:DeleteBucket", True),
    ("HEAD", False): ("HeadBucket", "s3:ListBucket", False),
    ("GET", False): ("ListObjectsV2", "s3:ListBucket", False),
    ("PUT", True): ("PutObject", "s3:PutObject", True),
    ("GET", True): ("GetObject", "s3:GetObject", False),
    ("HEAD", True): ("HeadObject", "s3:GetObject", False),
    ("DELETE", True): ("DeleteObject", "s3:DeleteObject", True),
}
# Of what asks for something else at the same address (acl, tagging, uploads …), nothing is offered.
_QUERY: Final = {
    "GetBucketTagging": frozenset(("tagging",)),
    "ListObjectsV2": frozenset(
        ("list-type", "prefix", "delimiter", "max-keys", "encoding-type", "fetch-owner", "x-id")
    ),
}
_HEADERS: Final = frozenset(
    (
        *("x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "x-amz-checksum-crc32"),
        *("x-amz-sdk-checksum-algorithm", "x-amz-checksum-mode", "x-amz-user-agent", "x-amz-bucket-region"),
        *("x-amz-expected-bucket-owner", "x-amz-server-side-encryption"),
    )
)
# S3's own encryption is what every object has; another would be KMS's.
_ENCRYPTION: Final = "x-amz-server-side-encryption"
# What a write may depend on: passed over, it would overwrite what it is told to leave.
_PRECONDITIONS: Final = frozenset(("if-match", "if-none-match"))
_BUCKET: Final = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_CONSTRAINT: Final = re.compile(rb"<LocationConstraint>([a-z0-9-]*)</LocationConstraint>")
_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
_MOST_KEYS: Final = 1000
_LONGEST_KEY: Final = 1024
_LARGEST: Final = 5 * 1024 * 1024


class Objects:
    """All buckets, whose names no two accounts share, and their objects."""

    def __init__(self, journal: Journal) -> None:
        self._buckets = Shelf(journal, "s3 bucket")
        self._objects = Shelf(journal, "s3 object")

    def read(self, request: HttpRequest, place: CallPlace) -> Call:
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        bucket, _, key = unquote(request.path[1:]).partition("/")
        if not bucket:
            if request.method != "GET" or query.keys() - {"x-id"}:
                raise not_offered("s3", f"{request.method} {request.path}")
            every = f"arn:{place.partition}:s3:::*"
            return Call("s3", "ListBuckets", {}, (Demand("s3:ListAllMyBuckets", every, place.account_id),), False)
        if (request.method, bool(key)) not in _OPERATIONS:
            raise not_offered("s3", f"{request.method} {request.path}")
        operation, action, mutates = _OPERATIONS[request.method, bool(key)]
        if operation == "ListObjectsV2" and "tagging" in query:
            operation, action = "GetBucketTagging", "s3:GetBucketTagging"
        if other := query.keys() - _QUERY.get(operation, {"x-id"}):
            raise not_offered("s3", f"{operation} with {sorted(other)[0]}")
        if other := {name for name in request.headers if name.startswith("x-amz-")} - _HEADERS:
            raise not_offered("s3", f"{operation} with {sorted(other)[0]}")
        encryption = request.headers.get(_ENCRYPTION, "AES256")
        if encryption != "AES256":
            raise not_offered("s3", f"{operation} with {_ENCRYPTION} {encryption}")
        if mutates and (other := request.headers.keys() & _PRECONDITIONS):
            raise not_offered("s3", f"{operation} with {min(other)}")
        if len(key.encode()) > _LONGEST_KEY:
            raise Refusal("KeyTooLongError", "Your key is too long")
        arn = f"arn:{place.partition}:s3:::{bucket}" + (f"/{key}" if key else "")
        stored = self._buckets.get(bucket)
        if stored and operation != "CreateBucket" and stored["region"] != place.region:
            # As S3's regional endpoints deny it; its own clients then sign anew for the bucket's region.
            words = f"the region '{place.region}' is wrong; expecting '{stored['region']}'"
            raise Refusal("AuthorizationHeaderMalformed", f"The authorization header is malformed; {words}")
        # A bucket's ARN has no account: it belongs to whoever made it.
        owner = stored["account"] if stored and operation != "CreateBucket" else place.account_id
        params = {"Bucket": bucket, "Key": key, "Query": query, "Body": request.body, "Headers": dict(request.headers)}
        context = _context(operation, query)
        if _ENCRYPTION in request.headers:
            context = {**context, f"s3:{_ENCRYPTION}": encryption}
        demands = [Demand(action, arn, owner, context)]
        if operation == "CreateBucket" and (tags := _tags_in(request.body)):
            demands = [Demand(one, arn, owner, _tag_keys(tags)) for one in (action, "s3:TagResource")]
        return Call("s3", operation, params, tuple(demands), mutates)

    def _check_owner(self, asked: Asked, bucket: str) -> None:
        """Who names the account that a bucket should belong to is denied where it belongs to another."""
        expected = asked.params["Headers"].get("x-amz-expected-bucket-owner")
        stored = self._buckets.get(bucket)
        if expected is not None and stored is not None and stored["account"] != expected:
            raise Refusal("AccessDenied", "Access Denied", 403)

    def answer(self, asked: Asked) -> HttpResponse:
        if "Bucket" in asked.params:
            self._check_owner(asked, asked.params["Bucket"])
        bucket, key = asked.params.get("Bucket", ""), asked.params.get("Key", "")
        match asked.call.operation:
            case "ListBuckets":
                return self._list_buckets(asked)
            case "CreateBucket":
                return self._create(asked, bucket)
            case "DeleteBucket":
                with self._buckets.changing:
                    self._stored(bucket)
                    if self._objects.keys(f"{bucket}/"):
                        raise Refusal("BucketNotEmpty", "The bucket you tried to delete is not empty", 409)
                    self._buckets.remove([bucket])
                return _answer(asked, 204)
            case "GetBucketTagging":
                return self._tags(asked, bucket)
            case "HeadBucket":
                stored = self._stored(bucket)
                return _answer(asked, 200, headers={"x-amz-bucket-region": stored["region"]})
            case "ListObjectsV2":
                return self._list(asked, bucket)
            case "PutObject":
                return self._put(asked, bucket, key)
            case "DeleteObject":
                with self._buckets.changing:
                    self._stored(bucket)
                    self._objects.remove([f"{bucket}/{key}"])
                return _answer(asked, 204)
        self._stored(bucket)
        found = self._objects.get(f"{bucket}/{key}")
        if found is None:
            raise Refusal("NoSuchKey", "The specified key does not exist.", 404)
        body = base64.b64decode(found["body"])
        headers = {
            "content-type": found["type"],
            "etag": found["etag"],
            "accept-ranges": "bytes",
            **_ENCRYPTED,
            "last-modified": format_datetime(datetime.fromisoformat(found["changed"]), usegmt=True),
        }
        if asked.params["Headers"].get("x-amz-checksum-mode") == "ENABLED":
            headers |= _checksum_headers(body)
        return _answer(asked, 200, body, headers)

    def empty(self, account_ids: Collection[str]) -> None:
        with self._buckets.changing:
            owned = [bucket for bucket in self._buckets.every() if self._stored(bucket)["account"] in account_ids]
            self._objects.remove([key for bucket in owned for key in self._objects.keys(f"{bucket}/")])
            self._buckets.remove(owned)

    def tags_of(self, arn: str) -> Mapping[str, str]:
        stored = self._buckets.get(arn.split(":::")[-1].partition("/")[0])
        return dict(stored["tags"]) if stored else {}

    def _stored(self, bucket: str) -> dict[str, Any]:
        stored: dict[str, Any] | None = self._buckets.get(bucket)
        if stored is None:
            raise Refusal("NoSuchBucket", "The specified bucket does not exist", 404)
        return stored

    def _create(self, asked: Asked, bucket: str) -> HttpResponse:
        place = asked.place
        if not _BUCKET.fullmatch(bucket):
            raise Refusal("InvalidBucketName", "The specified bucket is not valid.")
        found = _CONSTRAINT.search(asked.params["Body"])
        if (found[1].decode() if found else "us-east-1") != place.region:
            given = found[1].decode() if found else "unspecified"
            words = "location constraint is incompatible for the region specific endpoint this request was sent to."
            raise Refusal("IllegalLocationConstraintException", f"The {given} {words}")
        with self._buckets.changing:
            if existing := self._buckets.get(bucket):
                if existing["account"] == place.account_id:
                    words = "Your previous request to create the named bucket succeeded and you already own it."
                    raise Refusal("BucketAlreadyOwnedByYou", words, 409)
                words = (
                    "The requested bucket name is not available. The bucket namespace is shared by all users of the "
                    "system. Please select a different name and try again."
                )
                raise Refusal("BucketAlreadyExists", words, 409)
            about = {
                "account": place.account_id,
                "region": place.region,
                "created": datetime.now(UTC).isoformat(),
                "tags": _tags_in(asked.params["Body"]),
            }
            self._buckets.put(bucket, about)
        return _answer(asked, 200, headers={"location": f"/{bucket}"})

    def _put(self, asked: Asked, bucket: str, key: str) -> HttpResponse:
        body, headers = asked.params["Body"], asked.params["Headers"]
        if len(body) > _LARGEST:
            raise Refusal("EntityTooLarge", f"In the xsfn sandbox, an object has at most {_LARGEST} bytes.")
        checksums = _checksum_headers(body)
        checksum = checksums["x-amz-checksum-crc32"]
        if headers.get("x-amz-checksum-crc32", checksum) != checksum:
            raise Refusal("BadDigest", "The CRC32 you specified did not match the calculated checksum.")
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        thing = {
            "body": base64.b64encode(body).decode("ascii"),
            "type": headers.get("content-type", "binary/octet-stream"),
            "etag": etag,
            "size": len(body),
            "changed": datetime.now(UTC).isoformat(),
        }
        with self._buckets.changing:
            self._stored(bucket)
            self._objects.put(f"{bucket}/{key}", thing)
        return _answer(asked, 200, headers={"etag": etag, **_ENCRYPTED, **checksums})

    def _list(self, asked: Asked, bucket: str) -> HttpResponse:
        self._stored(bucket)
        query = asked.params["Query"]
        if query.get("list-type") != "2":
            raise not_offered("s3", "ListObjects, the older form of ListObjectsV2")
        most = query.get("max-keys") or str(_MOST_KEYS)
        if not re.fullmatch("[0-9]{1,9}", most):
            raise Refusal("InvalidArgument", "Provided max-keys not an integer or within integer range")
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        keys = [key.removeprefix(f"{bucket}/") for key in self._objects.keys(f"{bucket}/{prefix}")]
        found = list(dict.fromkeys(_up_to(delimiter, key, len(prefix)) for key in keys))
        shown = found[: min(int(most), _MOST_KEYS)]
        coded = quote if query.get("encoding-type") == "url" else str
        folders = "".join(
            f"<CommonPrefixes><Prefix>{xml_text(coded(one))}</Prefix></CommonPrefixes>"
            for one, is_folder in shown
            if is_folder
        )
        rows = [(key, self._objects.get(f"{bucket}/{key}")) for key, is_folder in shown if not is_folder]
        contents = "".join(
            f"<Contents><Key>{xml_text(coded(key))}</Key><LastModified>{_moment(thing['changed'])}</LastModified>"
            f"<ETag>{xml_text(thing['etag'])}</ETag><Size>{thing['size']}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key, thing in rows
            if thing is not None
        )
        truncated = str(len(shown) < len(found)).lower()
        encoding = "<EncodingType>url</EncodingType>" if coded is quote else ""
        return _xml(
            asked,
            "ListBucketResult",
            f"<Name>{bucket}</Name><Prefix>{xml_text(coded(prefix))}</Prefix><KeyCount>{len(shown)}</KeyCount>"
            f"<MaxKeys>{_MOST_KEYS}</MaxKeys>{encoding}<IsTruncated>{truncated}</IsTruncated>"
            f"{contents}{folders}",
        )

    def _tags(self, asked: Asked, bucket: str) -> HttpResponse:
        tags = self._stored(bucket)["tags"]
        if not tags:
            raise Refusal("NoSuchTagSet", "The TagSet does not exist", 404)
        rows = "".join(
            f"<Tag><Key>{xml_text(name)}</Key><Value>{xml_text(value)}</Value></Tag>" for name, value in tags.items()
        )
        return _xml(asked, "Tagging", f"<TagSet>{rows}</TagSet>")

    def _list_buckets(self, asked: Asked) -> HttpResponse:
        owned = [(name, self._buckets.get(name)) for name in self._buckets.every()]
        rows = "".join(
            f"<Bucket><Name>{name}</Name><CreationDate>{_moment(about['created'])}</CreationDate></Bucket>"
            for name, about in owned
            if about is not None and about["account"] == asked.place.account_id
        )
        owner = f"<Owner><ID>{asked.place.account_id}</ID></Owner>"
        return _xml(asked, "ListAllMyBucketsResult", f"{owner}<Buckets>{rows}</Buckets>")


# Since 2023 S3 encrypts all: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingServerSideEncryption.html
_ENCRYPTED: Final = {"x-amz-server-side-encryption": "AES256"}


def _checksum_headers(body: bytes) -> dict[str, str]:
    checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode("ascii")
    return {"x-amz-checksum-crc32": checksum, "x-amz-checksum-type": "FULL_OBJECT"}


def _tags_in(body: bytes) -> dict[str, str]:
    """The tags that a bucket is made with."""
    if b"<Tags>" not in body:
        return {}
    try:
        # No entities are defined in what AWS's clients send, and none are taken.
        if b"<!" in body:
            raise ElementTree.ParseError
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError:
        raise Refusal("MalformedXML", "The XML you provided was not well-formed.") from None
    tags = root.iterfind(".//{*}Tags/{*}Tag")
    return {tag.findtext("{*}Key", ""): tag.findtext("{*}Value", "") for tag in tags}


def _tag_keys(tags: Mapping[str, str]) -> Context:
    return tag_keys(tags, refused="InvalidTag", words="System tags cannot be added/updated by requester")


def _up_to(delimiter: str, key: str, start: int) -> tuple[str, bool]:
    """The key, or what of it comes up to the next delimiter, as `aws s3 ls` shows folders; and whether it is one."""
    at = key.find(delimiter, start) if delimiter else -1
    return (key, False) if at < 0 else (key[: at + len(delimiter)], True)


def _context(operation: str, query: Mapping[str, str]) -> Context:
    """Service Authorization Reference, list_amazons3.html."""
    if operation != "ListObjectsV2":
        return {}
    names = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
    return {condition: query[name] for name, condition in names.items() if query.get(name)}


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _xml(asked: Asked, root: str, content: str) -> HttpResponse:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_NAMESPACE}">{content}</{root}>'
    return _answer(asked, 200, body.encode(), {"content-type": "application/xml"})


def _answer(asked: Asked, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(
        status,
        body,
        {"x-amz-request-id": asked.request_id, "x-amz-id-2": extended_id(asked.request_id), **(headers or {})},
    )
