"""Celery's consumer, without the 28 queues and exchanges that it makes on RabbitMQ for delayed tasks: none is here."""

from celery.worker import consumer

DELAYS = "celery.worker.consumer.delayed_delivery:DelayedDelivery"


class Consumer(consumer.Consumer):
    class Blueprint(consumer.Consumer.Blueprint):  # type: ignore[misc, valid-type] # a variable to celery-types
        default_steps = [step for step in consumer.Consumer.Blueprint.default_steps if step != DELAYS]  # noqa: RUF012
