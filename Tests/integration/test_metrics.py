"""What a sentinel counts, as Prometheus's own parser reads it."""
import re
import socket
import urllib.error
import urllib.request

import pytest
import zmq
from prometheus_client.parser import text_string_to_metric_families

from project import WAIT_SECONDS, wait_until

FINE = "class Handler:\n    def execute(self, file_path):\n        return [{'n': 1}, {'n': 2}]\n"
RAISES = "class Handler:\n    def execute(self, file_path):\n        raise ValueError('no')\n"


def scrape(url: str) -> dict:
    """Samples by name and labels; every family has a type and a sentence of help."""
    with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in samples
            samples[key] = sample.value
    return samples


def address(running) -> str:
    running.wait_for_log("metrics are served")
    return re.search(r"url=(\S+)", running.log())[1]


def outcome(samples: dict, word: str) -> float:
    return samples["casparian_attempts_total", ("outcome", word)]


def test_jobs_workers_waits_and_rejected_messages_are_counted(project):
    project.write_plugin("fine", FINE)
    project.write_plugin("raises", RAISES)
    for name in ("fine", "raises", "absent"):
        project.route(f"{name}/*", name)
    sentinel = project.start_sentinel("--metrics", "127.0.0.1:0")
    url = address(sentinel)
    before = scrape(url)
    assert [outcome(before, word) for word in ("succeeded", "failed", "changed", "lost")] == [0, 0, 0, 0]
    assert before["casparian_workers",] == 0 and before["casparian_lease_losses_total",] == 0
    worker = project.start_worker(slots=2)
    project.wait_for_worker(worker)
    for number in range(3):
        project.write(f"fine/{number}", str(number))
    project.write("raises/a", "x")
    project.write("absent/a", "x")
    project.write("absent/b", "y")
    project.run("scan")

    def is_done() -> dict | None:
        """Counters change in a turn, gauges at its end."""
        found = scrape(url)
        ended = outcome(found, "succeeded") + outcome(found, "failed")
        return found if ended == 4 and found["casparian_jobs_at_workers",] == 0 else None
    samples = wait_until(is_done, lambda: str(scrape(url)))
    assert (outcome(samples, "succeeded"), outcome(samples, "failed")) == (3, 1)
    assert samples["casparian_rows_total",] == 6 and samples["casparian_bytes_total",] > 0
    assert samples["casparian_workers",] == 1
    assert samples["casparian_dispatch_latency_seconds_count",] == 4
    assert samples["casparian_dispatch_latency_seconds_bucket", ("le", "+Inf")] == 4
    assert samples["casparian_turn_seconds_count",] > 0
    queue = {(dict(key[1:])["plugin"], dict(key[1:])["status"]): value
             for key, value in samples.items() if key[0] == "casparian_queue_jobs"}
    assert queue["absent", "QUEUED"] == 2 and queue["raises", "FAILED"] == 1
    assert ("fine", "COMPLETED") not in queue

    context = zmq.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.connect(project.address)
    stranger.send_multipart([b"no header", b"{}"])
    wait_until(lambda: scrape(url)["casparian_messages_rejected_total", ("reason", "malformed")] == 1,
               lambda: sentinel.log())
    context.destroy(linger=0)
    worker.kill()
    wait_until(lambda: scrape(url)["casparian_workers",] == 0, lambda: sentinel.log())
    assert scrape(url)["casparian_lease_losses_total",] == 1
    assert sentinel.stop() == 0


def test_only_get_metrics_is_answered_and_up_serves_them_by_its_settings(project):
    with open(project.folder / "casparian.yaml", "a") as file:
        file.write("metrics: localhost:0\n")
    up = project.start("up")
    url = address(up)
    assert scrape(url)["casparian_attempts_total", ("outcome", "lost")] == 0
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("/metrics", "/other"), timeout=WAIT_SECONDS)
    assert refused.value.code == 404
    # Whoever says nothing, or nonsense, disturbs nobody.
    host, port = re.search(r"//([\d.]+):(\d+)/", url).groups()
    with socket.create_connection((host, int(port))) as silent, socket.create_connection((host, int(port))) as rude:
        rude.sendall(b"\x00\xff no http at all\r\n\r\n")
        assert scrape(url)
        silent.sendall(b"GET ")
        assert scrape(url)
    assert up.stop() == 0


@pytest.mark.parametrize("place, status, words", [
    ("0.0.0.0:9464", 64, "can be reached from other machines"), ("[::]:9464", 64, "can be reached from other machines"),
    ("9464", 64, "no address"), ("somewhere:9464", 64, "no address"), ("127.0.0.1:99999", 64, "no address")])
def test_addresses_that_cannot_be_used_are_refused_with_what_to_give(project, place, status, words):
    for command in ("sentinel", "up"):
        assert words in project.refuse(command, "--metrics", place, status=status)


def test_an_address_in_use_ends_the_sentinel_with_the_reason(project):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        told = project.refuse("sentinel", "--metrics", place, status=69)
    assert f"metrics at {place}: Address already in use" in told and "--metrics" in told
