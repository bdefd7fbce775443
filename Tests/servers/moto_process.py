"""Starts and ends moto's server, an S3 of its own in memory, on a free port of 127.0.0.1."""
import contextlib
import http.client
import pathlib
import subprocess
import sys
import time

import boto3

from ports import free_port

BUCKET = "tables"
START_SECONDS, END_SECONDS = 180, 60


class MotoServer:
    def __init__(self):
        self.port = free_port()
        program = pathlib.Path(sys.executable).parent / "moto_server"
        self.process = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(self.port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline and self.process.poll() is None, "moto's server does not start"
            time.sleep(0.1)
        self.client = boto3.client(
            "s3", endpoint_url=self.endpoint, aws_access_key_id="test", aws_secret_access_key="test",
            region_name="us-east-1")
        self.client.create_bucket(Bucket=BUCKET)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _answers(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            return True
        except OSError:
            return False

    def environment(self) -> dict:
        """For the program: where its buckets are, and as whom it comes."""
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}

    def objects(self) -> dict[str, bytes]:
        """Everything that readers see in the bucket."""
        listed = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {entry["Key"]: self.client.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read() for entry in listed}

    def put_back(self, objects: dict[str, bytes]) -> None:
        """Makes the bucket what it was."""
        for key in self.objects():
            self.client.delete_object(Bucket=BUCKET, Key=key)
        for key, body in objects.items():
            self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(END_SECONDS)


@contextlib.contextmanager
def running():
    server = MotoServer()
    try:
        yield server
    finally:
        server.end()
