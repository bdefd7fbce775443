"""A folder for generated data and outputs that is gone afterwards."""
import os
import pathlib
import shutil
import tempfile


class Workspace:
    """Fresh folders below one root; removed at the end unless a person named the root."""

    def __init__(self, folder: str | None):
        self.keeps = folder is not None
        self.root = pathlib.Path(folder or tempfile.mkdtemp(prefix="casparian-bench-"))

    def __enter__(self) -> "Workspace":
        self.root.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_) -> None:
        if not self.keeps:
            shutil.rmtree(self.root, ignore_errors=True)

    def path(self, name: str) -> pathlib.Path:
        return self.root / name

    def fresh(self, name: str) -> pathlib.Path:
        """An empty folder; what an earlier run left in it is removed and written back, so that it disturbs no run."""
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.sync()
        return folder
