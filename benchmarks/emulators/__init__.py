"""The sandbox and the other emulators of Step Functions that can be installed, all started and asked in one way.

`engine.py` says what a running one is, `ours.py` and `installed.py` start them, `refusals.py` puts them to the tests.
"""

from __future__ import annotations

from typing import Final

from benchmarks.emulators.engine import Absent, Engine, Running
from benchmarks.emulators.installed import Emulator
from benchmarks.emulators.ours import Ours

__all__ = ["ENGINES", "Absent", "Engine", "Running"]

_MOTO: Final = ("moto[server,stepfunctions]==5.2.5",)
_MINISTACK: Final = {
    "BIND_HOST": "127.0.0.1",
    "GATEWAY_PORT": "{port}",
    "LOG_LEVEL": "WARNING",
    "S3_DATA_DIR": "{folder}/files",
    "STATE_DIR": "{folder}/state",
    "TMPDIR": "{folder}",
}

# What the others are measured against comes first.
ENGINES: Final[tuple[Engine, ...]] = (
    Ours(),
    Emulator(
        "LocalStack 4.14.0",
        "localstack",
        # Its last open release, with the releases of that time of what has moved since.
        (
            "localstack-core[runtime]==4.14.0",
            "cbor2<5.8",
            "pyopenssl<25.2",
            "cryptography<46",
            "service_identity<26",
        ),
        ("-m", "localstack.runtime.main"),
        {
            "DISABLE_EVENTS": "1",
            "DNS_ADDRESS": "0",
            "EAGER_SERVICE_LOADING": "0",
            "FILESYSTEM_ROOT": "{folder}/files",
            "GATEWAY_LISTEN": "127.0.0.1:{port}",
            "LS_LOG": "warning",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
        },
        ready="/_localstack/health",
        # Its metadata ask for less, its code doesn't parse on less than 3.12; 3.13 is what it was made for.
        least_python=(3, 13),
        note="its last open release; enforces nothing",
    ),
    Emulator(
        "moto 5.2.5, mended",
        "moto",
        _MOTO,
        ("{here}/moto_server.py", "{port}", "mended"),
        ready="/moto-api/data.json",
        note="moto's server with its nested call mended by moto_server.py; enforces nothing",
    ),
    Emulator(
        "moto 5.2.5",
        "moto",
        _MOTO,
        ("{here}/moto_server.py", "{port}"),
        ready="/moto-api/data.json",
        note="moto's server as it is, with its state machines run; enforces nothing",
    ),
    Emulator(
        "ministack 1.5.33, AUTH",
        "ministack",
        ("ministack==1.5.33",),
        ("-m", "ministack"),
        {**_MINISTACK, "AUTH": "true"},
        ready="/_ministack/health",
        has_users=True,
        note="with AUTH=true it verifies signatures and enforces policies on calls; its tasks know no Credentials",
    ),
    Emulator(
        "ministack 1.5.33",
        "ministack",
        ("ministack==1.5.33",),
        ("-m", "ministack"),
        _MINISTACK,
        ready="/_ministack/health",
        note="as it is, it enforces nothing",
    ),
)
