"""Fetches the bindings of the provider, once for each text of the lock file.

The package holds a thousand megabytes of JavaScript. Only its declarations are taken out of it, and
nothing of it is run.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@cdktf/provider-aws"
LOCK = Path(__file__).with_name("package-lock.json")


def main(cache: Path) -> None:
    directory = cache / f"provider-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    if not directory.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            declarations = unpack(download(Path(scratch)), Path(scratch))
            try:
                declarations.rename(directory)
            except OSError:
                # Another run was faster.
                if not directory.exists():
                    raise
    print(directory)


def download(scratch: Path) -> Path:
    """The package as the registry has it, if it is the one of the lock file."""
    locked = json.loads(LOCK.read_text())["packages"][f"node_modules/{PACKAGE}"]
    command = ["npm", "pack", "--silent", f"{PACKAGE}@{locked['version']}"]
    subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL)
    (archive,) = scratch.glob("*.tgz")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != locked["integrity"]:
        sys.exit(f"{PACKAGE} is not the one of {LOCK}: sha512-{digest}")
    return archive


def unpack(archive: Path, scratch: Path) -> Path:
    """Takes out of `package/lib/TYPE/index.d.ts` what becomes `TYPE.d.ts`."""
    directory = scratch / "declarations"
    directory.mkdir()
    with tarfile.open(archive) as package:
        for member in package:
            parts = Path(member.name).parts
            if len(parts) == 4 and parts[1] == "lib" and parts[3] == "index.d.ts":
                text = package.extractfile(member)
                if text is not None:
                    (directory / f"{parts[2]}.d.ts").write_bytes(text.read())
    return directory


if __name__ == "__main__":
    main(Path(sys.argv[1]))
