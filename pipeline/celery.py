"""The app for Celery's own tools and monitors, as in `celery -A pipeline inspect active`."""

from pipeline.messaging.celery_app import make_app
from pipeline.settings import Settings

app = make_app(Settings.load())
