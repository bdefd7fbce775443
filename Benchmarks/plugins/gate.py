"""Says when it begins, and waits until it may end."""
import os
import time


class Handler:
    def execute(self, file_path):
        began = file_path + ".began"
        with open(began + ".part", "w") as file:
            # The same clock in every process of a machine.
            file.write(f"{time.monotonic()}")
        os.replace(began + ".part", began)
        while not os.path.exists(file_path + ".open"):
            time.sleep(0.005)
        return None
