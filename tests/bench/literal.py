"""The exercise that Tallybird grew out of, implemented literally: a peer of the tick's benchmark.

Every tick has a task for each account, a CSV file with everything, pyplot, and an upload and a sendPhoto for each chat.
"""

import csv
import io
import os
import time
from typing import Any

import dropbox
import matplotlib as mpl
import requests
import tweepy
from celery import Celery, chain, chord

from pipeline.http import HostOverrideAdapter

mpl.use("agg")
from matplotlib import pyplot as plt

app = Celery("literal", broker=os.environ["LITERAL_REDIS"], backend=os.environ["LITERAL_REDIS"])
app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)

ADDRESS = os.environ["LITERAL_SANDBOX"]
FOLDER = os.environ["LITERAL_FOLDER"]
Row = list[Any]


def x() -> tweepy.Client:
    client = tweepy.Client("bearer")
    client.session.mount(
        "https://api.twitter.com", HostOverrideAdapter("https://api.twitter.com", f"{ADDRESS}/x", timeout_s=30, pool=1)
    )
    return client


def cloud() -> dropbox.Dropbox:
    session = dropbox.create_session()
    for host in ("https://api.dropboxapi.com", "https://content.dropboxapi.com"):
        session.mount(host, HostOverrideAdapter(host, f"{ADDRESS}/dropbox", timeout_s=30, pool=1))
    return dropbox.Dropbox(oauth2_refresh_token="refresh", app_key="key", session=session)


@app.task
def fetch(name: str, user_id: str) -> list[Row]:
    response = x().get_users_tweets(user_id, max_results=100, tweet_fields=["public_metrics", "created_at"])
    return [[name, post.id, str(post.created_at), *post.public_metrics.values()] for post in response.data]


@app.task
def write(timelines: list[list[Row]]) -> str:
    path = f"{FOLDER}/posts.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:  # noqa: PTH123 - as in the exercise
        csv.writer(file).writerows(row for timeline in timelines for row in timeline)
    return path


@app.task
def upload(path: str, chats: list[int]) -> str:
    content = open(path, "rb").read()  # noqa: PTH123, SIM115
    client = cloud()
    for chat in chats:
        client.files_upload(content, f"/{chat}/posts.csv", mode=dropbox.files.WriteMode.overwrite)
    return path


@app.task
def plot(path: str) -> str:
    with open(path, newline="", encoding="utf-8") as file:  # noqa: PTH123
        rows = list(csv.reader(file))
    plt.figure(figsize=(12.8, 12.8), dpi=100)
    for name in dict.fromkeys(row[0] for row in rows):
        plt.plot([int(row[3]) for row in rows if row[0] == name], label=name)
    plt.legend(fontsize=4)
    plt.savefig(f"{FOLDER}/chart.png")
    plt.close()
    return f"{FOLDER}/chart.png"


@app.task
def send(path: str, chats: list[int]) -> None:
    picture = open(path, "rb").read()  # noqa: PTH123, SIM115
    address = f"{ADDRESS}/telegram/bot7:literal-literal-literal-literal/sendPhoto"
    for chat in chats:
        while True:
            files = {"photo": ("chart.png", io.BytesIO(picture))}
            answer = requests.post(address, data={"chat_id": chat}, files=files, timeout=30)
            if answer.status_code != requests.codes.too_many_requests:
                answer.raise_for_status()
                break
            time.sleep(answer.json()["parameters"]["retry_after"])


def tick(accounts: list[tuple[str, str]], chats: list[int]) -> None:
    body = chain(write.s(), upload.s(chats), plot.s(), send.s(chats))
    chord([fetch.s(name, user_id) for name, user_id in accounts])(body)
