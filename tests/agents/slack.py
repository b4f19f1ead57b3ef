"""An agent with slack_sdk, unmodified: only its base URL and its token are set.

usage: slack.py SCENARIO [ARGUMENT…]     environment: BASE_URL, PASS
Prints one JSON object: {"result": …}, or {"error": what a person would read}.
"""

import json
import os
import sys

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

client = WebClient(token=os.environ["PASS"], base_url=os.environ["BASE_URL"] + "/api/")
DIVIDER = [{"type": "divider"}]


def whoami():
    return client.auth_test()["user_id"]


def channels():
    return sorted(channel["name"] for channel in client.conversations_list(exclude_archived=True)["channels"])


def history(channel):
    return [message["text"] for message in client.conversations_history(channel=channel, limit=5)["messages"]]


def post(channel, text):
    return client.chat_postMessage(channel=channel, text=text)["message"]["text"]


def post_blocks(channel, text):
    """With blocks the client sends JSON, not a form."""
    return client.chat_postMessage(channel=channel, text=text, blocks=DIVIDER)["message"]["text"]


def post_by_get(channel, text):
    """A write over GET: every argument in the query."""
    params = {"channel": channel, "text": text}
    return client.api_call("chat.postMessage", http_verb="GET", params=params)["message"]["text"]


def post_in_two_places(channel, other):
    """The same argument in the query and in the body."""
    url = f"chat.postMessage?channel={other}"
    return client.api_call(url, data={"channel": channel, "text": "where does it go?"})["channel"]


def post_ts(channel, text):
    answer = client.chat_postMessage(channel=channel, text=text)
    return [answer["channel"], answer["ts"]]


def edit(channel, ts, text):
    return client.chat_update(channel=channel, ts=ts, text=text)["text"]


def people():
    return [[one["name"], one["profile"].get("email")] for one in client.users_list()["members"]]


def search(query):
    return client.search_all(query=query)["ok"]


def delete(channel, ts):
    return client.chat_delete(channel=channel, ts=ts)["ok"]


def upload(channel):
    return client.files_upload_v2(channel=channel, content="a report", filename="report.txt")["ok"]


SCENARIOS = {one.__name__: one for one in (whoami, channels, history, post, post_blocks, post_by_get, post_in_two_places, post_ts, edit, people, search, delete, upload)}

try:
    print(json.dumps({"result": SCENARIOS[sys.argv[1]](*sys.argv[2:])}))
except SlackApiError as error:
    print(json.dumps({"error": str(error)}))
