# What dockerTools.streamLayeredImage's script does, written anew from what it documents: reads a conf.json, and writes
# a docker archive of it with Python's own tarfile. The tests' other opinion on every byte of a layer.
#
#   python3 stream-conf.py CONF.json > archive.tar      the archive
#   python3 stream-conf.py --headers < ENTRIES.json     the headers of tar entries alone, 0 bytes of content each
import hashlib
import io
import json
import os
import stat
import sys
import tarfile
from datetime import datetime


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def files_of(path):
    found = [path]
    if stat.S_ISDIR(os.lstat(path).st_mode):
        for name in sorted(os.listdir(path)):
            found += files_of(os.path.join(path, name))
    return found


def layer_tar(conf, paths):
    mtime = int(moment(conf["mtime"]).timestamp())

    def owned(entry):
        entry.uid, entry.gid = int(conf["uid"]), int(conf["gid"])
        entry.uname, entry.gname = conf["uname"], conf["gname"]
        entry.mtime = mtime
        return entry

    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w|") as tar:
        for name in ["/nix", "/nix/store"]:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(owned(entry))
        for path in paths:
            for name in files_of(path):
                entry = tar.gettarinfo(name)
                entry.name = name
                if entry.islnk():
                    entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", os.stat(name).st_size
                if entry.isreg():
                    with open(name, "rb") as content:
                        tar.addfile(owned(entry), content)
                else:
                    tar.addfile(owned(entry))
    return output.getvalue()


def headers():
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w|") as tar:
        for fields in json.load(sys.stdin):
            entry = tarfile.TarInfo(os.fsdecode(bytes.fromhex(fields["name"])))
            entry.type = {"directory": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "file": tarfile.REGTYPE}[fields["kind"]]
            entry.mode = fields["mode"]
            entry.linkname = os.fsdecode(bytes.fromhex(fields["target"]))
            entry.size = fields["size"]
            entry.uid, entry.gid, entry.mtime = fields["uid"], fields["gid"], fields["mtime"]
            entry.uname = os.fsdecode(bytes.fromhex(fields["uname"]))
            entry.gname = os.fsdecode(bytes.fromhex(fields["gname"]))
            tar.addfile(entry)
    sys.stdout.buffer.write(output.getvalue())


def archive(conf):
    layers = []
    base = {}
    files = []
    if conf["from_image"] is not None:
        with tarfile.open(conf["from_image"]) as tar:
            manifest = json.load(tar.extractfile("manifest.json"))[0]
            base = json.load(tar.extractfile(manifest["Config"]))
            for name in manifest["Layers"]:
                content = tar.extractfile(name).read()
                files.append((name, content))
                layers.append((name, hashlib.sha256(content).hexdigest(), [name]))
    for paths in conf["store_layers"]:
        content = layer_tar(conf, paths)
        digest = hashlib.sha256(content).hexdigest()
        files.append((digest + "/layer.tar", content))
        layers.append((digest + "/layer.tar", digest, paths))
    with open(conf["customisation_layer"] + "/checksum") as checksum:
        digest = checksum.read().strip()
    with open(conf["customisation_layer"] + "/layer.tar", "rb") as content:
        files.append((digest + "/layer.tar", content.read()))
    layers.append((digest + "/layer.tar", digest, [conf["customisation_layer"]]))

    created = moment(conf["created"]).isoformat()
    config = conf["config"]
    env = {}
    for entry in base.get("config", {}).get("Env", []) + config.get("Env", []):
        env[entry.split("=", 1)[0]] = entry
    if base and env:
        config["Env"] = list(env.values())
    image = {
        "created": created,
        "architecture": conf["architecture"],
        "os": "linux",
        "config": config,
        "rootfs": {"diff_ids": ["sha256:" + digest for _, digest, _ in layers], "type": "layers"},
        "history": [{"created": created, "comment": f"store paths: {paths}"} for _, _, paths in layers],
    }
    text = json.dumps(image, indent=4).encode()
    name = hashlib.sha256(text).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [conf["repo_tag"]], "Layers": [path for path, _, _ in layers]}]
    files += [(name, text), ("manifest.json", json.dumps(manifest).encode())]
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


if sys.argv[1] == "--headers":
    headers()
else:
    with open(sys.argv[1]) as conf:
        archive(json.load(conf))
