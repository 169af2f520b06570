"""
The packages that the corpus is made of, fetched by name through the ordinary client of each registry.

`packages.tsv` pins every one: registry, name, version, set, licence, SHA-256 of its archive. A package of
the set `held-out` is only ever measured on; a package of `train` is only ever trained on. This file
fetches and checks archives and reads the files inside them; it does not judge what a file is worth.
"""
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

here = Path(__file__).parent
manifest_path = here / "packages.tsv"


@dataclass(frozen=True, order=True)
class Package:
    registry: str  # npm, pypi, crates, go or maven
    name: str  # as the client wants it; group:artifact for maven
    version: str
    set: str  # train or held-out
    licence: str  # SPDX
    sha256: str  # of the archive

    @property
    def archive(self) -> str:
        """The archive's file name, one for each package."""
        name = re.sub(r"[^A-Za-z0-9.]+", "-", f"{self.registry}-{self.name}-{self.version}")
        return name + {"npm": ".tgz", "crates": ".tgz"}.get(self.registry, ".zip")


def read_manifest() -> list[Package]:
    with manifest_path.open(newline="") as file:
        return [Package(**row) for row in csv.DictReader(file, delimiter="\t")]


def write_manifest(packages: list[Package]) -> None:
    with manifest_path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow([field.name for field in fields(Package)])
        writer.writerows(astuple(package) for package in sorted(packages))


def fetch(package: Package, archives: Path) -> Path:
    """Puts the pinned archive under `archives` unless it is there; raises when its hash is another."""
    path = archives / package.archive
    if not path.exists():
        archives.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=archives) as folder:
            _, found = clients[package.registry](package.name, package.version, Path(folder))
            shutil.move(found, path.with_suffix(".partial"))
        path.with_suffix(".partial").rename(path)
    found_hash = sha256(path)
    if found_hash != package.sha256:
        raise SystemExit(f"{package.name} {package.version}: {path} has SHA-256 {found_hash}, not the pinned one. Remove it.")
    return path


def pin(registry: str, name: str, set_name: str, archives: Path, version: str = "") -> Package:
    """Fetches the newest version (or the given one), checks its licence and describes it for the manifest."""
    archives.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archives) as folder:
        found_version, path = clients[registry](name, version, Path(folder))
        licence = licence_of(path)
        if not is_permissive(licence):
            raise SystemExit(f"{name} {found_version} is not permissive: {licence or 'no licence found'}.")
        package = Package(registry, name, found_version, set_name, licence, sha256(path))
        shutil.move(path, archives / package.archive)
        return package


# Each client: (name, version or '' for the newest, an empty folder) -> (version, path of the archive).


def _npm(name: str, version: str, folder: Path) -> tuple[str, Path]:
    spec = f"{name}@{version or 'latest'}"
    (packed,) = json.loads(_run(folder, "npm", "pack", "--ignore-scripts", "--json", spec))
    return packed["version"], folder / packed["filename"]


def _pypi(name: str, version: str, folder: Path) -> tuple[str, Path]:
    # Wheels, because a source archive may run code to tell its name; of platforms the plainest.
    platforms = [f"--platform=manylinux{tag}_x86_64" for tag in ("2014", "_2_17", "_2_28", "_2_27", "1")]
    _run(folder, "python3", "-m", "pip", "-q", "download", "--no-deps", "--only-binary=:all:",
         "--python-version=3.12", *platforms, f"{name}=={version}" if version else name)  # fmt: skip
    (path,) = folder.glob("*.whl")
    return path.name.split("-")[1], path


def _crates(name: str, version: str, folder: Path) -> tuple[str, Path]:
    (folder / "src").mkdir()
    (folder / "src/lib.rs").touch()
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n'
        f'{name} = {{ version = "{"=" + version if version else "*"}", default-features = false }}\n'
    )
    _run(folder, "cargo", "-q", "fetch")
    lock = (folder / "Cargo.lock").read_text()
    found = re.search(rf'name = "{re.escape(name)}"\nversion = "([^"]+)"', lock)
    assert found is not None
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    (path,) = list(home.glob(f"registry/cache/*/{name}-{found[1]}.crate"))[:1]
    return found[1], Path(shutil.copy(path, folder))


def _go(name: str, version: str, folder: Path) -> tuple[str, Path]:
    found = json.loads(_run(folder, "go", "mod", "download", "-json", f"{name}@{version or 'latest'}"))
    return found["Version"], Path(shutil.copy(found["Zip"], folder))


def _maven(name: str, version: str, folder: Path) -> tuple[str, Path]:
    _run(folder, "mvn", "-q", "-B", "dependency:copy", f"-Dartifact={name}:{version or 'RELEASE'}:jar:sources",
         f"-DoutputDirectory={folder}")  # fmt: skip
    (path,) = folder.glob("*-sources.jar")
    artifact = name.split(":")[1]
    return path.name.removeprefix(f"{artifact}-").removesuffix("-sources.jar"), path


clients = {"npm": _npm, "pypi": _pypi, "crates": _crates, "go": _go, "maven": _maven}


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def files_of(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Paths inside the package (without the folder that only repeats its name) and contents, in order."""
    if archive.suffix == ".tgz" or archive.suffix == ".crate":
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isfile() else None
                if file is not None:
                    yield member.name.partition("/")[2], file.read()
    else:
        with zipfile.ZipFile(archive) as zip_file:
            for entry in zip_file.infolist():
                if not entry.is_dir() and entry.file_size < 2**24:
                    # Go's archives begin with module@version.
                    yield re.sub(r"^[^@]*@v[^/]+/", "", entry.filename), zip_file.read(entry)


permissive = {
    "0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT",
    "MIT-0", "PostgreSQL", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib", "curl",
}  # fmt: skip


def is_permissive(expression: str) -> bool:
    """Whether an SPDX expression can be met by permissive licences alone; `A/B` is an old `A OR B`."""
    terms = re.findall(r"[()]|[^\s()]+", expression.replace(" WITH LLVM-exception", "").replace("/", " OR "))
    words = [{"(": "(", ")": ")", "AND": "and", "OR": "or"}.get(term, str(term in permissive)) for term in terms]
    try:
        return bool(words) and eval(" ".join(words), {"__builtins__": {}})  # noqa: S307, made of five words
    except SyntaxError:
        return False  # Not an expression but what somebody calls a licence.


def licence_of(archive: Path) -> str:
    """The SPDX expression that the package declares, else the one its licence's text is known by."""
    texts: list[str] = []
    for path, data in files_of(archive):
        text = data[:200_000].decode("utf8", "replace")
        if path == "package.json" and isinstance(declared := json.loads(text).get("license"), str):
            return declared
        if path == "Cargo.toml" and (found := re.search(r'(?m)^license = "([^"]+)"', text)):
            return found[1]
        if path.endswith(".dist-info/METADATA"):
            header = text.split("\n\n")[0]
            for field in (r"License-Expression: (.+)", r"License: (.+)", r"Classifier: License :: (.+)"):
                for declared in re.findall(f"(?m)^{field}$", header):
                    if is_permissive(name := spdx(declared)):
                        return name
        if re.fullmatch(r"(?i)(META-INF/)?(.*dist-info/)?(licenses?/)?(licen[cs]e|copying)[^/]*", path):
            texts.append(text)
        elif path.endswith(".java") and len(texts) < 40:
            texts.append(text[:1500])
    return next((name for name in map(spdx, texts) if is_permissive(name)), "")


def spdx(text: str) -> str:
    """The SPDX name of a licence by its text or by what people call it; '' when neither is known."""
    if is_permissive(text.strip()):
        return text.strip()
    flat = " ".join(text.split())
    if re.search(r"GNU (Lesser |Affero )?General|Mozilla Public|Business Source|Server Side Public|SSPL", flat):
        return ""
    for name, pattern in (
        ("Apache-2.0", r"Apache (Software )?(License|2)|Apache-2|Licensed under the Apache|Apache License"),
        ("MIT", r"MIT License|^MIT$|Permission is hereby granted, free of charge"),
        ("BSD-3-Clause", r"^(New |Modified |3-Clause )?BSD|BSD License|Neither the name|name.{0,40}may not be used to endorse"),
        ("BSD-2-Clause", r"Redistribution and use in source and binary forms"),
        ("ISC", r"ISC License|Permission to use, copy, modify, and/?o?r? ?distribute this software"),
        ("PSF-2.0", r"Python Software Foundation"),
    ):  # fmt: skip
        if re.search(pattern, flat):
            return name
    return ""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
