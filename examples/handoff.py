"""A parent agent that hands narrower passes to two children, with the real Google SDK.

The parent holds one pass. It makes a pass for each child on the spot, without asking anybody: the reader may list and
read, the writer may only draft, and both end in five minutes. What a child is not given is refused at the gateway,
whatever the child was told.

    pip install google-api-python-client biscuit-python
    hallpass run "answer my mail" --allow gmail:read --allow gmail.users.drafts.create -- python examples/handoff.py

`hallpass run` leaves the pass in HALLPASS_PASS, and where to present it in HALLPASS_GMAIL_URL; AUTHORITY defaults to where
`hallpass serve` listens.
"""

import base64
import datetime
import json
import os
import urllib.request

from biscuit_auth import Algorithm, Biscuit, BlockBuilder, PublicKey
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

GATEWAY = os.environ["HALLPASS_GMAIL_URL"]
AUTHORITY = os.environ.get("AUTHORITY", "http://127.0.0.1:7412")


def root_keys():
    """The public keys that passes are signed with: biscuit-python needs them to read a pass."""
    with urllib.request.urlopen(f"{AUTHORITY}/.well-known/hallpass") as answer:
        published = json.load(answer)["root_keys"]
    return {key["id"]: bytes.fromhex(key["public_key"]) for key in published}


def narrower(pass_, operations):
    """A pass for these operations and five minutes. It is made here, offline, and can only be narrower."""
    keys = root_keys()
    token = Biscuit.from_base64(
        pass_.removeprefix("hallpass_"), lambda id_: PublicKey.from_bytes(keys[id_ or 0], Algorithm.Ed25519)
    )
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
    block = BlockBuilder(
        "check if operation($o), {operations}.contains($o); check if time($t), $t <= {end};",
        {"operations": set(operations), "end": end},
    )
    return "hallpass_" + token.append(block).to_base64()


def mail(pass_):
    """Google's own client: only its endpoint and its token are set."""
    return build("gmail", "v1", credentials=Credentials(token=pass_), client_options={"api_endpoint": GATEWAY}).users()


def reader(pass_):
    """Reads the newest message; it has no way to answer."""
    users = mail(pass_)
    newest = users.messages().list(userId="me", maxResults=1).execute()["messages"][0]
    return users.messages().get(userId="me", id=newest["id"]).execute()


def writer(pass_, thread, text):
    """Drafts an answer; it has no way to read."""
    raw = base64.urlsafe_b64encode(text.encode()).decode()
    return mail(pass_).drafts().create(userId="me", body={"message": {"raw": raw, "threadId": thread}}).execute()


def refused(call):
    """What the gateway says to a call that it must not let through."""
    try:
        call()
    except HttpError as error:
        return error.reason
    raise SystemExit("a child did what it was not given")


def main():
    parent = os.environ["HALLPASS_PASS"]
    reads = narrower(parent, ["gmail.users.messages.list", "gmail.users.messages.get"])
    drafts = narrower(parent, ["gmail.users.drafts.create"])

    message = reader(reads)
    print("reader: read", message["id"])
    draft = writer(drafts, message["threadId"], "Subject: Re: your mail\r\n\r\nThank you, more tomorrow.\r\n")
    print("writer: drafted", draft["id"])
    print("reader, drafting:", refused(lambda: writer(reads, message["threadId"], "Subject: no\r\n\r\n")))
    print("writer, reading:", refused(lambda: reader(drafts)))


if __name__ == "__main__":
    main()
