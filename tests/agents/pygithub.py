"""An agent with PyGithub, unmodified: only its base URL and its token are set.

usage: pygithub.py SCENARIO [ARGUMENT…]     environment: BASE_URL, PASS
Prints one JSON object: {"result": …}, or {"error": what a person would read, "status": …}.
"""

import json
import os
import sys

from github import Auth, Github
from github.GithubException import GithubException

GITHUB = Github(base_url=os.environ["BASE_URL"], auth=Auth.Token(os.environ["PASS"]), per_page=3)


def whoami():
    return GITHUB.get_user().login


def issues():
    """Three pages of three: the next page's URL comes from the answer."""
    return sorted(issue.title for issue in GITHUB.get_repo("alice/notes").get_issues(state="open"))


def followed():
    """Objects that follow the absolute URLs of the bodies that they came in."""
    issue = GITHUB.get_repo("alice/notes").get_issue(1)
    issue.update()
    return {"title": issue.title, "url": issue.url, "comments": issue.get_comments().totalCount}


def top():
    """As PyGithub's own documentation begins: the path of the top is empty, and a directory ends in a slash."""
    repository = GITHUB.get_repo("alice/notes")
    return [one.path for path in ("", "docs/") for one in repository.get_contents(path)]


def comment():
    return GITHUB.get_repo("alice/notes").get_issue(1).create_comment("seen").body


def comment_ids():
    return [one.id for one in GITHUB.get_repo("alice/notes").get_issue(1).get_comments()]


def issue_comment(number):
    return GITHUB.get_repo("alice/notes").get_issue(1).get_comment(int(number)).body


def review_comment(number):
    """The same number, as if it were that of a comment on a line of a pull request."""
    return GITHUB.requester.requestJsonAndCheck("GET", f"/repos/alice/notes/pulls/comments/{number}")[1]["body"]


def create():
    return GITHUB.get_repo("alice/notes").create_issue(title="made by the agent").title


def commit(path):
    made = GITHUB.get_repo("alice/notes").create_file(path, "by the agent", "hello", branch="main")
    return made["content"].path


def publish(text):
    GITHUB.get_repo("alice/notes").edit(description=text, private=False)
    return "published"


def look(name):
    return GITHUB.get_repo(name).full_name


def delete():
    GITHUB.get_repo("alice/notes").delete()
    return "deleted"


SCENARIOS = {f.__name__: f for f in (whoami, issues, followed, top, comment, comment_ids, issue_comment, review_comment, create, commit, publish, look, delete)}
try:
    print(json.dumps({"result": SCENARIOS[sys.argv[1]](*sys.argv[2:])}))
except GithubException as error:
    print(json.dumps({"error": str(error), "status": error.status, "data": error.data}))
