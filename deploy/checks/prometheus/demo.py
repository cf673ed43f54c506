"""The text of /metrics, again and again, of the daemon on the simulated fleet that it comes with."""

import re
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

# Within this a retirement is noticed and refreshed away, and every kind of series has been there.
PATIENCE_SECONDS = 120
PAUSE_SECONDS = 2


def scrapes(binary: Path) -> Iterator[str]:
    """Scrapes of `binary demo`, until nobody asks for more or its time is over."""
    command = [str(binary), "demo", "--listen", "127.0.0.1:0", "--for", f"{PATIENCE_SECONDS}s"]
    # A file takes what it says without anybody reading it.
    with tempfile.NamedTemporaryFile() as said:
        demo = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        try:
            address = None
            while demo.poll() is None:
                address = address or listening(Path(said.name))
                if address:
                    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
                        yield answer.read().decode()
                time.sleep(PAUSE_SECONDS)
        except OSError:
            # It has ended meanwhile.
            return
        finally:
            demo.kill()
            demo.wait()


def listening(said: Path) -> str | None:
    """Where it listens, once it has said so."""
    found = re.search(r"(http://[\d.]+:\d+)/metrics", said.read_text(errors="replace"))
    return found[1] if found else None
