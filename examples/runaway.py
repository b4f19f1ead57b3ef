"""An agent that forgets what it was told, and a pass that does not.

A person asks an agent to triage an inbox: "don't delete anything without asking me". The inbox is long, the agent's
context is not: it is compacted, and of all things the oldest note goes, which is the person's. What is left is an agent
that means to be useful and cleans up. No language model is asked here; the script does what was seen to happen.

The pass remembers. It was minted with what the person said:

    hallpass run "triage my inbox" --allow gmail:read --allow gmail.users.drafts.create --ask gmail:send --ask gmail:delete \
        --deny gmail.users.messages.delete --deny gmail.users.messages.batchDelete -- python examples/runaway.py

and, in another terminal, whenever you like: hallpass stop

Every deletion is refused, or waits for a person who was asked; the agent goes on until its pass is stopped. Nothing is
lost.
"""

import json
import os
import sys
import time

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

GATEWAY = os.environ["HALLPASS_GMAIL_URL"]
TOLD = "person: triage my inbox: read, summarize, draft. Don't send or delete anything without asking me first."


def say(line):
    print(line, flush=True)


class Memory:
    """What the agent has in its context: a few notes. When there are more, it is compacted."""

    ROOM = 5

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)
        if len(self.notes) > self.ROOM:
            say(f"agent: my context is full; compacting {len(self.notes)} notes into one")
            self.notes = ["summary: the inbox is triaged; what is left is to clean it up"]

    def forbids_deleting(self):
        return any("Don't send or delete" in note for note in self.notes)


def triage(users, memory):
    """Reads and summarizes, as it was told. The last thing that it does with its instructions."""
    inbox = users.messages().list(userId="me").execute()["messages"]
    for message in inbox:
        letter = users.messages().get(userId="me", id=message["id"]).execute()
        memory.note(f"summary of {message['id']}: {letter['snippet']}")
        say(f"agent: read and summarized {message['id']}")
    return [message["id"] for message in inbox]


def ways_to_clean_up(users, ids):
    """Every way that occurs to it, over and over: it is diligent."""
    while True:
        for id_ in ids:
            yield f"moving {id_} to the trash", users.messages().trash(userId="me", id=id_)
        for id_ in ids:
            yield f"deleting {id_} for good", users.messages().delete(userId="me", id=id_)
        yield f"deleting all {len(ids)} at once", users.messages().batchDelete(userId="me", body={"ids": ids})


# Codes of refusals after which no request of this pass goes: an agent that reads them stops.
OVER = {"stopped", "pass-revoked", "pass-expired"}


def clean_up(users, ids):
    for what, request in ways_to_clean_up(users, ids):
        say(f"agent: {what}")
        try:
            request.execute()
        except HttpError as error:
            refusal = json.loads(error.content)
            if refusal["code"] in OVER:
                say(f"hallpass: stopped: {refusal['detail']}")
                return
            say(f"hallpass: refused: {error.reason}")
            time.sleep(0.02)
            continue
        sys.exit("a message is gone")


def main():
    credentials = Credentials(token=os.environ["HALLPASS_PASS"])
    users = build("gmail", "v1", credentials=credentials, client_options={"api_endpoint": GATEWAY}).users()
    memory = Memory()
    say(TOLD)
    memory.note(TOLD)
    ids = triage(users, memory)
    if memory.forbids_deleting():
        say("agent: done; I was told to delete nothing")
        return
    say("agent: nobody told me not to delete, as far as I remember")
    clean_up(users, ids)
    say("agent: my pass does not count any more; I have to ask the person")


if __name__ == "__main__":
    main()
