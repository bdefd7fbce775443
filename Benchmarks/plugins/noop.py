"""Reads nothing and makes nothing."""


class Handler:
    def execute(self, file_path):
        return None
