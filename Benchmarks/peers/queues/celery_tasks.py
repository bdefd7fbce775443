"""Celery on Redis; a message is acknowledged after its task, so that a killed worker loses none."""
import os

import celery

from marks import mark

app = celery.Celery("celery_tasks", broker=os.environ["BENCH_BROKER"])
app.conf.update(task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=64,
                worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)


@app.task
def noop(number):
    mark(number)


def enqueue(numbers):
    for number in numbers:
        noop.delay(number)
