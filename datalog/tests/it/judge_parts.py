"""Reads messages, a base64 line each, as Python's own e-mail package does, and prints how many attachments each has and
what its subject is.

Both of its readers are asked (the old policy and the new), and the most that either sees counts.
"""

import base64
import email
import email.header
import email.policy
import json
import sys


def leaves(message):
    """Every part, however deep, that is not plainly text to be shown."""
    count = 0
    for part in message.walk():
        named = part.get_filename() is not None or part.get_content_disposition() == "attachment"
        if part.get_content_maintype() == "message":
            count += 1
        elif part.is_multipart():
            count += named
        else:
            count += named or part.get_content_type() not in ("text/plain", "text/html")
    return count


def modern(message):
    return max(leaves(message), len(list(message.iter_attachments())) if message.is_multipart() else 0)


def old_subject(message):
    return str(email.header.make_header(email.header.decode_header(message.get("subject", ""))))


def new_subject(message):
    return str(message.get("subject", ""))


READERS = (
    (leaves, old_subject, email.policy.compat32),
    (modern, new_subject, email.policy.default),
)

for line in sys.stdin:
    raw = base64.b64decode(line)
    count, subjects = 0, []
    for attachments, subject, policy in READERS:
        try:
            message = email.message_from_bytes(raw, policy=policy)
            count = max(count, attachments(message))
            subjects.append(subject(message))
        except Exception:  # a reader that gives up sees nothing
            pass
    shown = [one.encode("utf-8", "replace").decode() for one in subjects]
    print(json.dumps({"attachments": count, "subjects": shown}))
