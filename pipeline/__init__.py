import os

os.environ.setdefault("NOSETPS", "1")
"""Celery reads it: `ps` shows the commands of its processes, where Celery would write what they are to it."""
