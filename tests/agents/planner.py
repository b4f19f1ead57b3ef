"""An agent with google-api-python-client for Calendar and Drive, unmodified: only its endpoint and its token are set.

usage: planner.py SCENARIO [ARGUMENT…]     environment: CALENDAR_URL, DRIVE_URL, PASS
Prints one JSON object: {"result": …}, or {"error": what a person would read, "status": …}.
"""

import json
import os
import sys

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

CREDENTIALS = Credentials(token=os.environ["PASS"])


def client(name, version):
    """The description as the gateway serves it."""
    url = os.environ[name.upper() + "_URL"] + "/discovery/v1/apis/{api}/{apiVersion}/rest"
    return build(name, version, credentials=CREDENTIALS, discoveryServiceUrl=url, static_discovery=False)


def packaged_calendar():
    """The description that the package carries, at another endpoint."""
    endpoint = os.environ["CALENDAR_URL"] + "/calendar/v3/"
    return build("calendar", "v3", credentials=CREDENTIALS, client_options={"api_endpoint": endpoint})


def event(guests):
    return {
        "summary": "planning",
        "start": {"dateTime": "2026-12-01T09:00:00Z"},
        "end": {"dateTime": "2026-12-01T10:00:00Z"},
        "attendees": [{"email": guest} for guest in guests],
    }


def events():
    listed = client("calendar", "v3").events().list(calendarId="primary", maxResults=10).execute()
    return [one["summary"] for one in listed["items"]]


def packaged_events():
    listed = packaged_calendar().events().list(calendarId="primary", maxResults=10).execute()
    return [one["summary"] for one in listed["items"]]


def invite(*guests):
    made = client("calendar", "v3").events().insert(calendarId="primary", body=event(guests)).execute()
    return made["summary"]


def invite_from_package(*guests):
    made = packaged_calendar().events().insert(calendarId="primary", sendUpdates="all", body=event(guests)).execute()
    return made["summary"]


def invite_on(calendar, *guests):
    """On a calendar that others read."""
    return client("calendar", "v3").events().insert(calendarId=calendar, body=event(guests)).execute()["summary"]


def create_in(folder, name):
    made = client("drive", "v3").files().create(body={"name": name, "parents": [folder]}).execute()
    return made["name"]


def quick_add(text):
    return client("calendar", "v3").events().quickAdd(calendarId="primary", text=text).execute()


def cancel(event_id):
    return client("calendar", "v3").events().delete(calendarId="primary", eventId=event_id).execute()


def files():
    return [one["name"] for one in client("drive", "v3").files().list(pageSize=10).execute()["files"]]


def share(file_id, kind, role, *address):
    body = {"type": kind, "role": role} | ({"emailAddress": address[0]} if address else {})
    return client("drive", "v3").permissions().create(fileId=file_id, body=body).execute()


def move(file_id, parent):
    return client("drive", "v3").files().update(fileId=file_id, addParents=parent).execute()


SCENARIOS = (
    events, packaged_events, invite, invite_from_package, invite_on, quick_add, cancel, files, share, create_in, move,
)

try:
    scenario = {one.__name__: one for one in SCENARIOS}[sys.argv[1]]
    print(json.dumps({"result": scenario(*sys.argv[2:])}))
except HttpError as error:
    print(json.dumps({"error": str(error), "status": error.status_code}))
