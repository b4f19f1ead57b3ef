"""Reads messages, a base64 line each, as Python's own e-mail package does, and prints whom each reaches.

Both of its readers are asked (the old policy and the new), and what either sees counts.
"""

import base64
import email
import email.policy
import email.utils
import json
import sys

FIELDS = ["to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc"]


def addresses(message):
    values = [str(value) for field in FIELDS for value in message.get_all(field, [])]
    decoded = [str(email.header.make_header(email.header.decode_header(value))) for value in values]
    return {address for _, address in email.utils.getaddresses(values + decoded, strict=False) if "@" in address}


def modern(message):
    found = set()
    for field in FIELDS:
        for value in message.get_all(field, []):
            found.update(one.addr_spec for one in value.addresses if "@" in one.addr_spec)
    return found


for line in sys.stdin:
    raw = base64.b64decode(line)
    seen = set()
    for read, policy in ((addresses, email.policy.compat32), (modern, email.policy.default)):
        try:
            seen |= read(email.message_from_bytes(raw, policy=policy))
        except Exception:  # a reader that gives up sees nobody
            pass
    readable = [one.encode("utf-8", "replace").decode() for one in sorted(seen)]
    print(json.dumps(readable))
