"""Agents with Google's, GitHub's and Slack's clients for Python, unmodified, set to repeat what they may.

usage: told.py SDK read|write     environment: BASE_URL, PASS
Prints one JSON object: {"result": …}, or {"error": what a person would read}.
"""

import json
import os
import sys

BASE, PASS = os.environ["BASE_URL"], os.environ["PASS"]


def google(does):
    from google.oauth2.credentials import Credentials
    from googleapiclient.discovery import build

    client = build("gmail", "v1", credentials=Credentials(token=PASS), client_options={"api_endpoint": BASE})
    messages = client.users().messages()
    request = messages.list(userId="me") if does == "read" else messages.trash(userId="me", id="m1")
    return request.execute(num_retries=2)


def github(does):
    from github import Auth, Github

    client = Github(base_url=BASE, auth=Auth.Token(PASS))
    if does == "read":
        return client.get_user().login
    return client.get_repo("o/r", lazy=True).create_issue("x").title


def slack(does):
    from slack_sdk import WebClient
    from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler, ServerErrorRetryHandler

    client = WebClient(token=PASS, base_url=BASE + "/api/")
    client.retry_handlers += [RateLimitErrorRetryHandler(), ServerErrorRetryHandler(max_retry_count=2)]
    if does == "read":
        return client.conversations_list().data
    return client.chat_postMessage(channel="C0123ABCD", text="x").data


try:
    print(json.dumps({"result": {"google": google, "github": github, "slack": slack}[sys.argv[1]](sys.argv[2])}))
except Exception as error:  # whatever the SDK makes of it is what a person reads
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
