"""Signs requests and encodes event streams with botocore: used by `tests/real`, not by hand.

    aws-judge.py sign <REQUEST.json     prints the `Authorization` that botocore gives the request
    aws-judge.py stream <EVENTS.json    encodes the events, checks that botocore reads them back, prints them in hex
"""

import binascii
import json
import struct
import sys
from datetime import datetime, timezone
from unittest import mock

from botocore import auth, credentials, model, parsers
from botocore.awsrequest import AWSRequest
from botocore.eventstream import EventStreamBuffer
from botocore.loaders import Loader


def sign(asked: dict) -> str:
    keys = credentials.Credentials(asked["id"], asked["secret"], asked["token"])
    request = AWSRequest("POST", asked["url"], headers=asked["headers"], data=asked["body"].encode())
    now = datetime.strptime(asked["time"], "%Y%m%dT%H%M%SZ")
    # The clock that botocore reads, under the names of its older and newer versions.
    names = [name for name in ("get_current_datetime",) if hasattr(auth, name)]
    if names:
        patch = mock.patch.object(auth, names[0], lambda remove_tzinfo=True: now if remove_tzinfo else now.replace(tzinfo=timezone.utc))
    else:
        patch = mock.patch.object(auth.datetime, "datetime", mock.Mock(wraps=datetime, utcnow=lambda: now))
    with patch:
        auth.SigV4Auth(keys, asked["service"], asked["region"]).add_auth(request)
    return request.headers["Authorization"]


def text_header(name: str, value: str) -> bytes:
    return struct.pack("!B", len(name)) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()


def message(headers: dict, payload: bytes) -> bytes:
    head = b"".join(text_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    prelude += struct.pack("!I", binascii.crc32(prelude))
    whole = prelude + head + payload
    return whole + struct.pack("!I", binascii.crc32(whole))


def stream(events: list) -> str:
    encoded = b""
    for kind, payload in events:
        headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
        encoded += message(headers, json.dumps(payload).encode())
    # botocore reads its own service's stream: the frames, and the shapes of the events.
    service = model.ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
    shape = service.shape_for("ConverseStreamOutput")
    parser = parsers.EventStreamJSONParser()
    buffer = EventStreamBuffer()
    buffer.add_data(encoded)
    read = [parser.parse(frame.to_response_dict(), shape) for frame in buffer]
    wanted = [{kind: payload} for kind, payload in events]
    assert read == wanted, f"botocore reads {read}"
    return encoded.hex()


def main() -> int:
    asked = json.load(sys.stdin)
    print({"sign": sign, "stream": stream}[sys.argv[1]](asked))
    return 0


if __name__ == "__main__":
    sys.exit(main())
