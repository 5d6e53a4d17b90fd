"""For Celery's own tools and monitors: `celery -A pipeline inspect active`, `celery -A pipeline flower`."""

from pipeline.messaging.celery_app import make_app
from pipeline.settings import Settings

app = make_app(Settings.load())
