"""Dramatiq on Redis, which acknowledges after the task."""
import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from marks import mark

broker = RedisBroker(url=os.environ["BENCH_BROKER"])
dramatiq.set_broker(broker)


@dramatiq.actor
def noop(number):
    mark(number)


def enqueue(numbers):
    for number in numbers:
        noop.send(number)
