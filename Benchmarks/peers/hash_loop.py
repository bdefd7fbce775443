"""Walks a folder and hashes every file, as one writes it in Python: hash_loop.py FOLDER."""
import hashlib
import os
import sys


def walk(folder: str) -> int:
    count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                count += walk(entry.path)
            else:
                descriptor = os.open(entry.path, os.O_RDONLY)
                os.fstat(descriptor)
                hashlib.sha256(os.read(descriptor, 65_536)).digest()
                os.close(descriptor)
                count += 1
    return count


print(walk(sys.argv[1]))
