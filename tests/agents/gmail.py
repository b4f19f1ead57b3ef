"""An agent with google-api-python-client, unmodified: only its endpoint and its token are set.

usage: gmail.py SCENARIO [ARGUMENT]     environment: BASE_URL, PASS
Prints one JSON object: {"result": …}, or {"error": what a person would read, "status": …}.
"""

import base64
import json
import os
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload

BASE = os.environ["BASE_URL"]
CREDENTIALS = Credentials(token=os.environ["PASS"])
LETTER = "From: alice@example.com\r\nTo: {to}\r\nSubject: re: letter 1\r\n\r\nthanks\r\n"


def client():
    """The description that the package carries, at another endpoint: enough for plain calls."""
    return build("gmail", "v1", credentials=CREDENTIALS, client_options={"api_endpoint": BASE})


def described_client():
    """The description as the gateway serves it: uploads and batches stay inside too."""
    url = BASE + "/discovery/v1/apis/{api}/{apiVersion}/rest"
    return build("gmail", "v1", credentials=CREDENTIALS, discoveryServiceUrl=url, static_discovery=False)


def raw(to):
    return base64.urlsafe_b64encode(LETTER.format(to=to).encode()).decode()


def list_(users, _):
    return [message["id"] for message in users.messages().list(userId="me", maxResults=10).execute()["messages"]]


def get(users, message):
    return users.messages().get(userId="me", id=message, format="full").execute()


def labels(users, _):
    return users.labels().list(userId="me").execute()


def draft(users, to):
    return users.drafts().create(userId="me", body={"message": {"raw": raw(to)}}).execute()


def send(users, to):
    return users.messages().send(userId="me", body={"raw": raw(to)}).execute()


def reply(users, argument):
    """ADDRESS THREAD: a letter into a thread."""
    to, thread = argument.split()
    return users.messages().send(userId="me", body={"raw": raw(to), "threadId": thread}).execute()


def draft_reply(users, argument):
    to, thread = argument.split()
    return users.drafts().create(userId="me", body={"message": {"raw": raw(to), "threadId": thread}}).execute()


def update_draft(users, argument):
    to, draft_id = argument.split()
    return users.drafts().update(userId="me", id=draft_id, body={"message": {"raw": raw(to)}}).execute()


def send_draft(users, draft_id):
    return users.drafts().send(userId="me", body={"id": draft_id}).execute()


def send_and_wait(users, to):
    """Asks the gateway to hold the request open until a person has answered (RFC 7240)."""
    request = users.messages().send(userId="me", body={"raw": raw(to)})
    request.headers["Prefer"] = "wait=60"
    return request.execute()


def send_attached(users, to):
    """As an agent builds a letter each time that it tries: with a new boundary, date and id."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "alice@example.com", to, "the file"
    letter["Date"], letter["Message-ID"] = formatdate(), make_msgid(domain="agent.example")
    letter.set_content("see the file")
    letter.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="a.pdf")
    whole = base64.urlsafe_b64encode(letter.as_bytes()).decode()
    return users.messages().send(userId="me", body={"raw": whole}).execute()


def delete(users, message):
    return users.messages().delete(userId="me", id=message).execute()


def long_list(users, _):
    """Over 2,048 characters: the client sends a POST with the method in a header and the query as a form."""
    query = " OR ".join(f"subject:letter{n:04}" for n in range(160))
    return users.messages().list(userId="me", q=query).execute()


def media(to):
    return MediaInMemoryUpload(LETTER.format(to=to).encode(), mimetype="message/rfc822")


def upload_draft(users, to):
    return users.drafts().create(userId="me", body={}, media_body=media(to)).execute()


def upload_send(users, to):
    return users.messages().send(userId="me", body={}, media_body=media(to)).execute()


def batch(service, _):
    answers = {}

    def keep(request_id, response, exception):
        answers[request_id] = {"error": str(exception)} if exception else response

    together = service.new_batch_http_request(callback=keep)
    for message in ("alice-1", "alice-2"):
        together.add(service.users().messages().get(userId="me", id=message))
    together.execute()
    return answers


PLAIN = {"list": list_, "get": get, "labels": labels, "draft": draft, "send": send, "delete": delete, "long": long_list}
PLAIN |= {"send-and-wait": send_and_wait, "send-attached": send_attached}
REPLIES = {"reply": reply, "draft-reply": draft_reply, "update-draft": update_draft, "send-draft": send_draft}
PLAIN |= REPLIES
DESCRIBED = {"upload-draft": upload_draft, "upload-send": upload_send, "described-list": list_}


def run(scenario, argument):
    if scenario in PLAIN:
        return PLAIN[scenario](client().users(), argument)
    if scenario in DESCRIBED:
        return DESCRIBED[scenario](described_client().users(), argument)
    return batch(described_client(), argument)


try:
    print(json.dumps({"result": run(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)}))
except HttpError as error:
    print(json.dumps({"error": str(error), "reason": error.reason, "status": error.status_code}))
